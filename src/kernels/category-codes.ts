import type { Objects } from '../tensor/host-value.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { numbersOf } from './table.ts'

export interface CategoryCodes {
  /** The columns of the result: first those with categories, then numbers as they are. */
  readonly columns: readonly number[]
  /** By column with categories: the code of each. */
  readonly codes: readonly ReadonlyMap<number | string, number>[]
  readonly names: readonly string[] | undefined
}

/** Categories as their codes, NaN where they are missing or unknown: float64 [rows, columns]. */
export function codesOf(table: Tensor | Objects, { columns, codes, names }: CategoryCodes): Tensor {
  const [rows = 0, given = 1] = table.dims
  const width = columns.length
  const result = new Float64Array(rows * width)
  codes.forEach((codeOf, to) => {
    for (let row = 0; row < rows; row++) {
      const cell = table.data[row * given + (columns[to] as number)] as Objects['data'][number]
      const key = typeof cell === 'string' || cell === null ? cell : Number(cell)
      result[row * width + to] = (key === null ? undefined : codeOf.get(key)) ?? Number.NaN
    }
  })
  const others = columns.slice(codes.length)
  const numbers = numbersIn(table, others, names)
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < others.length; i++)
      result[row * width + codes.length + i] = numbers[row * others.length + i] as number
  return createTensor('float64', [rows, width], result)
}

function numbersIn(table: Tensor | Objects, columns: readonly number[], names?: readonly string[]): Float64Array {
  const [rows = 0, given = 1] = table.dims
  if (table.dtype === 'object')
    return numbersOf(table, columns, names && columns.map((column) => names[column] as string)).data as Float64Array
  const data = table.data as Float64Array
  return Float64Array.from({ length: rows * columns.length }, (_, i) => {
    const row = Math.floor(i / columns.length)
    return data[row * given + (columns[i % columns.length] as number)] as number
  })
}
