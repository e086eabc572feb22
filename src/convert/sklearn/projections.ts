import { isArray } from '../../formats/values.ts'
import { timesSparse } from '../../kernels/sparse-product.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Sparse } from '../../tensor/host-value.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { product } from './algebra.ts'
import type { Converted, Converter } from './converter.ts'
import { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { transposed } from './linear.ts'
import { floatsOf, shaped } from './shapes.ts'

/** `x · componentsᵀ`. */
export const linearProjection: Converter = (model, x) => {
  const components = shaped(model, [null, x.width], 'components_')
  return { transform: new Features(x.numbers.matmul(transposed(components)), components.dims[0] as number) }
}

/** The same where the components are a scipy matrix, by its non-zeros; it is dense where nothing is zero. */
export const sparseProjection: Converter = (model, x, g, convert) => {
  if (isArray(model.raw('components_'))) return linearProjection(model, x, g, convert)
  const matrix = compressedRows(model, 'components_', x.width)
  const run = (rows: unknown) => [timesSparse(matrix, rows as Tensor)]
  const value = g.host('sparse projection', [x.numbers], ['float64'], run)[0] as Expr
  return { transform: new Features(value, matrix.dims[0]) }
}

/** A scipy matrix in compressed sparse row format [any, columns], every position within it. */
function compressedRows(model: Estimator, name: string, columns: number): Sparse {
  const stored = new Estimator(model.raw(name), `${model.type}.${name}`)
  if (!/^csr_(matrix|array)$/.test(stored.name))
    throw model.unsupported(`${name} of type ${stored.name}`, ['csr_matrix'])
  const [rows = 0, width = 0] = stored.integers('_shape', 'shape')
  const indptr = Int32Array.from(stored.integers('indptr'))
  const indices = Int32Array.from(stored.integers('indices'))
  const data = floatsOf(stored.floats('data'))
  const isOrdered = indptr.length === rows + 1 && indptr.every((at, i) => at >= (indptr[i - 1] ?? 0))
  if (width !== columns) throw model.broken([name], `is of shape [${rows}, ${width}], not [any, ${columns}]`)
  if (!isOrdered || indices.length < (indptr[rows] as number) || data.length < (indptr[rows] as number))
    throw model.broken([name], 'is no matrix in compressed sparse row format')
  if (!indices.every((column) => column >= 0 && column < columns))
    throw model.broken([name], 'names columns out of range')
  return { dtype: 'sparse', dims: [rows, columns], indptr, indices, data }
}

/** Bernoulli RBM: probabilities of the hidden units, `σ(x · componentsᵀ + intercept)`. */
export const bernoulliRbm: Converter = (model, x) => {
  const components = shaped(model, [null, x.width], 'components_')
  const hidden = components.dims[0] as number
  const scores = x.numbers.matmul(transposed(components)).add(shaped(model, [hidden], 'intercept_hidden_'))
  return { transform: new Features(scores.sigmoid(), hidden) }
}

const standardized = (model: Estimator, x: Features): Expr =>
  x.numbers.sub(shaped(model, [x.width], '_x_mean', 'x_mean_')).div(shaped(model, [x.width], '_x_std', 'x_std_'))

/** `((x - mean) / std) · weights`. */
function rotated(model: Estimator, x: Features, name: string): Converted {
  const weights = shaped(model, [x.width, null], name)
  return { transform: new Features(standardized(model, x).matmul(weights), weights.dims[1] as number) }
}

export const partialLeastSquaresSvd: Converter = (model, x) => rotated(model, x, 'x_weights_')

/**
 * Partial least squares: `((x - mean) / std) · R · Qᵀ · y_std + y_mean`. The product is computed here, as the layout
 * and the scale of `coef_` differ by release; R and Q do not.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/cross_decomposition/_pls.py
 */
export const partialLeastSquares: Converter = (model, x) => {
  const rotations = shaped(model, [x.width, null], 'x_rotations_')
  const k = rotations.dims[1] as number
  const loadings = shaped(model, [null, k], 'y_loadings_')
  const targets = loadings.dims[0] as number
  const deviations = floatsOf(shaped(model, [targets], '_y_std', 'y_std_'))
  const coefficients = product(floatsOf(rotations), floatsOf(transposed(loadings)), x.width, k, targets)
  const scaled = coefficients.map((value, i) => value * (deviations[i % targets] as number))
  const predicted = standardized(model, x)
    .matmul(createTensor('float64', [x.width, targets], scaled))
    .add(shaped(model, [targets], '_y_mean', 'y_mean_'))
  return {
    ...rotated(model, x, 'x_rotations_'),
    predict: model.flag('_predict_1d', false) ? predicted.squeeze(1) : predicted,
  }
}
