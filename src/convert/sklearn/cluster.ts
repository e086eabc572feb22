import { type CenterTree, nearestLeaves } from '../../kernels/nearest-leaf.ts'
import { POOLINGS, poolColumns } from '../../kernels/pool.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { ints } from '../../onnx/numbers.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { labelsAt } from './classifiers.ts'
import type { Converter } from './converter.ts'
import { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { transposed } from './linear.ts'
import { floatsOf, shaped } from './shapes.ts'

const centersOf = (model: Estimator, x: Features, ...names: readonly string[]): Tensor =>
  shaped(model, [null, x.width], ...names)

function squaresOf(centers: Tensor): Tensor {
  const [count = 0, width = 0] = centers.dims
  const cells = floatsOf(centers)
  const squares = Float64Array.from({ length: count }, (_, center) => {
    let sum = 0
    for (let i = 0; i < width; i++) sum += (cells[center * width + i] as number) ** 2
    return sum
  })
  return createTensor('float64', [count], squares)
}

/** `x · centersᵀ`, times -2: [rows, centers]. */
const crossed = (x: Features, centers: Tensor): Expr => x.numbers.matmul(transposed(centers)).mul(-2)

/** Positions of the nearest centers, by `|c|² - 2 x·c`, the first of those as near: int64 [rows]. */
const nearest = (x: Features, centers: Tensor): Expr => crossed(x, centers).add(squaresOf(centers)).argmin(1)

/** Distances to the centers, as scikit-learn's `euclidean_distances` computes them: `√max(0, |x|² - 2 x·c + |c|²)`. */
function distances(x: Features, centers: Tensor): Features {
  const rows = x.numbers
  const squares = crossed(x, centers).add(rows.mul(rows).sum(1)).add(squaresOf(centers))
  return new Features(squares.max(0).sqrt(), centers.dims[0] as number)
}

/** k-means: the nearest center, and the distances to all. */
export const kMeans: Converter = (model, x) => {
  const centers = centersOf(model, x, 'cluster_centers_')
  return { predict: nearest(x, centers), transform: distances(x, centers) }
}

/** The nearest of the modes, or of the exemplars; -1 where no exemplar was found. */
export const nearestCenter: Converter = (model, x, g) => {
  if (!model.has('cluster_centers_')) throw model.unsupported("affinity='precomputed', which cannot predict,")
  const centers = model.floats('cluster_centers_')
  if (centers.data.length === 0) return { predict: everywhere(g, x, -1) }
  return { predict: nearest(x, centersOf(model, x, 'cluster_centers_')) }
}

/** The same int64 for each row. */
const everywhere = (g: Graph, x: Features, label: number): Expr =>
  g.node('Expand', [ints([label]), g.node('Slice', [g.node('Shape', [x.numbers]), ints([0]), ints([1])])])

/** The label of the nearest subcluster, and the distances to all of them. */
export const birch: Converter = (model, x, g) => {
  const centers = centersOf(model, x, 'subcluster_centers_')
  const labels = model.labels('subcluster_labels_')
  return { predict: labelsAt(g, labels, nearest(x, centers)), transform: distances(x, centers) }
}

/** Bisecting k-means: down the tree of splits, at each to the nearer center. */
export const bisectingKMeans: Converter = (model, x, g) => {
  const mean = model.has('_X_mean') ? floatsOf(shaped(model, [x.width], '_X_mean')) : undefined
  const tree = centerTree(model, x.width, mean)
  const run = (rows: unknown) => [nearestLeaves(tree, rows as Tensor)]
  return {
    predict: g.host('tree of centers', [x.numbers], ['int64'], run)[0] as Expr,
    transform: distances(x, centersOf(model, x, 'cluster_centers_')),
  }
}

function centerTree(model: Estimator, width: number, mean: Float64Array | undefined): CenterTree {
  const nodes: { node: Estimator; left: number; right: number }[] = []
  const place = (value: unknown): number => {
    const node = new Estimator(value as never, `${model.type}._bisecting_tree`)
    if (nodes.some((other) => other.node.object === node.object))
      throw model.broken(['_bisecting_tree'], 'comes back to itself')
    return nodes.push({ node, left: -1, right: -1 }) - 1
  }
  place(model.raw('_bisecting_tree'))
  for (let i = 0; i < nodes.length; i++) {
    const here = nodes[i] as (typeof nodes)[number]
    if (!here.node.has('left')) continue
    here.left = place(here.node.raw('left'))
    here.right = place(here.node.raw('right'))
  }
  const centers = new Float64Array(nodes.length * width)
  nodes.forEach(({ node }, i) => {
    if (i === 0) return
    const center = floatsOf(shaped(node, [width], 'center'))
    for (let j = 0; j < width; j++) centers[i * width + j] = (center[j] as number) + (mean?.[j] ?? 0)
  })
  return {
    left: Int32Array.from(nodes, ({ left }) => left),
    right: Int32Array.from(nodes, ({ right }) => right),
    label: Int32Array.from(nodes, ({ node, left }) => (left < 0 ? node.number('label') : -1)),
    centers,
    squares: floatsOf(squaresOf(createTensor('float64', [nodes.length, width], centers))),
  }
}

/** numpy's functions under all names that pickles have for them. */
const FUNCTION_NAMES: Readonly<Record<string, keyof typeof POOLINGS>> = {
  amax: 'max',
  max: 'max',
  mean: 'mean',
  median: 'median',
  amin: 'min',
  min: 'min',
  prod: 'prod',
  sum: 'sum',
}

/** One column for each cluster of columns: their mean, or what else pools them. */
export const featureAgglomeration: Converter = (model, x, g) => {
  const labels = model.integers('labels_')
  if (labels.length !== x.width) throw model.broken(['labels_'], `has ${labels.length} labels for ${x.width} columns`)
  const groups = new Map<number, number[]>()
  for (const label of [...labels].sort((a, b) => a - b)) groups.set(label, [])
  labels.forEach((label, column) => {
    groups.get(label)?.push(column)
  })
  const pooling = POOLINGS[poolingOf(model)]
  const columns = [...groups.values()].map((group) => Int32Array.from(group))
  const run = (rows: unknown) => [poolColumns(columns, pooling, rows as Tensor)]
  const value = g.host('pooled columns', [x.numbers], ['float64'], run)[0] as Expr
  return { transform: new Features(value, columns.length) }
}

function poolingOf(model: Estimator): keyof typeof POOLINGS {
  const value = model.raw('pooling_func')
  const name =
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'global' ? value.name : ''
  const known = name.startsWith('numpy.') && new Map(Object.entries(FUNCTION_NAMES)).get(name.split('.').at(-1) ?? '')
  if (!known) throw model.unsupported(`pooling_func=${name || 'a function'}`, [...Object.keys(POOLINGS)])
  return known
}
