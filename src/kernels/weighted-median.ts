import { createTensor, type Tensor } from '../tensor/tensor.ts'

/**
 * Row by row, the first value, in ascending order, at which the weights so far are half of all or more.
 * @param values float64 [rows, n]
 * @param weights at least n
 * @returns float64 [rows]
 */
export function weightedMedian(values: Tensor, weights: Float64Array): Tensor {
  const [rows = 0, count = 0] = values.dims
  const data = values.data as Float64Array
  const medians = new Float64Array(rows)
  const order = new Uint32Array(count)
  for (let row = 0; row < rows; row++) {
    const mine = data.subarray(row * count, (row + 1) * count)
    for (let i = 0; i < count; i++) order[i] = i
    order.sort((a, b) => (mine[a] as number) - (mine[b] as number))
    let total = 0
    for (const i of order) total += weights[i] as number
    let sum = 0
    let at = 0
    for (; at < count - 1; at++) {
      sum += weights[order[at] as number] as number
      if (sum >= 0.5 * total) break
    }
    medians[row] = mine[order[at] as number] as number
  }
  return createTensor('float64', [rows], medians)
}
