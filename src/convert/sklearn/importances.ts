import { isArray, isTuple, type NdArray } from '../../formats/values.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { product } from './algebra.ts'
import { Estimator, toFloats } from './estimator.ts'
import { floatsOf, shaped } from './shapes.ts'

/**
 * Importances of the columns: |coef_|, by columns its norm, or `feature_importances_`, which files do not hold.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/feature_selection/_base.py (_get_feature_importances)
 */
export function importancesOf(selector: Estimator, estimator: Estimator): Float64Array {
  const getter = selector.raw('importance_getter') ?? 'auto'
  if (typeof getter !== 'string') throw selector.unsupported('an importance_getter that is a function')
  const path = getter.split('.')
  const attribute = path.pop() as string
  const owner = path.reduce(within, estimator)
  const [count, columns, values] = getter === 'auto' ? automatic(owner) : named(owner, attribute)
  const order = selector.number('norm_order', 1)
  if (count === undefined) return values.map(Math.abs)
  return Float64Array.from({ length: columns }, (_, j) => {
    const column = Array.from({ length: count }, (_, i) => Math.abs(values[i * columns + j] as number))
    return normOf(column, order)
  })
}

/** Rows (undefined where there is one dimension), columns, values. */
type Importances = readonly [rows: number | undefined, columns: number, values: Float64Array]

const flat = (values: Float64Array): Importances => [undefined, values.length, values]

function asImportances({ dims, data }: Tensor): Importances {
  const [rows = 0, columns] = dims
  const values = data as Float64Array
  return columns === undefined ? flat(values) : [rows, columns, values]
}

function automatic(estimator: Estimator): Importances {
  if (estimator.has('coef_')) return asImportances(estimator.floats('coef_'))
  if (LINEAR_KERNEL.has(estimator.name) && estimator.raw('kernel') === 'linear') return machineCoefficients(estimator)
  return flat(featureImportances(estimator))
}

function named(estimator: Estimator, attribute: string): Importances {
  if (estimator.has(attribute)) return asImportances(estimator.floats(attribute))
  if (attribute === 'coef_' && LINEAR_KERNEL.has(estimator.name)) return machineCoefficients(estimator)
  if (attribute === 'feature_importances_') return flat(featureImportances(estimator))
  throw estimator.broken([attribute], 'is missing')
}

/** An estimator within another, by attribute; a pipeline's steps by their names, or by `named_steps` and position. */
function within(estimator: Estimator, attribute: string): Estimator {
  if (attribute === 'named_steps') return estimator
  if (estimator.name === 'Pipeline') {
    for (const step of estimator.list('steps')) {
      const [name, value] = isTuple(step) ? step.items : []
      if (name === attribute) return new Estimator(value, `${estimator.type}'s step ${attribute}`)
    }
  }
  return estimator.estimator(attribute)
}

function normOf(column: readonly number[], order: number): number {
  if (order === Number.POSITIVE_INFINITY) return Math.max(...column)
  if (order === Number.NEGATIVE_INFINITY) return Math.min(...column)
  if (order === 1) return column.reduce((sum, value) => sum + value, 0)
  if (order === 2) return Math.sqrt(column.reduce((sum, value) => sum + value * value, 0))
  return column.reduce((sum, value) => sum + value ** order, 0) ** (1 / order)
}

const LINEAR_KERNEL = new Set(['SVC', 'NuSVC', 'SVR', 'NuSVR', 'OneClassSVM'])

/**
 * Coefficients of a machine with a linear kernel: `dual · support vectors`, of several classes for each pair.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/svm/_base.py (_one_vs_one_coef)
 */
function machineCoefficients(model: Estimator): Importances {
  if (model.raw('kernel') !== 'linear') throw model.unsupported('coefficients of a kernel that is not linear')
  const vectors = model.floats('support_vectors_')
  const [count = 0, width = 0] = vectors.dims
  const dual = shaped(model, [null, count], 'dual_coef_')
  const rows = dual.dims[0] as number
  if (rows === 1) return [1, width, product(floatsOf(dual), floatsOf(vectors), 1, count, width)]
  const members = model.integers('_n_support', 'n_support_')
  const starts = members.map((_, i) => members.slice(0, i).reduce((sum, n) => sum + n, 0))
  const part = (row: number, of: number): Float64Array => {
    const [from, n] = [starts[of] as number, members[of] as number]
    const weights = floatsOf(dual).subarray(row * count + from, row * count + from + n)
    return product(weights, floatsOf(vectors).subarray(from * width, (from + n) * width), 1, n, width)
  }
  const pairs: number[] = []
  for (let a = 0; a < members.length; a++) {
    for (let b = a + 1; b < members.length; b++) {
      const [left, right] = [part(b - 1, a), part(a, b)]
      pairs.push(...left.map((value, i) => value + (right[i] as number)))
    }
  }
  return [pairs.length / width, width, Float64Array.from(pairs)]
}

/** Of trees and what is made of them: how much their splits have lowered the impurity. */
function featureImportances(model: Estimator): Float64Array {
  const { name } = model
  if (model.has('tree_')) return treeImportances(model, true)
  if (/^(RandomForest|ExtraTrees)/.test(name) && model.has('estimators_'))
    return shares(
      meanOfRows(model.estimators('estimators_').filter(hasSplits), (tree) => treeImportances(tree, true)),
      model,
    )
  if (name.startsWith('GradientBoosting') && model.has('estimators_')) {
    const trees = model.estimators('estimators_').filter(hasSplits)
    return shares(
      meanOfRows(trees, (tree) => treeImportances(tree, false)),
      model,
    )
  }
  if (name.startsWith('AdaBoost')) return weighted(model)
  throw model.broken(['coef_', 'feature_importances_'], 'is missing')
}

/** AdaBoost: the mean of the members', by their weights. */
function weighted(model: Estimator): Float64Array {
  const members = model.estimators('estimators_').map(featureImportances)
  const weights = floatsOf(model.floats('estimator_weights_'))
  let [total, sums] = [0, new Float64Array(members[0]?.length ?? 0)]
  for (const weight of weights) total += weight
  members.forEach((member, i) => {
    sums = sums.map((sum, j) => sum + (weights[i] as number) * (member[j] as number))
  })
  return sums.map((sum) => sum / total)
}

function shares(means: Float64Array | undefined, model: Estimator): Float64Array {
  if (!means) return new Float64Array(model.number(['n_features_in_', 'n_features_']))
  const total = sumOf(means)
  return means.map((value) => value / total)
}

function meanOfRows(
  trees: readonly Estimator[],
  importances: (tree: Estimator) => Float64Array,
): Float64Array | undefined {
  if (trees.length === 0) return undefined
  const rows = trees.map(importances)
  let sums = new Float64Array((rows[0] as Float64Array).length)
  for (const row of rows) sums = sums.map((sum, j) => sum + (row[j] as number))
  return sums.map((sum) => sum / rows.length)
}

const treeOf = (model: Estimator): { nodes: NdArray; columns: number } => {
  const tree = model.estimator('tree_')
  const nodes = tree.raw('nodes')
  const [columns] = tree.object.args
  if (!isArray(nodes) || nodes.dtype !== 'struct') throw model.broken(['tree_'], 'holds no nodes')
  return { nodes, columns: Number(columns) }
}

const hasSplits = (model: Estimator): boolean => (treeOf(model).nodes.shape[0] as number) > 1

/** https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/tree/_tree.pyx (_compute_feature_importances) */
function treeImportances(model: Estimator, isNormalized: boolean): Float64Array {
  const { nodes, columns } = treeOf(model)
  const field = (name: string): Float64Array => {
    const values = nodes.fields.get(name)
    if (!values) throw model.broken(['tree_'], `has no ${name}`)
    return toFloats(values)
  }
  const [left, right, feature] = [field('left_child'), field('right_child'), field('feature')]
  const [impurity, weight] = [field('impurity'), field('weighted_n_node_samples')]
  const loss = (node: number): number => (weight[node] as number) * (impurity[node] as number)
  const importances = new Float64Array(columns)
  for (let node = 0; node < left.length; node++) {
    const [a, b, column] = [left[node] as number, right[node] as number, feature[node] as number]
    if (a < 0) continue
    if (!(a < left.length && b >= 0 && b < left.length && column >= 0 && column < columns))
      throw model.broken(['tree_'], `has a node ${node} that leads nowhere`)
    importances[column] = (importances[column] as number) + (loss(node) - loss(a) - loss(b))
  }
  const scaled = importances.map((value) => value / (weight[0] as number))
  const total = isNormalized ? sumOf(scaled) : 0
  return total > 0 ? scaled.map((value) => value / total) : scaled
}

/** numpy's order of summing: up to eight running sums. */
export function sumOf(values: Float64Array): number {
  const n = values.length
  if (n < 8) return values.reduce((sum, value) => sum + value, 0)
  if (n > 128) {
    const half = (n >> 1) - ((n >> 1) % 8)
    return sumOf(values.subarray(0, half)) + sumOf(values.subarray(half))
  }
  const r = Array.from(values.subarray(0, 8))
  let i = 8
  for (; i < n - (n % 8); i += 8) for (let j = 0; j < 8; j++) r[j] = (r[j] as number) + (values[i + j] as number)
  const pair = (j: number): number => (r[j] as number) + (r[j + 1] as number)
  let sum = pair(0) + pair(2) + (pair(4) + pair(6))
  for (; i < n; i++) sum += values[i] as number
  return sum
}

export const mean = (values: Float64Array): number => sumOf(values) / values.length

export function median(values: Float64Array): number {
  const sorted = values.slice().sort()
  const half = sorted.length >> 1
  const upper = sorted[half] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2
}
