import { createTensor, type Tensor } from '../tensor/tensor.ts'
import type { Neighbors } from './neighbors.ts'

/** `uniform`: 1 each. `distance`: 1 / distance, or only what is at distance zero where something is. */
export type Weighting = 'uniform' | 'distance'

/** The weight of each neighbour, in their order. */
export function weightsOf({ starts, distances }: Neighbors, weighting: Weighting): Float64Array {
  const weights = new Float64Array(distances.length)
  if (weighting === 'uniform') return weights.fill(1)
  for (let i = 0; i + 1 < starts.length; i++) {
    const [from, to] = [starts[i] as number, starts[i + 1] as number]
    let isOnRow = false
    for (let at = from; at < to; at++) {
      weights[at] = 1 / (distances[at] as number)
      isOnRow ||= weights[at] === Infinity
    }
    if (isOnRow) for (let at = from; at < to; at++) weights[at] = weights[at] === Infinity ? 1 : 0
  }
  return weights
}

/** The summed weight of each class: float64 [rows, classes]. `codes`: the class of each fitted row. */
export function classSums(found: Neighbors, weights: Float64Array, codes: Int32Array, classes: number): Tensor {
  const { starts, indices } = found
  const rows = starts.length - 1
  const sums = new Float64Array(rows * classes)
  for (let i = 0; i < rows; i++) {
    for (let at = starts[i] as number; at < (starts[i + 1] as number); at++) {
      const to = i * classes + (codes[indices[at] as number] as number)
      sums[to] = (sums[to] as number) + (weights[at] as number)
    }
  }
  return createTensor('float64', [rows, classes], sums)
}

/** Each row divided by its sum; a row of zeros stays. */
export function normalized({ data, dims }: Tensor): Tensor {
  const [rows = 0, classes = 0] = dims
  const shares = new Float64Array(rows * classes)
  for (let i = 0; i < rows; i++) {
    let total = 0
    for (let c = 0; c < classes; c++) total += data[i * classes + c] as number
    for (let c = 0; c < classes; c++) shares[i * classes + c] = (data[i * classes + c] as number) / (total || 1)
  }
  return createTensor('float64', dims, shares)
}

/** The first of the largest of each row. */
export function largest({ data, dims }: Tensor): Int32Array {
  const [rows = 0, classes = 0] = dims
  const positions = new Int32Array(rows)
  for (let i = 0; i < rows; i++) {
    let best = 0
    for (let c = 1; c < classes; c++)
      if ((data[i * classes + c] as number) > (data[i * classes + best] as number)) best = c
    positions[i] = best
  }
  return positions
}

/**
 * Weighted means of targets: float64 [rows, outputs].
 * @param targets [fitted rows, outputs]
 * @param empty what a row without neighbours gets
 */
export function means(found: Neighbors, weights: Float64Array, targets: Float64Array, outputs: number, empty: number) {
  const { starts, indices } = found
  const rows = starts.length - 1
  const out = new Float64Array(rows * outputs)
  for (let i = 0; i < rows; i++) {
    const [from, to] = [starts[i] as number, starts[i + 1] as number]
    let total = 0
    for (let at = from; at < to; at++) {
      const weight = weights[at] as number
      const row = (indices[at] as number) * outputs
      total += weight
      for (let c = 0; c < outputs; c++)
        out[i * outputs + c] = (out[i * outputs + c] as number) + weight * (targets[row + c] as number)
    }
    for (let c = 0; c < outputs; c++)
      out[i * outputs + c] = from === to ? empty : (out[i * outputs + c] as number) / total
  }
  return createTensor('float64', [rows, outputs], out)
}
