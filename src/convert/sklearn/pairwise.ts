import { InferError } from '../../errors.ts'
import * as pairs from '../../kernels/pairs.ts'
import { densify } from '../../kernels/sparse.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Sparse } from '../../tensor/host-value.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { Features } from './features.ts'
import { transposed } from './linear.ts'
import type { Matrix } from './matrix.ts'

/** Above this share of values that are not zero, a sparse matrix is faster as a dense one. */
const DENSE = 0.1
/** Where `scale * |row|²` is larger, x² - 2xy + y² has lost too many digits: differences are squared one by one. */
const MAX_SCALED_NORM = 2e4

/** What the kernels of scikit-learn take. */
export interface KernelOptions {
  readonly gamma: number
  readonly coef0: number
  readonly degree: number
}

export const KERNELS = [
  ...(['linear', 'poly', 'polynomial', 'rbf', 'laplacian', 'sigmoid', 'cosine'] as const),
  ...(['chi2', 'additive_chi2'] as const),
] as const
export type KernelName = (typeof KERNELS)[number]

/**
 * A kernel of every row of x [rows, features] with every fitted row [fitted, features]: [rows, fitted].
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/metrics/pairwise.py (PAIRWISE_KERNEL_FUNCTIONS)
 */
export function kernelOf(name: KernelName, x: Features, fitted: Matrix, options: KernelOptions): Expr {
  const { gamma, coef0, degree } = options
  switch (name) {
    case 'linear':
      return dots(x, fitted)
    case 'poly':
    case 'polynomial':
      return dots(x, fitted, gamma).add(coef0).pow(degree)
    case 'sigmoid':
      return dots(x, fitted, gamma).add(coef0).tanh()
    case 'rbf':
      return squaredDistances(x, fitted, gamma).neg().exp()
    case 'laplacian':
      return reduced('manhattan distances', pairs.manhattanDistance, x, dense(fitted)).mul(-gamma).exp()
    case 'cosine':
      return cosine(x, dense(fitted))
    case 'chi2':
      return reduced('chi-squared', pairs.additiveChi2, x, dense(fitted)).mul(gamma).exp()
    case 'additive_chi2':
      return reduced('chi-squared', pairs.additiveChi2, x, dense(fitted))
  }
}

export const dense = (matrix: Matrix): Tensor =>
  matrix.dtype === 'sparse' ? densify(matrix as Sparse) : (matrix as Tensor)

/** `factor * x · fittedᵀ`: [rows, fitted]. */
export function dots(x: Features, fitted: Matrix, factor = 1): Expr {
  if (isThin(x, fitted)) {
    const product = sparseDots(x, fitted as Sparse)[0]
    return factor === 1 ? product : product.mul(factor)
  }
  return x.numbers.matmul(scaled(transposed(dense(fitted)), factor))
}

/**
 * `scale * |x - y|²`: [rows, fitted]. As x² - 2xy + y² after the mean of the fitted rows is taken from both, so that
 * few digits are lost; differences one by one where the rows lie too far apart for that.
 */
export function squaredDistances(x: Features, fitted: Matrix, scale: number): Expr {
  if (isThin(x, fitted)) {
    const { dims } = fitted as Sparse
    const [product, norms] = sparseDots(x, fitted as Sparse)
    const mine = pairs.sparseNorms(fitted as Sparse)
    return product
      .mul(-2)
      .add(norms)
      .add(createTensor('float64', [dims[0]], mine))
      .max(0)
      .mul(scale)
  }
  const rows = pairs.rowsOf(dense(fitted))
  const mean = meanOf(rows)
  const shifted = { ...rows, data: rows.data.map((value, i) => value - (mean[i % rows.width] as number)) }
  const norms = pairs.squaredNorms(shifted).map((norm) => norm * scale)
  if (norms.some((norm) => !(norm <= MAX_SCALED_NORM))) {
    const exact = reduced('squared distances', pairs.squaredDistance, x, dense(fitted))
    return exact.mul(scale)
  }
  const centred = x.numbers.sub(createTensor('float64', [rows.width], mean))
  const other = transposed(createTensor('float64', [rows.count, rows.width], shifted.data))
  const own = centred.mul(centred).sum(1)
  return centred
    .matmul(scaled(other, -2 * scale))
    .add(createTensor('float64', [rows.count], norms))
    .add(scale === 1 ? own : own.mul(scale))
    .max(0)
}

/** A number for every pair of rows, by a kernel. */
export function reduced(name: string, pair: pairs.Pair, x: Features, fitted: Tensor): Expr {
  const rows = pairs.rowsOf(fitted)
  const run = (value: unknown) => {
    const mine = pairs.rowsOf(value as Tensor)
    if (pair === pairs.additiveChi2 && mine.data.some((cell) => cell < 0))
      throw new InferError('bad_request', 'a chi-squared kernel takes no negative values')
    return [createTensor('float64', [mine.count, rows.count], pairs.pairwise(pair, mine, rows))]
  }
  return x.value.graph.host(name, [x.numbers], ['float64'], run)[0] as Expr
}

/** Scalar products of rows of length one; a row of zeros stays. */
function cosine(x: Features, fitted: Tensor): Expr {
  const unit = pairs.unitRows(pairs.rowsOf(fitted)).data
  const length = x.numbers.mul(x.numbers).sum(1).sqrt()
  const divisor = x.value.graph.where(length.eq(0), 1, length)
  return x.numbers.div(divisor).matmul(transposed(createTensor('float64', fitted.dims, unit)))
}

function isThin(x: Features, fitted: Matrix): boolean {
  if (fitted.dtype !== 'sparse') return false
  const { dims, data } = fitted as Sparse
  return x.value.dtype === 'sparse' || data.length < DENSE * dims[0] * dims[1]
}

function sparseDots(x: Features, fitted: Sparse): [Expr, Expr] {
  const input = x.value.dtype === 'sparse' ? x.value : x.numbers
  const run = (value: unknown) => pairs.sparseDots(value as Tensor, fitted)
  return x.value.graph.host('sparse products', [input], ['float64', 'float64'], run) as [Expr, Expr]
}

function meanOf({ data, count, width }: pairs.Rows): Float64Array {
  const mean = new Float64Array(width)
  for (let i = 0; i < data.length; i++) mean[i % width] = (mean[i % width] as number) + (data[i] as number) / count
  return mean
}

const scaled = (tensor: Tensor, factor: number): Tensor =>
  factor === 1
    ? tensor
    : createTensor(
        'float64',
        tensor.dims,
        (tensor.data as Float64Array).map((value) => value * factor),
      )
