import { InferError, show } from '../errors.ts'
import type { Objects, Scalar, Sparse } from '../tensor/host-value.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { SparseRows } from './sparse.ts'

/** What a category is looked up by: Python says 1 == 1.0 == True, and a text equals no number. */
export type Key = string | number | null

export const keyOf = (cell: Scalar): Key => (typeof cell === 'string' || cell === null ? cell : Number(cell))

/** The categories of one column: what each stands for, and what all others do (`undefined`: they are refused). */
export interface Codes {
  readonly known: ReadonlyMap<Key, number>
  readonly unknown: number | undefined
}

/** A refusal says who refuses what of which column. */
export interface Encoder {
  readonly codes: readonly Codes[]
  readonly taker: string
  readonly names: readonly string[] | undefined
}

/**
 * One 1 for each column: `codes` say where in the row, -1 for nowhere.
 * @returns float64 [rows, width]
 */
export function oneHot(encoder: Encoder, table: Objects | Tensor, columns: readonly number[], width: number): Tensor {
  const rows = table.dims[0] ?? 0
  const hot = new Float64Array(rows * width)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns.length; i++) {
      const place = codeOf(encoder, table, columns, row, i)
      if (place >= 0) hot[row * width + place] = 1
    }
  }
  return createTensor('float64', [rows, width], hot)
}

/** The same as a sparse matrix. */
export function oneHotSparse(
  encoder: Encoder,
  table: Objects | Tensor,
  columns: readonly number[],
  width: number,
): Sparse {
  const rows = table.dims[0] ?? 0
  const hot = new SparseRows(rows, width)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns.length; i++) {
      const place = codeOf(encoder, table, columns, row, i)
      if (place >= 0) hot.push(place, 1)
    }
    hot.endRow()
  }
  return hot.done()
}

/**
 * `count` numbers for each column: those of its category in `values`, a matrix [codes, count] for each column.
 * @returns float64 [rows, columns * count]
 */
export function lookUp(
  encoder: Encoder,
  table: Objects | Tensor,
  columns: readonly number[],
  values: readonly Float64Array[],
  count = 1,
): Tensor {
  const rows = table.dims[0] ?? 0
  const found = new Float64Array(rows * columns.length * count)
  let to = 0
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns.length; i++) {
      const from = codeOf(encoder, table, columns, row, i) * count
      const list = values[i] as Float64Array
      for (let j = 0; j < count; j++) found[to++] = list[from + j] as number
    }
  }
  return createTensor('float64', [rows, columns.length * count], found)
}

function codeOf(
  { codes, taker, names }: Encoder,
  table: Objects | Tensor,
  columns: readonly number[],
  row: number,
  i: number,
): number {
  const column = columns[i] as number
  const cell = table.data[row * (table.dims[1] ?? 1) + column] as Scalar
  const { known, unknown } = codes[i] as Codes
  const code = known.get(keyOf(cell)) ?? unknown
  if (code !== undefined) return code
  const what = typeof cell === 'string' ? show(cell) : `${cell}`
  const name = names?.[i] ?? `${column}`
  throw new InferError('bad_request', `row ${row} has ${what} in column ${name}, a category that ${taker} has not seen`)
}
