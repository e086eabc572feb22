import type { Objects, Scalar } from '../tensor/host-value.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** Some columns of a table, with each column's fill in place of what is missing. */
export function fillMissing(
  table: Objects | Tensor,
  columns: readonly number[],
  missing: number | string,
  fills: readonly Scalar[],
): Objects {
  const [rows = 0, width = 1] = table.dims
  const data: Scalar[] = []
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns.length; i++) {
      const cell = table.data[row * width + (columns[i] as number)] as Scalar
      data.push(isMissing(cell, missing) ? (fills[i] as Scalar) : cell)
    }
  }
  return { dtype: 'object', dims: [rows, columns.length], data }
}

/** 1 where something is missing, else 0: float64 [rows, columns]. */
export function missingIn(table: Objects | Tensor, columns: readonly number[], missing: number | string): Tensor {
  const [rows = 0, width = 1] = table.dims
  const found = new Float64Array(rows * columns.length)
  for (let i = 0; i < found.length; i++) {
    const row = Math.floor(i / columns.length)
    const cell = table.data[row * width + (columns[i % columns.length] as number)] as Scalar
    found[i] = Number(isMissing(cell, missing))
  }
  return createTensor('float64', [rows, columns.length], found)
}

function isMissing(cell: Scalar, missing: number | string): boolean {
  if (typeof missing === 'string' || typeof cell === 'string') return cell === missing
  if (Number.isNaN(missing)) return cell === null || Number.isNaN(cell)
  return cell !== null && Number(cell) === missing
}
