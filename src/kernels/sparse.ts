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

/**
 * `features · matrix`, row by row in the order of the columns, as scipy's csr_matvecs sums.
 * @param matrix float64 [columns, outputs], or [columns]
 * @returns float64 [rows, outputs], or [rows]
 */
export function multiply({ dims, indptr, indices, data }: Sparse, matrix: Tensor): Tensor {
  const [rows] = dims
  const outputs = matrix.dims[1] ?? 1
  const weights = matrix.data as Float64Array
  const product = new Float64Array(rows * outputs)
  for (let row = 0; row < rows; row++) {
    const to = row * outputs
    const end = indptr[row + 1] as number
    for (let i = indptr[row] as number; i < end; i++) {
      const from = (indices[i] as number) * outputs
      const value = data[i] as number
      for (let j = 0; j < outputs; j++)
        product[to + j] = (product[to + j] as number) + value * (weights[from + j] as number)
    }
  }
  return createTensor('float64', matrix.dims.length === 1 ? [rows] : [rows, outputs], product)
}
