import { InferError } from '../../errors.ts'
import type { Json } from '../../formats/json.ts'
import { checkForest } from '../forest.ts'
import { checkSizes, Fields } from './fields.ts'
import { readCategories } from './xgboost-categories.ts'
import { toMargins } from './xgboost-objectives.ts'
import { readTrees, type XgboostTrees } from './xgboost-trees.ts'

/** An XGBoost learner, whatever it was saved as. */
export interface XgboostLearner {
  readonly objective: string
  /** Columns. */
  readonly columns: number
  readonly names: readonly string[] | undefined
  /** Columns of the margin: classes, targets or quantiles, at least 1. */
  readonly groups: number
  /** Classes of a multi-class objective; 0 for others. */
  readonly classes: number
  /** What the margin starts from, for each group; float32. gblinear takes the first for all (src/gbm/gblinear.cc). */
  readonly base: Float64Array
  readonly trees: XgboostTrees | undefined
  /** Of gblinear, float32: a row of groups for each column, the last row the biases. */
  readonly weights: Float64Array | undefined
  /** First tree of each round, and their number at the end. */
  readonly rounds: readonly number[]
  /** The last round that counts, where training stopped early. */
  readonly bestIteration: number | undefined
  /** Whether the file says how many trees a round has; else `rounds` supposes one for each group. */
  readonly knowsRounds: boolean
  /** Trees of each group up to the best round, where the file says so: 1.4 and 1.5 count them. */
  readonly bestTrees: number | undefined
  /** The weight of each tree after dropout. */
  readonly dropout: Float64Array | undefined
  /** By column, the categories that stand for 0, 1, ...; since 3.1, of DataFrames. */
  readonly categories: ReadonlyMap<number, readonly Json[]>
  /** Of XGBoost, that wrote the file: [2, 1]. */
  readonly version: readonly [major: number, minor: number]
}

/** Whether a release of XGBoost or a later one wrote the file. */
export const isSince = ({ version: [a, b] }: XgboostLearner, major: number, minor: number): boolean =>
  a > major || (a === major && b >= minor)

/**
 * What XGBoost's JSON says (https://github.com/dmlc/xgboost/blob/v2.1.0/doc/model.schema).
 * @throws InferError bad_model that names the field
 */
export function readLearner(model: ReadonlyMap<string, Json>): XgboostLearner {
  const learner = new Fields(model as Map<string, Json>, 'XGBoost').object('learner')
  const params = learner.object('learner_model_param')
  const objective = learner.object('objective').text('name')
  const booster = learner.object('gradient_booster')
  const columns = params.count('num_feature')
  const classes = params.count('num_class', 0)
  const base = params.numbers('base_score')
  const groups = Math.max(classes, params.count('num_target', 1), base.length, quantilesOf(learner), 1)
  checkSizes('XGBoost', columns, groups)
  const margins = toMargins(
    objective,
    Float64Array.from({ length: groups }, (_, i) => Math.fround(base[base.length === groups ? i : 0] ?? 0)),
  )
  const names = learner.texts('feature_names')
  const attributes = learner.has('attributes') ? learner.object('attributes') : undefined
  const common = {
    objective,
    columns,
    names: names.length > 0 ? names : undefined,
    groups,
    classes,
    base: margins,
    bestIteration: attributes?.has('best_iteration') ? attributes.count('best_iteration') : undefined,
    bestTrees: attributes?.has('best_ntree_limit') ? attributes.count('best_ntree_limit') : undefined,
    version: versionOf(model),
  }
  const kind = booster.text('name')
  if (kind === 'gblinear')
    return {
      ...common,
      base: margins.fill(margins[0] as number),
      trees: undefined,
      weights: linear(booster, columns, groups),
      rounds: [],
      knowsRounds: true,
      dropout: undefined,
      categories: new Map(),
    }
  if (kind !== 'gbtree' && kind !== 'dart')
    throw new InferError('bad_model', `XGBoost: the booster ${kind} is not supported (only gbtree, dart, gblinear)`)
  const gbtree = (booster.has('gbtree') ? booster.object('gbtree') : booster).object('model')
  const dropout = droppedBy(booster, gbtree)
  const trees = readTrees(gbtree.objects('trees'), gbtree.numbers('tree_info'), groups, dropout)
  checkForest(trees.forest, columns, 'XGBoost')
  const rounds = roundsOf(gbtree, trees, groups)
  const knowsRounds = gbtree.has('iteration_indptr') || gbtree.object('gbtree_model_param').has('num_parallel_tree')
  const categories = readCategories(gbtree)
  return { ...common, trees, weights: undefined, rounds, knowsRounds, dropout, categories }
}

/** [0, 0] of what is older than 1.0, and of files that do not say. */
function versionOf(model: ReadonlyMap<string, Json>): readonly [number, number] {
  const file = new Fields(model as Map<string, Json>, 'XGBoost')
  const [major = 0, minor = 0] = file.has('version') ? file.numbers('version') : []
  return [major, minor]
}

/** Each quantile or expectile is an output; the setting is a number, or the text of a list. */
function quantilesOf(learner: Fields): number {
  const objective = learner.object('objective')
  for (const name of ['quantile', 'expectile']) {
    if (objective.has(`${name}_loss_param`))
      return objective.object(`${name}_loss_param`).numbers(`${name}_alpha`).length
  }
  return 1
}

/** The weight of each tree after dropout; beside the trees since 3.4. */
function droppedBy(booster: Fields, gbtree: Fields): Float64Array | undefined {
  const weights = [gbtree, booster].find((fields) => fields.has('weight_drop'))?.numbers('weight_drop')
  return weights && weights.length > 0 ? weights : undefined
}

function linear(booster: Fields, columns: number, groups: number): Float64Array {
  const weights = booster.object('model').numbers('weights')
  if (weights.length !== (columns + 1) * groups)
    throw new InferError('bad_model', `XGBoost: gblinear has ${weights.length} weights, not ${(columns + 1) * groups}`)
  return weights.map(Math.fround)
}

function roundsOf(model: Fields, { forest }: XgboostTrees, groups: number): number[] {
  if (model.has('iteration_indptr')) return [...model.numbers('iteration_indptr')]
  const parallel = Math.max(1, model.object('gbtree_model_param').count('num_parallel_tree', 1))
  const step = parallel * (forest.width > 1 ? 1 : groups)
  return Array.from({ length: Math.ceil(forest.roots.length / step) + 1 }, (_, i) =>
    Math.min(i * step, forest.roots.length),
  )
}
