import type { Value } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import { type Estimator, numberOf } from './estimator.ts'
import { Features } from './features.ts'
import { transposed } from './linear.ts'
import { isCallable, matrixOf } from './matrix.ts'
import { paramsOf } from './metric.ts'
import { KERNELS, kernelOf } from './pairwise.ts'

/** `K(x, fitted) · coef` */
export const kernelRidge: Converter = (model, x) => {
  const coef = model.floats('dual_coef_')
  const kernel = kernelOfModel(model, x, 'X_fit_', coef.dims[0] as number, new Map())
  return { predict: kernel.matmul(coef) }
}

/**
 * The kernel, centred as it was in fit, times eigenvectors over the roots of their eigenvalues; zero for those of zero.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/decomposition/_kernel_pca.py (transform)
 */
export const kernelPca: Converter = (model, x) => {
  const vectors = model.floats('eigenvectors_', 'alphas_')
  const values = model.floats('eigenvalues_', 'lambdas_').data
  const [fitted = 0, width = 0] = vectors.dims
  if (values.length !== width)
    throw model.broken(['eigenvalues_'], `holds ${values.length} numbers for ${width} vectors`)
  const scaled = (vectors.data as Float64Array).map((cell, i) => {
    const value = values[i % width] as number
    return value === 0 ? 0 : cell / Math.sqrt(value)
  })
  const kernel = kernelOfModel(model, x, 'X_fit_', fitted, new Map())
  const centred = centredKernel(model.estimator('_centerer'), kernel)
  return { transform: new Features(centred.matmul(createTensor('float64', vectors.dims, scaled)), width) }
}

/**
 * A kernel [rows, fitted] less the means of its fitted columns and of its rows, plus the mean of all that was fitted.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/preprocessing/_data.py (KernelCenterer.transform)
 */
export function centredKernel(centerer: Estimator, kernel: Expr): Expr {
  const columns = centerer.floats('K_fit_rows_')
  return kernel.sub(columns).sub(kernel.mean(1)).add(centerer.number('K_fit_all_'))
}

/** `K(x, components) · normalizationᵀ` */
export const nystroem: Converter = (model, x) => {
  const normalization = model.floats('normalization_')
  const [width = 0, fitted = 0] = normalization.dims
  const kernel = kernelOfModel(model, x, 'components_', fitted, paramsOf(model, 'kernel_params'))
  return { transform: new Features(kernel.matmul(transposed(normalization)), width) }
}

/** @param params what stands where the estimator's own parameter is None */
function kernelOfModel(
  model: Estimator,
  x: Features,
  attribute: string,
  fitted: number,
  params: ReadonlyMap<Value, Value>,
): Expr {
  if (isCallable(model.raw('kernel'))) throw model.unsupported('a kernel that is a function')
  const name = model.oneOf('kernel', [...KERNELS, 'precomputed'])
  if (name === 'precomputed') {
    if (x.width !== fitted)
      throw model.broken([attribute], `is of ${fitted} rows, and a kernel of a request of ${x.width}`)
    return x.numbers
  }
  const rows = matrixOf(model, attribute)
  if (rows.dims[0] !== fitted || rows.dims[1] !== x.width)
    throw model.broken([attribute], `is of shape [${rows.dims}] for ${fitted} rows of ${x.width} columns`)
  const setting = (key: string, byDefault: number): number =>
    model.has(key) ? model.number(key) : (numberOf(params.get(key)) ?? byDefault)
  return kernelOf(name, x, rows, {
    gamma: model.has('gamma_') ? model.number('gamma_') : setting('gamma', name === 'chi2' ? 1 : 1 / x.width),
    coef0: setting('coef0', 1),
    degree: setting('degree', 3),
  })
}

/** [columns] of a vector, for sums with rows. */
export const vector = (data: Float64Array): Tensor => createTensor('float64', [data.length], data)
