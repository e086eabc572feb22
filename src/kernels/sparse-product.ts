import type { Sparse } from '../tensor/host-value.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** `x · mᵀ`: x float64 [rows, columns], m sparse [outputs, columns]; gives float64 [rows, outputs]. */
export function timesSparse({ dims, indptr, indices, data }: Sparse, x: Tensor): Tensor {
  const [outputs, columns] = dims
  const rows = x.dims[0] as number
  const cells = x.data as Float64Array
  const sums = new Float64Array(rows * outputs)
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      const end = indptr[output + 1] as number
      let sum = 0
      for (let i = indptr[output] as number; i < end; i++)
        sum += (data[i] as number) * (cells[row * columns + (indices[i] as number)] as number)
      sums[row * outputs + output] = sum
    }
  }
  return createTensor('float64', [rows, outputs], sums)
}
