import type { Metric } from './metrics.ts'
import { pairwise, type Rows } from './pairs.ts'

const LOG_PI = Math.log(Math.PI)
const LOG_2PI = Math.log(2 * Math.PI)

/** The logarithm of a kernel at a distance, before it is normalised. `h`: bandwidth. */
export type LogKernel = (distance: number, h: number) => number

const within =
  (inside: LogKernel): LogKernel =>
  (d, h) =>
    d < h ? inside(d, h) : -Infinity

/**
 * Kernels of density estimates, by name: their logarithms, and minus the logarithm of their integrals over `d`
 * columns at bandwidth 1.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/neighbors/_binary_tree.pxi.tp (log_gaussian_kernel ..., _log_kernel_norm)
 */
export const DENSITY_KERNELS: Readonly<Record<string, { log: LogKernel; norm: (d: number) => number }>> = {
  gaussian: { log: (d, h) => (-0.5 * (d * d)) / (h * h), norm: (d) => -0.5 * d * LOG_2PI },
  tophat: { log: within(() => 0), norm: (d) => -logBall(d) },
  epanechnikov: {
    log: within((d, h) => Math.log(1 - (d * d) / (h * h))),
    norm: (d) => -(logBall(d) + Math.log(2 / (d + 2))),
  },
  exponential: { log: (d, h) => -d / h, norm: (d) => -(logSphere(d - 1) + logGamma(d)) },
  linear: { log: within((d, h) => Math.log(1 - d / h)), norm: (d) => -(logBall(d) - Math.log(d + 1)) },
  cosine: { log: within((d, h) => Math.log(Math.cos((0.5 * Math.PI * d) / h))), norm: cosineNorm },
}

function cosineNorm(d: number): number {
  let [sum, term] = [0, 2 / Math.PI]
  for (let k = 1; k <= d; k += 2) {
    sum += term
    term *= -(d - k) * (d - k - 1) * (2 / Math.PI) ** 2
  }
  return -(Math.log(sum) + logSphere(d - 1))
}

/** Volume of the unit ball of `n` dimensions, and surface of the sphere around that of `n + 1`. */
const logBall = (n: number): number => 0.5 * n * LOG_PI - logGamma(0.5 * n + 1)
const logSphere = (n: number): number => LOG_2PI + logBall(n - 1)

/** Of whole numbers and halves, from Γ(1) = 1 and Γ(1/2) = √π. */
function logGamma(x: number): number {
  const isHalf = x % 1 !== 0
  let sum = isHalf ? 0.5 * LOG_PI : 0
  for (let k = isHalf ? 0.5 : 1; k < x; k++) sum += Math.log(k)
  return sum
}

/** `log Σ weight · kernel(distance)` over the fitted rows, for each row. */
export function logDensities(
  x: Rows,
  fitted: Rows,
  logWeights: Float64Array | undefined,
  metric: Metric,
  log: LogKernel,
  h: number,
): Float64Array {
  const out = new Float64Array(x.count)
  for (let i = 0; i < x.count; i++) {
    const row = { ...x, data: x.data.subarray(i * x.width, (i + 1) * x.width), count: 1 }
    const terms = pairwise(metric.reduced, row, fitted)
    let most = -Infinity
    for (let j = 0; j < terms.length; j++) {
      const term = log(metric.toDistance(terms[j] as number), h) + (logWeights ? (logWeights[j] as number) : 0)
      terms[j] = term
      if (term > most) most = term
    }
    let sum = 0
    for (const term of terms) sum += Math.exp(term - most)
    out[i] = most === -Infinity ? most : most + Math.log(sum)
  }
  return out
}
