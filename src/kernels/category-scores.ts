import { InferError } from '../errors.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/**
 * For each row, the sum over its columns of the row of that column's table which the value, cut to an integer, numbers;
 * and `start`. @param tables each float64 [categories, outputs] @param x float64 [rows, tables]
 * @returns float64 [rows, outputs]
 * @throws InferError bad_request for a number that a table has not; `taker` is who does not take it
 */
export function addCategoryScores(tables: readonly Tensor[], start: Float64Array, x: Tensor, taker: string): Tensor {
  const [rows = 0, columns = 0] = x.dims
  const outputs = start.length
  const sums = new Float64Array(rows * outputs)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const { data, dims } = tables[column] as Tensor
      const category = Math.trunc(x.data[row * columns + column] as number)
      if (!(category >= 0 && category < (dims[0] as number)))
        throw new InferError(
          'bad_request',
          `row ${row} has category ${category} in column ${column}, where ${taker} knows 0 to ${(dims[0] as number) - 1}`,
        )
      for (let i = 0; i < outputs; i++)
        sums[row * outputs + i] = (sums[row * outputs + i] as number) + (data[category * outputs + i] as number)
    }
    for (let i = 0; i < outputs; i++)
      sums[row * outputs + i] = (sums[row * outputs + i] as number) + (start[i] as number)
  }
  return createTensor('float64', [rows, outputs], sums)
}
