import { InferError } from '../errors.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** The B-splines of one column: knots, degree, and `outputs` combinations of the basis: [basis, outputs]. */
export interface Splines {
  readonly knots: Float64Array
  readonly degree: number
  readonly coefficients: Float64Array
  readonly outputs: number
}

export type Extrapolation = 'error' | 'constant' | 'linear' | 'continue' | 'periodic'

/** By column: its splines, and their values and slopes at the ends of the base interval. */
export interface SplineColumn extends Splines {
  /** How many splines go straight on beyond either end. */
  readonly reach: number
  readonly low: number
  readonly high: number
  readonly atLow: Float64Array
  readonly atHigh: Float64Array
  readonly slopeAtLow: Float64Array
  readonly slopeAtHigh: Float64Array
}

/**
 * What the splines are at the two ends.
 * @param degree what the ends are found by, where it is not the splines'
 */
export function withEnds(splines: Splines, degree = splines.degree): SplineColumn {
  const { knots, outputs } = splines
  const low = knots[degree] as number
  const high = knots[knots.length - degree - 1] as number
  const at = (x: number, isSlope: boolean): Float64Array => {
    const values = new Float64Array(outputs)
    evaluate(splines, x, values, isSlope)
    return values
  }
  return {
    ...splines,
    reach: degree <= 1 ? degree + 1 : degree,
    ...{ low, high, atLow: at(low, false), atHigh: at(high, false) },
    ...{ slopeAtLow: at(low, true), slopeAtHigh: at(high, true) },
  }
}

/**
 * The splines of each column side by side; a missing value has none. With `isBiased` false each column's last is left
 * out. https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/preprocessing/_polynomial.py
 * @param x float64 [rows, columns]
 */
export function splinesOf(
  columns: readonly SplineColumn[],
  extrapolation: Extrapolation,
  isBiased: boolean,
  x: Tensor,
): Tensor {
  const [rows = 0] = x.dims
  const outputs = columns[0]?.outputs ?? 0
  const kept = isBiased ? outputs : outputs - 1
  const values = new Float64Array(rows * columns.length * kept)
  const scratch = new Float64Array(outputs)
  for (let row = 0; row < rows; row++) {
    for (const [i, column] of columns.entries()) {
      const value = (x.data as Float64Array)[row * columns.length + i] as number
      scratch.fill(0)
      if (!Number.isNaN(value)) fill(column, extrapolation, value, scratch)
      values.set(scratch.subarray(0, kept), (row * columns.length + i) * kept)
    }
  }
  return createTensor('float64', [rows, columns.length * kept], values)
}

function fill(column: SplineColumn, extrapolation: Extrapolation, x: number, to: Float64Array): void {
  const { low, high } = column
  const isInside = low <= x && x <= high
  if (extrapolation === 'periodic') evaluate(column, high > low ? wrapped(x, low, high) : 0, to)
  else if (isInside || extrapolation === 'continue') evaluate(column, x, to)
  else if (extrapolation === 'error')
    throw new InferError('bad_request', `${x} is beyond the knots of a SplineTransformer, ${low} to ${high}`)
  else extend(column, extrapolation, x, to)
}

/** Beyond the ends only the outermost splines count: they keep their value, or go on straight. */
function extend(column: SplineColumn, extrapolation: 'constant' | 'linear', x: number, to: Float64Array): void {
  const { degree, outputs, low, high, reach } = column
  const isLinear = extrapolation === 'linear'
  for (let i = 0; i < Math.min(isLinear ? reach : degree, outputs); i++) {
    const last = outputs - 1 - i
    if (x < low) to[i] = (column.atLow[i] as number) + (isLinear ? (x - low) * (column.slopeAtLow[i] as number) : 0)
    if (x > high)
      to[last] = (column.atHigh[last] as number) + (isLinear ? (x - high) * (column.slopeAtHigh[last] as number) : 0)
  }
}

function wrapped(x: number, low: number, high: number): number {
  const period = high - low
  const rest = (x - low) % period
  return low + (rest < 0 ? rest + period : rest)
}

/**
 * Cox and de Boor's recursion in the interval of `x`, the outer ones going on beyond the knots, as scipy evaluates
 * (https://github.com/scipy/scipy/blob/v1.14.0/scipy/interpolate/src/__fitpack.h, _deBoor_D).
 */
function evaluate(splines: Splines, x: number, to: Float64Array, isSlope = false): void {
  const { knots, degree, coefficients, outputs } = splines
  const last = knots.length - degree - 2
  let interval = degree
  while (interval < last && x >= (knots[interval + 1] as number)) interval++
  const basis = new Float64Array(degree + 1)
  basis[0] = isSlope && degree === 0 ? 0 : 1
  for (let j = 1; j <= degree; j++) {
    const lower = basis.slice(0, j)
    basis[0] = 0
    for (let n = 1; n <= j; n++) {
      const above = knots[interval + n] as number
      const below = knots[interval + n - j] as number
      basis[n] = 0
      if (above === below) continue
      const weight = (lower[n - 1] as number) / (above - below)
      const isDerived = isSlope && j === degree
      basis[n - 1] = (basis[n - 1] as number) + (isDerived ? -j * weight : weight * (above - x))
      basis[n] = isDerived ? j * weight : weight * (x - below)
    }
  }
  for (let i = 0; i <= degree; i++) {
    const from = (interval - degree + i) * outputs
    for (let j = 0; j < outputs; j++)
      to[j] = (to[j] as number) + (basis[i] as number) * (coefficients[from + j] as number)
  }
}
