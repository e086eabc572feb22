import { InferError } from '../../errors.ts'
import type { Json } from '../../formats/json.ts'
import { checkForest } from '../forest.ts'
import { Fields } from './fields.ts'
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
}

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
  const margins = Float64Array.from({ length: groups }, (_, i) => {
    const score = Math.fround(base[base.length === groups ? i : 0] ?? 0)
    return Math.fround(toMargin(objective, score))
  })
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
    }
  if (kind !== 'gbtree' && kind !== 'dart')
    throw new InferError('bad_model', `XGBoost: the booster ${kind} is not supported (only gbtree, dart, gblinear)`)
  const gbtree = (booster.has('gbtree') ? booster.object('gbtree') : booster).object('model')
  const trees = readTrees(gbtree.objects('trees'), gbtree.numbers('tree_info'), groups, droppedBy(booster, gbtree))
  checkForest(trees.forest, columns, 'XGBoost')
  const rounds = roundsOf(gbtree, trees, groups)
  const knowsRounds = gbtree.has('iteration_indptr') || gbtree.object('gbtree_model_param').has('num_parallel_tree')
  return { ...common, trees, weights: undefined, rounds, knowsRounds }
}

/** Each quantile of `reg:quantileerror` is an output; the setting is a number, or the text of a list. */
function quantilesOf(learner: Fields): number {
  const objective = learner.object('objective')
  if (!objective.has('quantile_loss_param')) return 1
  return objective.object('quantile_loss_param').numbers('quantile_alpha').length
}

/** `ObjFunction::ProbToMargin` of the objectives, in float32: `base_score` is saved in the space of predictions. */
function toMargin(objective: string, score: number): number {
  if (/^(reg:logistic|binary:logistic)$/.test(objective)) return -Math.log(Math.fround(Math.fround(1 / score) - 1))
  return /^(count:poisson|reg:gamma|reg:tweedie|survival:cox|survival:aft)$/.test(objective) ? Math.log(score) : score
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
