import type { NdArray } from '../../formats/values.ts'
import { isArray } from '../../formats/values.ts'
import { oneHotLeaves } from '../../kernels/leaf-columns.ts'
import type { Finiteness } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { forestOf, treeLeaves, treeSums } from '../forest.ts'
import type { Converter } from './converter.ts'
import { type Estimator, toFloats } from './estimator.ts'
import { Features } from './features.ts'
import { type FittedTree, readTree, squeezed, sumOfProbabilities, sumOfValues, TREES, treeClassifier } from './tree.ts'

/** RandomForest, ExtraTrees: the mean of the trees' probabilities, summed in their order and then divided. */
export const forestClassifier: Converter = (model, x, g) => {
  const trees = model.estimators('estimators_')
  const [sums, leaves] = sumOfProbabilities(model, trees, x)
  return { ...treeClassifier(g, model, sums.div(trees.length)), apply: leaves() }
}

/** The mean of the trees' values. */
export const forestRegressor: Converter = (model, x) => {
  const trees = model.estimators('estimators_')
  const [sums, leaves, outputs] = sumOfValues(model, trees, x)
  return { predict: squeezed(sums.div(trees.length), outputs), apply: leaves() }
}

/** One column for each leaf of each tree: a one in that of the leaf that a row ends in. */
export const randomTreesEmbedding: Converter = (model, x) => {
  const read = model.estimators('estimators_').map((tree) => ({ ...readTree(tree), target: 0 }))
  const forest = forestOf(read, { ...TREES, width: 1, outputs: 1, columns: x.width, what: model.type })
  const leaves = treeLeaves(x.numbers, forest)
  const encoder = model.estimator('one_hot_encoder_')
  let width = 0
  const columns = encoder.list('categories_').map((categories, tree) => {
    if (!isArray(categories)) throw encoder.broken(['categories_'], 'holds no arrays')
    const columnOf = new Int32Array(read[tree]?.feature.length ?? 0).fill(-1)
    for (const leaf of toFloats(categories as NdArray)) columnOf[leaf] = width++
    return columnOf
  })
  if (columns.length !== read.length) throw encoder.broken(['categories_'], `is of ${columns.length} trees`)
  const run = (rows: unknown) => [oneHotLeaves(rows as Tensor, columns, width)]
  const [encoded] = x.value.graph.host('columns of leaves', [leaves], ['sparse'], run)
  return { transform: new Features(encoded as Expr, width), apply: leaves.cast('int64') }
}

/** The offset often is the score of a training row, which another `pow` gives but for its last bits. */
const TIE = 1e-15

/**
 * `-2 ** (-depth / (trees * c(max_samples)))`, where the depth of a row sums over the trees that of its leaf and what
 * the samples in it would have taken to be told apart.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/ensemble/_iforest.py (_compute_score_samples)
 */
export const isolationForest: Converter = (model, x, g) => {
  const members = model.estimators('estimators_')
  const features = model.list('estimators_features_')
  const trees = members.map((member, i) => {
    const tree = readTree(member)
    const subset = features[i]
    const columns = isArray(subset) ? toFloats(subset) : undefined
    if (!columns) throw model.broken(['estimators_features_'], `has no columns for tree ${i}`)
    return { ...tree, feature: remapped(model, tree, columns), values: leafDepths(tree), target: 0 }
  })
  const forest = forestOf(trees, { ...TREES, width: 1, outputs: 1, columns: x.width, what: model.type })
  const depths = treeSums(x.numbers, forest).squeeze(1)
  const most = members.length * pathLength(model.number(['_max_samples', 'max_samples_']))
  const scores = g.node('Pow', [2, most === 0 ? depths.mul(0).sub(1) : depths.neg().div(most)]).neg()
  const decision = scores.sub(model.number('offset_'))
  return {
    predict: g.where(decision.lt(-TIE), -1, 1).cast('int64'),
    decision_function: decision,
    score_samples: scores,
  }
}

export const isolationForestTakes = (model: Estimator): Finiteness =>
  model.isSince(1, 6) ? 'finite or missing' : 'finite'

function remapped(model: Estimator, { feature, left }: FittedTree, columns: Float64Array): Float64Array {
  return Float64Array.from(feature, (at, node) => {
    if ((left[node] as number) < 0) return -1
    const column = columns[at]
    if (column === undefined) throw model.broken(['estimators_features_'], `has no column ${at}`)
    return column
  })
}

/** By leaf: the nodes on the way to it, less one, and the path that its samples would still have. */
function leafDepths({ left, right, samples }: FittedTree): Float64Array {
  const nodes = left.length
  const depth = new Float64Array(nodes)
  const seen = new Uint8Array(nodes)
  const pending = [0]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    // What is no tree is refused by forestOf; here it only must not go round.
    if (!(node < nodes) || seen[node] === 1) continue
    seen[node] = 1
    if ((left[node] as number) < 0) continue
    for (const child of [left[node] as number, right[node] as number]) {
      if (child >= 0 && child < nodes) depth[child] = (depth[node] as number) + 1
      pending.push(child)
    }
  }
  return depth.map((levels, node) => levels + 1 + pathLength(samples[node] as number) - 1)
}

/** `c(n)`: the mean length of an unsuccessful search in a binary tree of n samples. */
function pathLength(samples: number): number {
  if (!(samples > 1)) return 0
  return samples === 2 ? 1 : 2 * (Math.log(samples - 1) + 0.5772156649015329) - (2 * (samples - 1)) / samples
}
