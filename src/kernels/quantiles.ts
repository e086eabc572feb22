import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { inverseNormal } from './normal.ts'

/** Quantiles by column, and the probabilities that they are at. */
export interface Quantiles {
  readonly references: Float64Array
  readonly columns: readonly Float64Array[]
  readonly isNormal: boolean
  /** The same two, negated and in reverse. */
  readonly mirroredReferences: Float64Array
  readonly mirrored: readonly Float64Array[]
}

export function createQuantiles(
  references: Float64Array,
  columns: readonly Float64Array[],
  isNormal: boolean,
): Quantiles {
  const mirror = (values: Float64Array): Float64Array => values.map((value) => -value).reverse()
  return { references, columns, isNormal, mirroredReferences: mirror(references), mirrored: columns.map(mirror) }
}

/** scikit-learn's BOUNDS_THRESHOLD. */
const BOUND = 1e-7
const EPSILON = 2 ** -52
const LOWEST = inverseNormal(BOUND - EPSILON)
const HIGHEST = inverseNormal(1 - (BOUND - EPSILON))

/**
 * Values to their probabilities, or to the normal deviates of these; what is missing stays so. Repeated quantiles have
 * the middle of their probabilities: the mean of what interpolation gives upwards and downwards.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/preprocessing/_data.py (QuantileTransformer)
 * @param x float64 [rows, columns]
 */
export function probabilitiesOf(fitted: Quantiles, x: Tensor): Tensor {
  const { references, columns, isNormal, mirroredReferences, mirrored } = fitted
  const from = x.data as Float64Array
  const to = new Float64Array(from.length)
  const width = columns.length
  for (let i = 0; i < from.length; i++) {
    const quantiles = columns[i % width] as Float64Array
    const value = from[i] as number
    const [low, high] = [quantiles[0] as number, quantiles[quantiles.length - 1] as number]
    const isLow = isNormal ? value - BOUND < low : value === low
    const isHigh = isNormal ? value + BOUND > high : value === high
    let probability = value
    if (isLow) probability = 0
    else if (isHigh) probability = 1
    else if (!Number.isNaN(value)) {
      const down = interpolate(-value, mirrored[i % width] as Float64Array, mirroredReferences)
      probability = 0.5 * (interpolate(value, quantiles, references) - down)
    }
    to[i] = isNormal ? Math.min(Math.max(inverseNormal(probability), LOWEST), HIGHEST) : probability
  }
  return createTensor('float64', x.dims, to)
}

/** Piecewise linear, as numpy.interp: constant outside, the last of equal positions counts. */
export function interpolate(x: number, positions: Float64Array, values: Float64Array): number {
  const last = positions.length - 1
  if (x < (positions[0] as number)) return values[0] as number
  if (!(x < (positions[last] as number))) return values[last] as number
  let [low, high] = [0, last]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (x < (positions[middle] as number)) high = middle
    else low = middle
  }
  const [left, at] = [values[low] as number, positions[low] as number]
  if (at === x) return left
  return (((values[low + 1] as number) - left) / ((positions[low + 1] as number) - at)) * (x - at) + left
}
