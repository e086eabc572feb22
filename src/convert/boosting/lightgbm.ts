import { InferError } from '../../errors.ts'
import { readLightgbm } from '../../formats/lightgbm.ts'
import type { Forest } from '../../kernels/forest-layout.ts'
import { sumLinearTrees } from '../../kernels/linear-leaves.ts'
import { each, exponential, flat, labelsFrom, largest, logistic, pairs, softmax } from '../../kernels/links.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { HostValue } from '../../tensor/host-value.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { treeLeaves, treeSums } from '../forest.ts'
import type { Converted, Converter } from '../sklearn/converter.ts'
import { Estimator, type Labels } from '../sklearn/estimator.ts'
import type { Features } from '../sklearn/features.ts'
import { categoryNumbers } from './categories.ts'
import { contributions } from './contributions.ts'
import { type LightgbmModel, readLightgbmModel } from './lightgbm-model.ts'

/** `kZeroThreshold`, a float32: rows come to LightGBM without what is not above it (src/c_api.cpp). */
const ZERO = Math.fround(1e-35)

const exact = (value: number): number => value

/** `ObjectiveFunction::ConvertOutput` (https://github.com/microsoft/LightGBM/tree/v4.6.0/src/objective). */
const LINKS: ReadonlyMap<string, (score: Tensor, model: LightgbmModel) => Tensor> = new Map([
  ['binary', (score, model) => logistic(score, exact, sigmoidOf(model))],
  ['multiclass', (score) => softmax(score, exact)],
  ['softmax', (score) => softmax(score, exact)],
  ['multiclassova', (score, model) => logistic(score, exact, sigmoidOf(model))],
  ['cross_entropy', (score) => logistic(score, exact)],
  ['cross_entropy_lambda', (score) => each(score, (x) => Math.log1p(Math.exp(x)))],
  ['poisson', (score) => exponential(score, exact)],
  ['gamma', (score) => exponential(score, exact)],
  ['tweedie', (score) => exponential(score, exact)],
] as [string, (score: Tensor, model: LightgbmModel) => Tensor][])

/** Objectives whose prediction is the score; '' is one that Python computed. */
const PLAIN = new Set([
  ...['', 'custom', 'none', 'regression', 'regression_l1', 'regression_l2', 'huber', 'fair', 'quantile', 'mape'],
  ...['lambdarank', 'rank_xendcg'],
])

const sigmoidOf = ({ settings }: LightgbmModel): number => Number(settings.get('sigmoid') ?? 1)

/** A booster as a text file holds it: `Booster.predict` with all trees. */
export function convertLightgbm(model: LightgbmModel, x: Features, iterations?: number): Converted {
  const { scores, linked, leaves, contributed } = outputsOf(model, x, iterations)
  const probabilities = probabilitiesOf(model, linked)
  return {
    predict: predicted(linked),
    ...(probabilities && { predict_proba: probabilities, classes: numbered(Math.max(2, model.groups)) }),
    decision_function: predicted(scores),
    apply: leaves,
    ...contributed,
  }
}

/** LGBMClassifier, LGBMRegressor, LGBMRanker, and a pickled Booster. */
export const lightgbm: Converter = (estimator, x) => {
  const booster = boosterOf(estimator)
  const model = lightgbmOf(estimator)
  const best = booster.number('best_iteration', 0)
  const iterations = best > 0 ? best : undefined
  if (estimator.name === 'Booster') return convertLightgbm(model, x, iterations)
  const { scores, linked, leaves, contributed } = outputsOf(model, x, iterations)
  const shared = { decision_function: predicted(scores), apply: leaves, ...contributed }
  if (!estimator.name.endsWith('Classifier')) return { predict: predicted(linked), ...shared }
  const classes = labelsOf(estimator)
  const probabilities = probabilitiesOf(model, linked)
  if (!probabilities)
    throw new InferError(
      'bad_model',
      `${estimator.type}: the objective ${model.objective || 'of its own'} has no classes`,
    )
  return {
    predict: kernel('labels', probabilities, classes.dtype, (rows) => labelsFrom(classes, largest(rows))),
    predict_proba: probabilities,
    ...shared,
    classes,
  }
}

/** By Booster: it is asked for its columns, and for every conversion. */
const models = new WeakMap<object, LightgbmModel>()

/** The booster of a pickled estimator or Booster, read once. @throws InferError bad_model */
export function lightgbmOf(estimator: Estimator): LightgbmModel {
  const booster = boosterOf(estimator)
  const known = models.get(booster.object)
  if (known) return known
  const text = booster.raw('_handle', 'handle')
  if (typeof text !== 'string') throw estimator.broken(['_Booster'], 'holds no model: it was not fitted')
  const model = readLightgbmModel(readLightgbm(new TextEncoder().encode(text)))
  models.set(booster.object, model)
  return model
}

const boosterOf = (estimator: Estimator): Estimator =>
  estimator.name === 'Booster' ? estimator : new Estimator(estimator.raw('_Booster'), `${estimator.type}._Booster`)

function labelsOf(estimator: Estimator): Labels {
  return estimator.has('_classes') ? estimator.labels('_classes') : estimator.estimator('_le').labels('classes_')
}

type Contributed = Pick<Converted, 'pred_contribs'>

interface Outputs {
  /** The trees' sums, float64 [rows, groups]: also of a random forest, whose prediction is their mean. */
  readonly scores: Expr
  readonly linked: Expr
  readonly leaves: Expr
  readonly contributed: Contributed
}

function outputsOf(model: LightgbmModel, x: Features, iterations: number | undefined): Outputs {
  const forest = firstTrees(model.forest, (iterations ?? Number.POSITIVE_INFINITY) * model.groups)
  const numbers = categoryNumbers(x, model.categories, 'missing')
  const rows = kernel('zeros', numbers, 'float64', (cells) =>
    each(cells, (cell) => (Math.abs(cell) <= ZERO ? 0 : cell)),
  )
  const sums =
    model.linear.size > 0
      ? (rows.graph.host('linear trees', [rows, treeLeaves(rows, forest)], ['float64'], (cells, places) => [
          sumLinearTrees(forest, model.linear, cells as Tensor, places as Tensor),
        ])[0] as Expr)
      : treeSums(rows, forest)
  const rounds = forest.roots.length / model.groups
  const mean = model.isAverage ? kernel('mean', sums, 'float64', (sum) => each(sum, (x) => x / rounds)) : sums
  const leaves = kernel('leaves', treeLeaves(rows, forest), 'int32', (places) => leavesOf(forest, places))
  // LightGBM has no contributions of linear trees.
  const contributed =
    model.linear.size > 0
      ? {}
      : contributions(rows, forest, {
          cover: model.cover,
          features: model.columns,
          base: new Float64Array(model.groups),
          what: 'LightGBM',
        })
  return { scores: sums, linked: linkedBy(model, mean), leaves, contributed }
}

function firstTrees(forest: Forest, count: number): Forest {
  if (count >= forest.roots.length) return forest
  return { ...forest, roots: forest.roots.slice(0, count), target: forest.target.slice(0, count) }
}

/** LightGBM numbers leaves alone; here they follow a tree's inner nodes, of which there is one less. */
function leavesOf(forest: Forest, places: Tensor): Tensor {
  const trees = forest.roots.length
  const inner = Int32Array.from(forest.roots, (root, tree) => {
    const end = tree + 1 < trees ? (forest.roots[tree + 1] as number) : forest.feature.length
    return (end - root - 1) / 2
  })
  const data = (places.data as Int32Array).map((place, i) => place - (inner[i % trees] as number))
  return { ...places, data }
}

function linkedBy(model: LightgbmModel, scores: Expr): Expr {
  const { objective, settings } = model
  const link = LINKS.get(objective)
  if (link) return kernel(objective, scores, 'float64', (score) => link(score, model))
  if (!PLAIN.has(objective)) throw new InferError('bad_model', `LightGBM: the objective ${objective} is not supported`)
  if (!settings.has('sqrt')) return scores
  return kernel('square', scores, 'float64', (score) => each(score, (x) => Math.sign(x) * x * x))
}

/** [rows, classes] */
function probabilitiesOf({ objective, groups }: LightgbmModel, linked: Expr): Expr | undefined {
  if (groups > 1) return /^(multiclass|multiclassova|softmax)$/.test(objective) ? linked : undefined
  return /^(binary|cross_entropy)$/.test(objective)
    ? kernel('probabilities', linked, 'float64', (second) => pairs(second, exact))
    : undefined
}

const kernel = (name: string, input: Expr, dtype: Tensor['dtype'], run: (value: Tensor) => Tensor): Expr =>
  input.graph.host(name, [input], [dtype], (value: HostValue) => [run(value as Tensor)])[0] as Expr

/** [rows] of a single output. */
const predicted = (matrix: Expr): Expr => kernel('outputs', matrix, 'float64', flat)

const numbered = (classes: number): Labels =>
  createTensor(
    'int64',
    [classes],
    BigInt64Array.from({ length: classes }, (_, i) => BigInt(i)),
  )
