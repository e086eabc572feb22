import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** One number of several. */
export type Pooling = (values: Float64Array) => number

/** By numpy's name. */
export const POOLINGS = {
  max: (values) => values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  median: (values) => {
    const sorted = values.slice().sort()
    const half = sorted.length >> 1
    const upper = sorted[half] as number
    return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2
  },
  min: (values) => values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
  prod: (values) => values.reduce((product, value) => product * value, 1),
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
} as const satisfies Record<string, Pooling>

/** One column for each group of columns. @param x float64 [rows, columns] @returns float64 [rows, groups] */
export function poolColumns(groups: readonly Int32Array[], pooling: Pooling, x: Tensor): Tensor {
  const [rows = 0, columns = 0] = x.dims
  const cells = x.data as Float64Array
  const pooled = new Float64Array(rows * groups.length)
  const held = groups.map((group) => new Float64Array(group.length))
  for (let row = 0; row < rows; row++) {
    groups.forEach((group, at) => {
      const values = held[at] as Float64Array
      for (let i = 0; i < group.length; i++) values[i] = cells[row * columns + (group[i] as number)] as number
      pooled[row * groups.length + at] = pooling(values)
    })
  }
  return createTensor('float64', [rows, groups.length], pooled)
}
