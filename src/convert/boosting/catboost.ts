import { readCatboost } from '../../formats/catboost.ts'
import { bytesOf } from '../../formats/values.ts'
import { catboostColumns, categoryHashes } from '../../kernels/catboost-columns.ts'
import type { Forest } from '../../kernels/forest-layout.ts'
import { exponential, flat, labelsFrom, largest, logistic, pairs, softmax } from '../../kernels/links.ts'
import { applySymmetricTrees, sumSymmetricTrees } from '../../kernels/symmetric-trees.ts'
import { numbersOf } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { HostValue } from '../../tensor/host-value.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { treeLeaves, treeSums } from '../forest.ts'
import type { Converted, Converter } from '../sklearn/converter.ts'
import type { Estimator, Labels } from '../sklearn/estimator.ts'
import type { Features } from '../sklearn/features.ts'
import { classesOf, lossOf, numbered } from './catboost-classes.ts'
import { type CatboostBooster, readBooster } from './catboost-model.ts'
import { shapTrees } from './catboost-shap.ts'
import { contributions } from './contributions.ts'

const exact = (value: number): number => value

/** Losses of classifiers with several labels at once. */
const SEVERAL = /^(MultiLogloss|MultiCrossEntropy)$/

/** A model as a file holds it: of classes where it says which, else the untransformed score. */
export function convertCatboost(booster: CatboostBooster, x: Features): Converted {
  const scores = scoresOf(booster, x)
  const classes = classesOf(booster)
  return classes
    ? classified(booster, classes.labels, scores)
    : { predict: finished(scores.value), ...shared(booster, scores) }
}

/** CatBoost, CatBoostClassifier, CatBoostRanker, CatBoostRegressor. */
export const catboost: Converter = (model, x) => {
  const booster = boosterOf(model)
  const scores = scoresOf(booster, x)
  if (model.name === 'CatBoostClassifier')
    return classified(booster, (classesOf(booster) ?? numbered(booster.dimension)).labels, scores)
  const { value } = scores
  const rest = shared(booster, scores)
  const loss = lossOf(booster)
  if (model.name === 'CatBoostRegressor' && /^(Poisson|Tweedie)$/.test(loss))
    return { predict: finished(kernel('exponent', value, 'float64', (sums) => exponential(sums, exact))), ...rest }
  if (model.name === 'CatBoostRegressor' && loss === 'RMSEWithUncertainty')
    return { predict: kernel('uncertainty', value, 'float64', withVariance), ...rest }
  return { predict: finished(value), ...rest }
}

/** The model within a pickled estimator. @throws InferError bad_model */
export function boosterOf(model: Estimator): CatboostBooster {
  const bytes = bytesOf(model.raw('__model'))
  if (!bytes) throw model.broken(['__model'], 'is not there: it was not fitted')
  return readBooster(readCatboost(bytes))
}

interface Scores {
  /** float64 [rows, columns that the trees look at] */
  readonly columns: Expr
  /** float64 [rows, dimension] */
  readonly value: Expr
}

function scoresOf(booster: CatboostBooster, x: Features): Scores {
  const { columns, symmetric, forest, scale, bias, floats, categories } = booster
  const names = x.names && floats.map((column) => x.names?.[column] as string)
  const input = x.value.dtype === 'object' ? x.value : x.numbers
  const made = kernel('columns of CatBoost', input, 'float64', (rows) =>
    catboostColumns(columns, numbersOf(rows, floats, names), categoryHashes(rows, categories, x.names)),
  )
  const sums = symmetric
    ? kernel('symmetric trees', made, 'float64', (rows) => sumSymmetricTrees(symmetric, rows))
    : treeSums(made, forest as Forest)
  const value = kernel('scale and bias', sums, 'float64', (sum) => placed(sum, scale, bias))
  const { positions, labels } = classesOf(booster) ?? numbered(booster.dimension)
  if (!positions) return { columns: made, value }
  const spread = kernel('unseen classes', value, 'float64', (seen) => among(seen, positions, labels.data.length))
  return { columns: made, value: spread }
}

const placed = ({ dims, data }: Tensor, scale: number, bias: Float64Array): Tensor =>
  createTensor(
    'float64',
    dims,
    (data as Float64Array).map((sum, i) => scale * sum + (bias[i % bias.length] as number)),
  )

/** Scores of classes that training has seen, among all: the others have -Infinity. */
function among({ dims, data }: Tensor, positions: readonly number[], classes: number): Tensor {
  const rows = dims[0] as number
  const all = new Float64Array(rows * classes).fill(Number.NEGATIVE_INFINITY)
  for (let i = 0; i < data.length; i++) {
    const row = Math.floor(i / positions.length)
    all[row * classes + (positions[i % positions.length] as number)] = data[i] as number
  }
  return createTensor('float64', [rows, classes], all)
}

function shared(booster: CatboostBooster, { value, columns }: Scores): Converted {
  const { symmetric, forest, leafNumbers } = booster
  const leaves = symmetric
    ? kernel('leaves', columns, 'int32', (rows) => applySymmetricTrees(symmetric, rows))
    : kernel('leaves', treeLeaves(columns, forest as Forest), 'int32', (places) =>
        numberedLeaves(forest as Forest, leafNumbers, places),
      )
  return { decision_function: finished(value), apply: leaves, ...contributedBy(booster, columns) }
}

/** CatBoost's ShapValues; of `RMSEWithUncertainty` those of the mean alone. */
function contributedBy(booster: CatboostBooster, columns: Expr): Pick<Converted, 'pred_contribs'> {
  const trees = shapTrees(booster)
  if (!trees) return {}
  const { width: features, bias, origins } = booster
  const { pred_contribs } = contributions(columns, trees.forest, {
    cover: trees.cover,
    features,
    base: bias,
    origins: trees.origins ?? origins,
    what: 'CatBoost',
  })
  if (!pred_contribs || lossOf(booster) !== 'RMSEWithUncertainty') return pred_contribs ? { pred_contribs } : {}
  return { pred_contribs: kernel('the mean alone', pred_contribs, 'float64', firstOutput) }
}

/** [rows, 1, features + 1] of [rows, outputs, features + 1]. */
function firstOutput({ dims, data }: Tensor): Tensor {
  const [rows = 0, outputs = 1, step = 0] = dims
  const first = (data as Float64Array).filter((_, i) => i % (outputs * step) < step)
  return createTensor('float64', [rows, 1, step], first)
}

/** CatBoost's numbers of leaves: int32 [rows, trees]. `places`: their positions within their trees. */
function numberedLeaves({ roots }: Forest, numbers: Int32Array, places: Tensor): Tensor {
  const data = (places.data as Int32Array).map(
    (place, i) => numbers[(roots[i % roots.length] as number) + place] as number,
  )
  return { ...places, data }
}

function classified(booster: CatboostBooster, classes: Labels, scores: Scores): Converted {
  const { value } = scores
  const rest = shared(booster, scores)
  const { dimension } = booster
  const loss = lossOf(booster)
  const name = (places: (sums: Tensor) => Int32Array, dims: (rows: number) => number[]): Expr =>
    kernel('labels', value, classes.dtype, (sums) => {
      const labels = labelsFrom(classes, places(sums))
      return { ...labels, dims: dims(labels.dims[0] as number) }
    })
  if (SEVERAL.test(loss))
    return {
      predict: kernel('labels', value, 'int64', ({ dims, data }) =>
        createTensor(
          'int64',
          dims,
          BigInt64Array.from(data as Float64Array, (score) => BigInt(score > 0)),
        ),
      ),
      predict_proba: kernel('probabilities', value, 'float64', (sums) => logistic(sums, exact)),
      classes,
      ...rest,
    }
  if (dimension === 1) {
    const border = borderOf(booster)
    return {
      predict: name(
        ({ data }) => Int32Array.from(data as Float64Array, (score) => Number(score > border)),
        (rows) => [rows],
      ),
      predict_proba: kernel('probabilities', value, 'float64', (sums) => pairs(logistic(sums, exact), exact)),
      classes,
      ...rest,
    }
  }
  const isEach = loss === 'MultiClassOneVsAll'
  return {
    predict: name(largest, (rows) => [rows, 1]),
    predict_proba: kernel('probabilities', value, 'float64', (sums) =>
      isEach ? logistic(sums, exact) : softmax(sums, exact),
    ),
    classes,
    ...rest,
  }
}

/** The mean, and the variance of its logarithm's half: [rows, 2]. */
const withVariance = ({ dims, data }: Tensor): Tensor =>
  createTensor(
    'float64',
    dims,
    (data as Float64Array).map((score, i) => (i % 2 === 1 ? Math.exp(2 * score) : score)),
  )

/** The score above which a row is of the second class. */
function borderOf({ info }: CatboostBooster): number {
  const probability = Number(info.get('binclass_probability_threshold') ?? 0.5)
  return probability === 0.5 ? 0 : -Math.log(1 / probability - 1)
}

const kernel = (name: string, input: Expr, dtype: Tensor['dtype'], run: (value: Tensor) => Tensor): Expr =>
  input.graph.host(name, [input], [dtype], (value: HostValue) => [run(value as Tensor)])[0] as Expr

/** [rows] of a single output. */
const finished = (matrix: Expr): Expr => kernel('outputs', matrix, 'float64', flat)
