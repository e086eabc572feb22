import { digamma } from '../../kernels/digamma.ts'
import type { Expr } from '../../onnx/expr.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { cholesky, choleskySolve, identity, product } from './algebra.ts'
import type { Converted, Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { transposed } from './linear.ts'
import { floatsOf, shaped } from './shapes.ts'

/** Gaussians: `log N(x)` of each without its constant part: `-½ |(x - μ) P|²`, with P the Cholesky factor of precision. */
interface Gaussians {
  /** [rows, components] of |(x - μ) P|² */
  readonly distances: Expr
  /** By component: log |P|. */
  readonly logDeterminants: Float64Array
}

/** https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/mixture/_gaussian_mixture.py */
export const gaussianMixture: Converter = (model, x) => {
  const { gaussians, count } = gaussiansOf(model, x)
  const weights = floatsOf(shaped(model, [count], 'weights_'))
  const logs = gaussians.logDeterminants.map((log, i) => log + Math.log(weights[i] as number))
  return mixture(gaussians, logs, x.width)
}

/** The same with the expected logarithms of weights and precisions. */
export const bayesianGaussianMixture: Converter = (model, x) => {
  const { gaussians, count } = gaussiansOf(model, x)
  const freedom = floatsOf(model.floats('degrees_of_freedom_'))
  if (freedom.length !== count && freedom.length !== 1)
    throw model.broken(['degrees_of_freedom_'], `has ${freedom.length} values for ${count} components`)
  const precision = floatsOf(shaped(model, [count], 'mean_precision_'))
  const weights = expectedLogWeights(model, count)
  const d = x.width
  const logs = gaussians.logDeterminants.map((log, k) => {
    const nu = freedom[k % freedom.length] as number
    let lambda = d * Math.LN2
    for (let i = 0; i < d; i++) lambda += digamma(0.5 * (nu - i))
    return log - 0.5 * d * Math.log(nu) + 0.5 * (lambda - d / (precision[k] as number)) + (weights[k] as number)
  })
  return mixture(gaussians, logs, d)
}

function expectedLogWeights(model: Estimator, count: number): Float64Array {
  const names = ['dirichlet_process', 'dirichlet_distribution'] as const
  if (model.oneOf('weight_concentration_prior_type', names, 'dirichlet_process') === 'dirichlet_distribution') {
    const concentration = floatsOf(shaped(model, [count], 'weight_concentration_'))
    const whole = digamma(concentration.reduce((sum, value) => sum + value, 0))
    return concentration.map((value) => digamma(value) - whole)
  }
  const [a, b] = model.list('weight_concentration_').length === 2 ? pairOfArrays(model, count) : []
  if (!a || !b) throw model.broken(['weight_concentration_'], 'is no pair of arrays')
  let rest = 0
  return a.map((value, k) => {
    const whole = digamma(value + (b[k] as number))
    const log = digamma(value) - whole + rest
    rest += digamma(b[k] as number) - whole
    return log
  })
}

function pairOfArrays(model: Estimator, count: number): Float64Array[] {
  const both = floatsOf(shaped(model, [2, count], 'weight_concentration_'))
  return [both.slice(0, count), both.slice(count)]
}

/** @param logs by component: what is added to `-½ (distance + d log 2π)` */
function mixture({ distances }: Gaussians, logs: Float64Array, d: number): Converted {
  const constants = logs.map((log) => log - 0.5 * d * Math.log(2 * Math.PI))
  const joint = distances.mul(-0.5).add(createTensor('float64', [logs.length], constants))
  const most = joint.maximum(1)
  return {
    predict: joint.argmax(1),
    predict_proba: joint.softmax(1),
    score_samples: joint.sub(most).exp().sum(1).log().add(most).squeeze(1),
  }
}

function gaussiansOf(model: Estimator, x: Features): { gaussians: Gaussians; count: number } {
  const means = shaped(model, [null, x.width], 'means_')
  const [count = 0, d = 0] = means.dims
  const type = model.oneOf('covariance_type', ['full', 'tied', 'diag', 'spherical'], 'full')
  const shape = { full: [count, d, d], tied: [d, d], diag: [count, d], spherical: [count] }[type]
  const factors = shaped(model, shape, 'precisions_cholesky_')
  if (type === 'diag' || type === 'spherical') return { gaussians: axisAligned(x, means, factors), count }
  const stacked = type === 'tied' ? repeated(factors, count) : factors
  return { gaussians: rotated(x, means, stacked), count }
}

/** P as one matrix [d, components · d], so that all products are one. */
function rotated(x: Features, means: Tensor, factors: Tensor): Gaussians {
  const [count = 0, d = 0] = means.dims
  const cells = floatsOf(factors)
  const wide = new Float64Array(d * count * d)
  const offsets = new Float64Array(count * d)
  const logDeterminants = new Float64Array(count)
  for (let k = 0; k < count; k++) {
    const factor = cells.subarray(k * d * d, (k + 1) * d * d)
    for (let i = 0; i < d; i++) {
      wide.set(factor.subarray(i * d, (i + 1) * d), i * count * d + k * d)
      logDeterminants[k] = (logDeterminants[k] as number) + Math.log(factor[i * d + i] as number)
    }
    offsets.set(product(floatsOf(means).subarray(k * d, (k + 1) * d), factor, 1, d, d), k * d)
  }
  const moved = x.numbers
    .matmul(createTensor('float64', [d, count * d], wide))
    .sub(createTensor('float64', [count * d], offsets))
    .reshape([-1, count, d])
  return { distances: moved.mul(moved).sum(2, false), logDeterminants }
}

/** `Σ (μ² π) - 2 x·(μ π) + x²·π`, with π the precisions [components, d] or [components]. */
function axisAligned(x: Features, means: Tensor, factors: Tensor): Gaussians {
  const [count = 0, d = 0] = means.dims
  const isSpherical = factors.dims.length === 1
  const factor = (i: number): number => floatsOf(factors)[isSpherical ? Math.floor(i / d) : i] as number
  const mean = floatsOf(means)
  const precisions = mean.map((_, i) => factor(i) ** 2)
  const constants = new Float64Array(count)
  const logDeterminants = new Float64Array(count)
  mean.forEach((value, i) => {
    const k = Math.floor(i / d)
    constants[k] = (constants[k] as number) + value * value * (precisions[i] as number)
    logDeterminants[k] = (logDeterminants[k] as number) + Math.log(factor(i))
  })
  const rows = x.numbers
  const linear = mean.map((value, i) => value * (precisions[i] as number))
  const across = (data: Float64Array): Tensor => transposed(createTensor('float64', [count, d], data))
  const distances = rows
    .matmul(across(linear))
    .mul(-2)
    .add(createTensor('float64', [count], constants))
    .add(rows.mul(rows).matmul(across(precisions)))
  return { distances, logDeterminants }
}

function repeated(matrix: Tensor, count: number): Tensor {
  const data = new Float64Array(count * matrix.data.length)
  for (let k = 0; k < count; k++) data.set(floatsOf(matrix), k * matrix.data.length)
  return createTensor('float64', [count, ...matrix.dims], data)
}

/**
 * Elliptic envelope: minus the squared Mahalanobis distance, an inlier where that is at least the offset.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/covariance/_elliptic_envelope.py
 */
export const ellipticEnvelope: Converter = (model, x, g) => {
  const away = x.numbers.sub(shaped(model, [x.width], 'location_'))
  const scores = away.matmul(precisionOf(model, x.width)).mul(away).sum(1, false).neg()
  const decision = scores.sub(model.number('offset_'))
  return {
    predict: g.where(decision.ge(0), g.operand(1, 'int64'), g.operand(-1, 'int64')),
    decision_function: decision,
    score_samples: scores,
  }
}

function precisionOf(model: Estimator, d: number): Tensor {
  if (model.has('precision_')) return shaped(model, [d, d], 'precision_')
  const lower = cholesky(floatsOf(shaped(model, [d, d], 'covariance_')), d)
  if (!lower) throw model.unsupported('store_precision=False and a singular covariance_')
  return createTensor('float64', [d, d], choleskySolve(lower, identity(d), d, d))
}
