import type { Sparse } from '../tensor/host-value.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** float64 [rows, columns]. */
export function densify({ dims, indptr, indices, data }: Sparse): Tensor {
  const [rows, columns] = dims
  const dense = new Float64Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    const end = indptr[row + 1] as number
    for (let i = indptr[row] as number; i < end; i++) dense[row * columns + (indices[i] as number)] = data[i] as number
  }
  return createTensor('float64', dims, dense)
}
