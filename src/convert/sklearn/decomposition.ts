import type { Expr } from '../../onnx/expr.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { cholesky, choleskySolve, gram, identity, logDeterminant, product } from './algebra.ts'
import type { Converted, Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { transposed } from './linear.ts'
import { floatsOf, shaped } from './shapes.ts'

/** Components as one file stores them: [components, features]. */
const componentsOf = (model: Estimator, x: Features): Tensor => shaped(model, [null, x.width], 'components_')

const projected = (value: Expr, width: number): Converted => ({ transform: new Features(value, width) })

/** The mean that was fitted, or none. */
const centred = (model: Estimator, x: Features): Expr =>
  model.has('mean_') ? x.numbers.sub(model.floats('mean_')) : x.numbers

/** FastICA: `(x - mean) · componentsᵀ`, where it whitens. */
export const fastIca: Converter = (model, x) => {
  const components = componentsOf(model, x)
  const isWhite = model.raw('whiten') !== false
  const value = isWhite ? centred(model, x) : x.numbers
  return projected(value.matmul(transposed(components)), components.dims[0] as number)
}

/**
 * `(x - mean) · componentsᵀ`, divided by the components' deviations to whiten. From 1.5 the mean is taken off after
 * the product. https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/decomposition/_base.py
 */
export const pca: Converter = (model, x) => {
  const components = componentsOf(model, x)
  const [k = 0, width = 0] = components.dims
  const across = transposed(components)
  const hasMean = model.has('mean_')
  let value = (model.isSince(1, 5) ? x.numbers : centred(model, x)).matmul(across)
  if (hasMean && model.isSince(1, 5)) {
    const mean = shaped(model, [width], 'mean_')
    value = value.sub(createTensor('float64', [k], product(floatsOf(mean), floatsOf(across), 1, width, k)))
  }
  if (model.flag('whiten', false)) value = value.div(deviations(model, k))
  const made = projected(value, k)
  if (model.name !== 'PCA') return made
  const scores = pcaScores(model, x, components)
  return scores ? { ...made, score_samples: scores } : made
}

function deviations(model: Estimator, k: number): Tensor {
  const least = model.isSince(1, 5) ? Number.EPSILON : 0
  const variances = floatsOf(shaped(model, [k], 'explained_variance_'))
  return createTensor(
    'float64',
    [k],
    variances.map((variance) => {
      const deviation = Math.sqrt(variance)
      return deviation < least ? least : deviation
    }),
  )
}

/**
 * Log-likelihood of probabilistic PCA [rows]: a Gaussian of variance λ along the components and `noise` across them,
 * `-½ (Σ z²/λ + |r|²/noise + Σ log λ + (d - k) log noise + d log 2π)`, with z along and r what is left.
 * Where it whitens, scikit-learn scales the components too, and λ is `λ (λ - noise) + noise`.
 * `undefined` where that is no density: fewer components than features without noise.
 */
function pcaScores(model: Estimator, x: Features, components: Tensor): Expr | undefined {
  const [k = 0, width = 0] = components.dims
  const noise = model.number('noise_variance_', 0)
  if (!(noise > 0) && k < width) return undefined
  const isWhite = model.flag('whiten', false)
  const variances = floatsOf(shaped(model, [k], 'explained_variance_')).map(
    (value) => Math.max(value - noise, 0) * (isWhite ? value : 1) + noise,
  )
  const rows = centred(model, x)
  const along = rows.matmul(transposed(components))
  let distance = along
    .mul(along)
    .div(createTensor('float64', [k], variances))
    .sum(1, false)
  let logs = variances.reduce((sum, variance) => sum + Math.log(variance), 0)
  if (k < width) {
    const rest = rows.sub(along.matmul(components))
    distance = distance.add(rest.mul(rest).sum(1, false).div(noise))
    logs += (width - k) * Math.log(noise)
  }
  return distance.add(logs + width * Math.log(2 * Math.PI)).mul(-0.5)
}

/**
 * Ridge regression of the rows on the components: `(x - mean) · componentsᵀ (components · componentsᵀ + α I)⁻¹`.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/decomposition/_sparse_pca.py
 */
export const sparsePca: Converter = (model, x) => {
  const components = componentsOf(model, x)
  const [k = 0, width = 0] = components.dims
  const ridge = model.number('ridge_alpha', 0.01)
  const isNormalized = model.raw('normalize_components')
  if (isNormalized === false) throw model.unsupported('normalize_components=False')
  const lower = cholesky(gram(floatsOf(components), k, width, ridge), k)
  if (!lower) throw model.unsupported(`ridge_alpha=${ridge} on dependent components`)
  const weights = createTensor('float64', [k, width], choleskySolve(lower, floatsOf(components), k, width))
  return projected(centred(model, x).matmul(transposed(weights)), k)
}

/**
 * Expected latent variables `(x - mean) · Wψᵀ · C` with Wψ = W/ψ, C = (I + Wψ Wᵀ)⁻¹, and the log-likelihood of the
 * Gaussian of covariance WᵀW + ψ, by Woodbury's identity.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/decomposition/_factor_analysis.py
 */
export const factorAnalysis: Converter = (model, x) => {
  const components = componentsOf(model, x)
  const [k = 0, width = 0] = components.dims
  const noise = floatsOf(shaped(model, [width], 'noise_variance_'))
  const loads = floatsOf(components)
  const scaled = loads.map((load, i) => load / (noise[i % width] as number))
  const inner = product(scaled, floatsOf(transposed(components)), k, width, k)
  for (let i = 0; i < k; i++) inner[i * k + i] = (inner[i * k + i] as number) + 1
  const lower = cholesky(inner, k)
  if (!lower) throw model.broken(['noise_variance_'], 'holds variances that are not positive')
  const covariance = createTensor('float64', [k, k], choleskySolve(lower, identity(k), k, k))
  const rows = centred(model, x)
  const loaded = rows.matmul(transposed(createTensor('float64', [k, width], scaled)))
  const value = loaded.matmul(covariance)
  const logs = noise.reduce((sum, variance) => sum + Math.log(variance), 0) + logDeterminant(lower, k)
  const distance = rows
    .mul(rows)
    .div(createTensor('float64', [width], noise))
    .sum(1, false)
    .sub(value.mul(loaded).sum(1, false))
  return {
    ...projected(value, k),
    score_samples: distance.add(logs + width * Math.log(2 * Math.PI)).mul(-0.5),
  }
}
