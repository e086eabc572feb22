import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** A dictionary of atoms, as the coders below need it. */
export interface Atoms {
  /** Atom by atom [atoms, features]. */
  readonly dictionary: Float64Array
  readonly count: number
  readonly features: number
  /** Inner products of the atoms [atoms, atoms]. */
  readonly gram: Float64Array
}

/** Codes one row: `covariance` [atoms] are its inner products with the atoms; `code` [atoms] comes as zeros. */
export type Coder = (covariance: Float64Array, code: Float64Array, squaredNorm: number) => void

/** Each row coded on its own. @param x float64 [rows, features] @returns float64 [rows, atoms] */
export function codeRows({ dictionary, count, features }: Atoms, code: Coder, x: Tensor): Tensor {
  const rows = x.dims[0] as number
  const cells = x.data as Float64Array
  const codes = new Float64Array(rows * count)
  const covariance = new Float64Array(count)
  for (let row = 0; row < rows; row++) {
    const cell = cells.subarray(row * features, (row + 1) * features)
    let squares = 0
    for (const value of cell) squares += value * value
    for (let atom = 0; atom < count; atom++) {
      let sum = 0
      for (let i = 0; i < features; i++) sum += (dictionary[atom * features + i] as number) * (cell[i] as number)
      covariance[atom] = sum
    }
    code(covariance, codes.subarray(row * count, (row + 1) * count), squares)
  }
  return createTensor('float64', [rows, count], codes)
}

export interface Lasso {
  readonly alpha: number
  readonly isPositive: boolean
  readonly maxIterations: number
  readonly tolerance: number
  /** From 1.8: a check before the first round, and atoms that cannot matter left out. */
  readonly screens: boolean
}

/**
 * Lasso by cyclic coordinate descent until the duality gap is small.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/linear_model/_cd_fast.pyx (enet_coordinate_descent_gram)
 */
export function lassoCoder({ gram, count }: Atoms, lasso: Lasso): Coder {
  const { alpha, isPositive, maxIterations, tolerance, screens } = lasso
  const image = new Float64Array(count)
  const left = new Float64Array(count)
  const isOut = new Uint8Array(count)
  return (covariance, code, squares) => {
    image.fill(0)
    isOut.fill(0)
    const enough = tolerance * squares
    const check = (): boolean => {
      for (let j = 0; j < count; j++) left[j] = (covariance[j] as number) - (image[j] as number)
      const { gap, dual } = dualGap(covariance, code, left, squares, lasso)
      if (screens ? gap <= enough : gap < enough) return true
      if (screens && alpha > 0) screen(gap, dual)
      return false
    }
    const screen = (gap: number, dual: number): void => {
      const radius = Math.sqrt(2 * Math.abs(gap)) / alpha
      for (let j = 0; j < count; j++) {
        const theta = (left[j] as number) / Math.max(alpha, dual)
        const square = gram[j * count + j] as number
        if (isOut[j] || (square !== 0 && (1 - Math.abs(theta)) / Math.sqrt(square) <= radius)) continue
        if (code[j] !== 0) move(j, 0)
        isOut[j] = 1
      }
    }
    const move = (j: number, value: number): void => {
      const step = value - (code[j] as number)
      code[j] = value
      for (let i = 0; i < count; i++) image[i] = (image[i] as number) + step * (gram[j * count + i] as number)
    }
    if (screens && check()) return
    for (let iteration = 0; iteration < maxIterations; iteration++) {
      let largest = 0
      let change = 0
      for (let j = 0; j < count; j++) {
        const square = gram[j * count + j] as number
        if (isOut[j] || square === 0) continue
        const before = code[j] as number
        const pull = (covariance[j] as number) - (image[j] as number) + before * square
        const value = isPositive && pull < 0 ? 0 : (Math.sign(pull) * Math.max(Math.abs(pull) - alpha, 0)) / square
        if (value !== before) move(j, value)
        change = Math.max(change, Math.abs(value - before))
        largest = Math.max(largest, Math.abs(value))
      }
      const isStill = largest === 0 || (screens ? change / largest <= tolerance : change / largest < tolerance)
      if ((isStill || iteration === maxIterations - 1) && check()) return
    }
  }
}

/** @param left `covariance - gram · code`, what the code leaves of the covariance */
function dualGap(
  covariance: Float64Array,
  code: Float64Array,
  left: Float64Array,
  squares: number,
  { alpha, isPositive }: Lasso,
): { gap: number; dual: number } {
  let [dual, inner, quadratic, absolute, ridge] = [isPositive ? Number.NEGATIVE_INFINITY : 0, 0, 0, 0, 0]
  for (let j = 0; j < code.length; j++) {
    const weight = code[j] as number
    const rest = left[j] as number
    dual = Math.max(dual, isPositive ? rest : Math.abs(rest))
    inner += weight * (covariance[j] as number)
    quadratic += weight * ((covariance[j] as number) - rest)
    absolute += Math.abs(weight)
    ridge += rest * rest
  }
  if (alpha === 0) return { gap: ridge, dual: ridge }
  const rest = squares + quadratic - 2 * inner
  const factor = dual > alpha ? alpha / dual : 1
  return { gap: 0.5 * rest * (1 + factor * factor) + alpha * absolute - factor * (squares - inner), dual }
}

/**
 * Orthogonal matching pursuit: the atom that what is left is most along, then least squares on all chosen.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/linear_model/_omp.py (_gram_omp)
 */
export function pursuitCoder({ gram, count }: Atoms, atoms: number): Coder {
  const rest = new Float64Array(count)
  const order = new Int32Array(count)
  const lower = new Float64Array(atoms * atoms)
  const weights = new Float64Array(atoms)
  return (covariance, code) => {
    rest.set(covariance)
    for (let i = 0; i < count; i++) order[i] = i
    let chosen = 0
    while (chosen < atoms) {
      const next = largestOf(rest, order)
      const atom = order[next] as number
      if (next < chosen || (rest[atom] as number) ** 2 < Number.EPSILON) break
      const at = chosen * atoms
      let square = gram[atom * count + atom] as number
      for (let i = 0; i < chosen; i++) {
        let sum = gram[atom * count + (order[i] as number)] as number
        for (let l = 0; l < i; l++) sum -= (lower[at + l] as number) * (lower[i * atoms + l] as number)
        const entry = sum / (lower[i * atoms + i] as number)
        lower[at + i] = entry
        square -= entry * entry
      }
      if (chosen > 0 && square <= Number.EPSILON) break
      lower[at + chosen] = Math.sqrt(square)
      order[next] = order[chosen] as number
      order[chosen++] = atom
      solve(lower, atoms, covariance, order, weights, chosen)
      for (let j = 0; j < count; j++) {
        let sum = covariance[j] as number
        for (let i = 0; i < chosen; i++)
          sum -= (gram[j * count + (order[i] as number)] as number) * (weights[i] as number)
        rest[j] = sum
      }
    }
    for (let i = 0; i < chosen; i++) code[order[i] as number] = weights[i] as number
  }
}

/** The place in `order` of the first of the largest. */
function largestOf(values: Float64Array, order: Int32Array): number {
  let best = 0
  for (let i = 1; i < order.length; i++)
    if (Math.abs(values[order[i] as number] as number) > Math.abs(values[order[best] as number] as number)) best = i
  return best
}

/** `weights = (L Lᵀ)⁻¹ targets`, of the first n that `order` names; `lower` has rows of `stride`. */
export function solve(
  lower: Float64Array,
  stride: number,
  targets: Float64Array,
  order: Int32Array,
  weights: Float64Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    let sum = targets[order[i] as number] as number
    for (let l = 0; l < i; l++) sum -= (lower[i * stride + l] as number) * (weights[l] as number)
    weights[i] = sum / (lower[i * stride + i] as number)
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = weights[i] as number
    for (let l = i + 1; l < n; l++) sum -= (lower[l * stride + i] as number) * (weights[l] as number)
    weights[i] = sum / (lower[i * stride + i] as number)
  }
}
