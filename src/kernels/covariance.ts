import { dot, type Pair, pairwise, type Rows, squaredDistances, unitRows } from './pairs.ts'
import { besselK, gamma } from './special.ts'

/**
 * A covariance function of a Gaussian process, with its fitted rows.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/gaussian_process/kernels.py
 */
export interface Covariance {
  /** Of rows with the fitted rows: [rows, fitted]. */
  readonly of: (x: Rows) => Float64Array
  /** Of each row with itself: [rows]. */
  readonly diagonal: (x: Rows) => Float64Array
}

const ones = (x: Rows): Float64Array => new Float64Array(x.count).fill(1)

/** `value`, on the diagonal `own`. */
export const constant = (value: number, own: number, fitted: Rows): Covariance => ({
  of: (x) => new Float64Array(x.count * fitted.count).fill(value),
  diagonal: (x) => ones(x).fill(own),
})

export const combined = (a: Covariance, b: Covariance, combine: (a: number, b: number) => number): Covariance => ({
  of: (x) => zipped(a.of(x), b.of(x), combine),
  diagonal: (x) => zipped(a.diagonal(x), b.diagonal(x), combine),
})

export const raised = (inner: Covariance, exponent: number): Covariance => ({
  of: (x) => inner.of(x).map((value) => value ** exponent),
  diagonal: (x) => inner.diagonal(x).map((value) => value ** exponent),
})

function zipped(a: Float64Array, b: Float64Array, combine: (a: number, b: number) => number): Float64Array {
  for (let i = 0; i < a.length; i++) a[i] = combine(a[i] as number, b[i] as number)
  return a
}

/** A function of the squared distance between rows divided by `scales`: one number, or one a column. */
export function stationary(fitted: Rows, scales: Float64Array, value: (squared: number) => number): Covariance {
  const scaled = (rows: Rows): Rows => {
    if (scales.length === 1 && scales[0] === 1) return rows
    const data = rows.data.map((cell, i) => cell / (scales[scales.length === 1 ? 0 : i % rows.width] as number))
    return { ...rows, data }
  }
  const own = scaled(fitted)
  return {
    of: (x) => {
      const out = squaredDistances(scaled(x), own)
      for (let i = 0; i < out.length; i++) out[i] = value(out[i] as number)
      return out
    },
    diagonal: ones,
  }
}

/** `x · y + offset` */
export const product = (fitted: Rows, offset: number): Covariance => ({
  of: (x) => pairwise(dot, x, fitted).map((value) => value + offset),
  diagonal: (x) => ownProducts(x).map((value) => value + offset),
})

/** A function of a number for two rows. @param own of a row with itself */
export const byPair = (
  fitted: Rows,
  pair: Pair,
  value: (reduced: number) => number,
  own: (x: Rows) => Float64Array,
): Covariance => ({
  of: (x) => pairwise(pair, x, fitted).map(value),
  diagonal: (x) => own(x).map(value),
})

export const byCosine = (fitted: Rows): Covariance => {
  const unit = unitRows(fitted)
  return { of: (x) => pairwise(dot, unitRows(x), unit), diagonal: (x) => ownProducts(unitRows(x)) }
}

export const ownProducts = (x: Rows): Float64Array =>
  Float64Array.from({ length: x.count }, (_, i) => dot(x.data, i * x.width, x.data, i * x.width, x.width))

/** Matérn's function of the squared distance. */
export function matern(nu: number): (squared: number) => number {
  if (nu === 0.5) return (squared) => Math.exp(-Math.sqrt(squared))
  if (nu === Infinity) return (squared) => Math.exp(-squared / 2)
  if (nu === 1.5) {
    return (squared) => {
      const k = Math.sqrt(squared) * Math.sqrt(3)
      return (1 + k) * Math.exp(-k)
    }
  }
  if (nu === 2.5) {
    return (squared) => {
      const k = Math.sqrt(squared) * Math.sqrt(5)
      return (1 + k + (k * k) / 3) * Math.exp(-k)
    }
  }
  const factor = 2 ** (1 - nu) / gamma(nu)
  const scale = Math.sqrt(2 * nu)
  return (squared) => {
    const t = scale * (Math.sqrt(squared) || Number.EPSILON)
    return factor * t ** nu * besselK(nu, t)
  }
}

/** `covariances · weights`: [rows, outputs]. `weights`: [fitted, outputs]. */
export function weighted(covariances: Float64Array, rows: number, weights: Float64Array, outputs: number) {
  const fitted = weights.length / outputs
  const out = new Float64Array(rows * outputs)
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < outputs; c++) {
      let sum = 0
      for (let j = 0; j < fitted; j++)
        sum += (covariances[i * fitted + j] as number) * (weights[j * outputs + c] as number)
      out[i * outputs + c] = sum
    }
  }
  return out
}

/** `Σ v²` where `lower · v = scale * covariances`, for each row. `lower`: a lower triangle [fitted, fitted]. */
export function explained(covariances: Float64Array, rows: number, scale: Float64Array, lower: Float64Array) {
  const fitted = scale.length
  const out = new Float64Array(rows)
  const v = new Float64Array(fitted)
  for (let i = 0; i < rows; i++) {
    let total = 0
    for (let r = 0; r < fitted; r++) {
      let sum = (scale[r] as number) * (covariances[i * fitted + r] as number)
      for (let c = 0; c < r; c++) sum -= (lower[r * fitted + c] as number) * (v[c] as number)
      v[r] = sum / (lower[r * fitted + r] as number)
      total += (v[r] as number) ** 2
    }
    out[i] = total
  }
  return out
}
