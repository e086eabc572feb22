import { InferError } from '../../errors.ts'
import { SCIPY_BRAY_CURTIS, UNIT_COSINE } from '../../kernels/metrics.ts'
import {
  byMetric,
  byProducts,
  fromGraph,
  given,
  type Neighbors,
  refined,
  scan,
  type Wanted,
} from '../../kernels/neighbors.ts'
import { type Rows, rowsOf, sparseNorms, squaredNorms, unitRows } from '../../kernels/pairs.ts'
import { walk } from '../../kernels/space-tree.ts'
import { checkFinite } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { HostType, HostValue, Sparse } from '../../tensor/host-value.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { isCallable, type Matrix, matrixOf } from './matrix.ts'
import { metricOf, type NamedMetric, paramsOf } from './metric.ts'
import { dense, dots } from './pairwise.ts'
import { spaceTreeOf } from './tree-state.ts'

/** Below so many numbers, products are made here: calling ONNX Runtime costs more. */
const FEW = 4096
/** Above so many numbers, sparse rows stay sparse. */
const MANY = 1e7

/** A search among fitted rows, as a kernel that makes something of what it finds. */
export interface Search {
  /** Fitted rows. */
  readonly count: number
  /** How rows are looked for: `brute` or by a tree. */
  readonly metric: string
  readonly isBrute: boolean
  /** What `make` makes of the neighbours of a batch. */
  run(name: string, dtypes: readonly HostType[], make: (found: Neighbors, rows: number) => readonly HostValue[]): Expr[]
}

/**
 * The neighbours of each row, found as scikit-learn finds them: by its own tree, or by brute force; Euclidean distances
 * there are compared as `|x|² - 2xy + |y|²`, where the products are ONNX Runtime's.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/neighbors/_base.py (kneighbors, radius_neighbors)
 */
export function searchOf(model: Estimator, x: Features, wanted: Wanted): Search {
  if (isCallable(model.raw('metric'))) throw model.unsupported('a metric that is a function')
  if (model.text('metric', 'minkowski') === 'precomputed') return precomputed(model, x, wanted)
  const named = searchMetric(model)
  if (named.name !== 'nan_euclidean') refuseMissing(model, x)
  const method = model.oneOf('_fit_method', ['brute', 'kd_tree', 'ball_tree'])
  if (method === 'brute') return brute(model, x, wanted, named)
  const tree = spaceTreeOf(model, '_tree', named)
  check(model, x, tree.rows, wanted)
  return kernel([x.numbers], tree.rows.count, named.name, false, ([value]) => {
    return walk(tree, rowsOf(value as Tensor), wanted, named.metric)
  })
}

/** Before 1.1 brute force went by scipy's formulas, one of which is another. */
function searchMetric(model: Estimator): NamedMetric {
  const named = metricOf(model, 'effective_metric_', paramsOf(model, 'effective_metric_params_'))
  const isScipys = named.name === 'braycurtis' && model.text('_fit_method') === 'brute' && !model.isSince(1, 1)
  return isScipys ? { ...named, metric: SCIPY_BRAY_CURTIS } : named
}

function brute(model: Estimator, x: Features, wanted: Wanted, named: NamedMetric): Search {
  const matrix = matrixOf(model, '_fit_X')
  const [count = 0, width = 0] = matrix.dims
  check(model, x, { count, width }, wanted)
  if (matrix.dtype === 'sparse' && count * width > MANY && SQUARES.has(named.name))
    return sparseEuclidean(x, wanted, named, matrix as Sparse)
  const rows = rowsOf(dense(matrix))
  if (SQUARES.has(named.name)) return euclidean(x, wanted, named, matrix, rows)
  if (named.name === 'cosine') return cosine(x, wanted, named, unitRows(rows))
  return kernel([x.numbers], rows.count, named.name, true, ([value]) => {
    const mine = rowsOf(value as Tensor)
    return scan(mine.count, rows.count, wanted, named.metric, byMetric(named.metric, mine, rows))
  })
}

const SQUARES: ReadonlySet<string> = new Set(['euclidean', 'l2', 'sqeuclidean'])

/** One minus the products of rows of length one. */
function cosine(x: Features, wanted: Wanted, { name, metric }: NamedMetric, rows: Rows): Search {
  const unit = { ...metric, reduced: UNIT_COSINE }
  if (rows.data.length <= FEW) {
    return kernel([x.numbers], rows.count, name, true, ([value]) => {
      const mine = unitRows(rowsOf(value as Tensor))
      return scan(mine.count, rows.count, wanted, unit, byMetric(unit, mine, rows))
    })
  }
  const length = x.numbers.mul(x.numbers).sum(1).sqrt()
  const mine = x.with(x.numbers.div(x.value.graph.where(length.eq(0), 1, length)))
  const products = dots(mine, createTensor('float64', [rows.count, rows.width], rows.data), -1)
  const distances = products.add(1).max(0).min(2)
  return kernel([distances], rows.count, name, true, ([value]) => {
    const apart = value as Tensor
    return scan(apart.dims[0] as number, rows.count, wanted, unit, given(apart, rows.count))
  })
}

function euclidean(x: Features, wanted: Wanted, named: NamedMetric, matrix: Matrix, rows: Rows): Search {
  const norms = squaredNorms(rows)
  const isSmall = rows.data.length <= FEW && x.value.dtype !== 'sparse'
  const inputs = isSmall ? [x.numbers] : [x.numbers, dots(x, matrix, -2)]
  return kernel(inputs, rows.count, named.name, true, ([value, products]) => {
    const mine = rowsOf(value as Tensor)
    const data = products ? ((products as Tensor).data as Float64Array) : productsOf(mine, rows)
    const found = scan(mine.count, rows.count, wanted, named.metric, byProducts(mine, norms, data))
    return refined(found, named.metric, mine, rows)
  })
}

/** The same of rows that are too many and too wide to be held with their zeros. */
function sparseEuclidean(x: Features, wanted: Wanted, { name, metric }: NamedMetric, matrix: Sparse): Search {
  const [count] = matrix.dims
  const norms = sparseNorms(matrix)
  return kernel([x.numbers, dots(x, matrix, -2)], count, name, true, ([value, products]) => {
    const mine = rowsOf(value as Tensor)
    const data = (products as Tensor).data as Float64Array
    return scan(mine.count, count, wanted, metric, byProducts(mine, norms, data))
  })
}

/** `-2 x · rowsᵀ` */
function productsOf(x: Rows, { data, count, width }: Rows): Float64Array {
  const out = new Float64Array(x.count * count)
  for (let i = 0; i < x.count; i++) {
    for (let j = 0; j < count; j++) {
      let sum = 0
      for (let c = 0; c < width; c++) sum += (x.data[i * width + c] as number) * (data[j * width + c] as number)
      out[i * count + j] = -2 * sum
    }
  }
  return out
}

/** x is distances to the fitted rows; as a sparse matrix, those to some of them. */
function precomputed(model: Estimator, x: Features, wanted: Wanted): Search {
  const count = x.width
  refuseMissing(model, x)
  if ('nearest' in wanted) checkCount(model, wanted.nearest, count)
  const identity = { reduced: () => 0, toDistance: (value: number) => value, toReduced: (value: number) => value }
  const input = x.value.dtype === 'sparse' ? x.value : x.numbers
  return kernel([input], count, 'precomputed', true, ([value]) => {
    if (value?.dtype === 'sparse') {
      const found = fromGraph(value as Sparse, wanted)
      if (!found) throw new InferError('bad_request', `${model.type} got a row with too few neighbors`)
      return found
    }
    const distances = value as Tensor
    if ((distances.data as Float64Array).some((cell) => cell < 0))
      throw new InferError('bad_request', `${model.type} takes no negative distances`)
    return scan(distances.dims[0] as number, count, wanted, identity, given(distances, count))
  })
}

function kernel(
  inputs: readonly Expr[],
  count: number,
  metric: string,
  isBrute: boolean,
  find: (values: readonly HostValue[]) => Neighbors,
): Search {
  const [first] = inputs as [Expr]
  return {
    count,
    metric,
    isBrute,
    run: (name, dtypes, make) =>
      first.graph.host(name, inputs, dtypes, (...values) => make(find(values), values[0]?.dims[0] as number)),
  }
}

function check(model: Estimator, x: Features, rows: Pick<Rows, 'count' | 'width'>, wanted: Wanted): void {
  if (rows.width !== x.width)
    throw model.broken(['_fit_X'], `has ${rows.width} columns, and the rows of a request ${x.width}`)
  if ('nearest' in wanted) checkCount(model, wanted.nearest, rows.count)
}

function checkCount(model: Estimator, nearest: number, count: number): void {
  if (!(Number.isInteger(nearest) && nearest >= 1 && nearest <= count))
    throw model.broken(['n_neighbors'], `is ${nearest}, of ${count} fitted rows`)
}

/** Only one metric takes missing values. */
export function refuseMissing(model: Estimator, x: Features): void {
  const { raw } = x
  if (!raw) return
  x.value.graph.guard(raw.input, (table) => {
    checkFinite(table as Tensor, raw.columns, 'finite', model.type, x.names)
  })
}
