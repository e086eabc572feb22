import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** The row [1, ...] as often as there are rows: [rows, ...]. */
export function repeatRow({ dtype, dims, data }: Tensor, rows: number): Tensor {
  const repeated = createTensor(dtype, [rows, ...dims.slice(1)])
  const [from, to] = [data as unknown[], repeated.data as unknown[]]
  for (let i = 0; i < to.length; i++) to[i] = from[i % from.length]
  return repeated
}
