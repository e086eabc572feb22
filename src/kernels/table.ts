import { InferError, show } from '../errors.ts'
import type { Objects } from '../tensor/host-value.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

type Cell = Objects['data'][number]

/**
 * The numbers of some columns of a table: float64 [rows, columns]; `null` is NaN, booleans are 1 and 0, text that
 * spells a number is that number, as numpy's conversion of objects has it.
 * @throws InferError bad_request with the row, the column and the value
 */
export function numbersOf(table: Objects | Tensor, columns: readonly number[], names?: readonly string[]): Tensor {
  const [rows = 0, width = 1] = table.dims
  const count = columns.length
  if (table.dtype === 'float64' && table.dims.length === 2 && count === width && columns.every((c, i) => c === i))
    return table
  const numbers = new Float64Array(rows * count)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < count; i++) {
      const cell = table.data[row * width + (columns[i] as number)] as Cell
      if (typeof cell === 'number') {
        numbers[row * count + i] = cell
        continue
      }
      const number = typeof cell === 'string' ? numberIn(cell) : cell === null ? Number.NaN : Number(cell)
      if (number === undefined) {
        const column = names?.[i] ?? `${columns[i]}`
        throw new InferError('bad_request', `row ${row} has ${show(cell)} in column ${column}, which takes numbers`)
      }
      numbers[row * count + i] = number
    }
  }
  return createTensor('float64', [rows, count], numbers)
}

/** Columns of several tables and matrices side by side: what is missing in a matrix is `null`. */
export function joinTables(tables: readonly (Objects | Tensor)[], columns: readonly (readonly number[])[]): Objects {
  const rows = tables[0]?.dims[0] ?? 0
  const data: Cell[] = []
  for (let row = 0; row < rows; row++) {
    for (const [i, table] of tables.entries()) {
      const width = table.dims[1] ?? 1
      for (const column of columns[i] as readonly number[]) {
        const cell = table.data[row * width + column] as Cell
        data.push(Number.isNaN(cell) ? null : cell)
      }
    }
  }
  return { dtype: 'object', dims: [rows, columns.reduce((width, some) => width + some.length, 0)], data }
}

/** What Python's `float` makes of a text. */
function numberIn(text: string): number | undefined {
  const bare = text.trim().replace(/(?<=\d)_(?=\d)/g, '')
  const special = SPECIAL[bare.toLowerCase().replace(/^\+/, '')]
  if (special !== undefined) return special
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(bare) ? Number(bare) : undefined
}

const SPECIAL: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  nan: Number.NaN,
  '-nan': Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  '-infinity': Number.NEGATIVE_INFINITY,
})

/** Some columns of a table, in the order asked for. */
export function selectColumns({ dims, data }: Objects, columns: readonly number[]): Objects {
  const [rows = 0, width = 1] = dims
  const chosen: Cell[] = []
  for (let row = 0; row < rows; row++) for (const column of columns) chosen.push(data[row * width + column] as Cell)
  return { dtype: 'object', dims: [rows, columns.length], data: chosen }
}

/**
 * What an estimator takes of numbers that are none, as scikit-learn's `force_all_finite` says. Text that spells such a
 * number is one, but to those for whom text is text.
 */
export type Finiteness = 'finite' | 'finite or missing' | 'finite, missing or text'

/**
 * Refuses rows that an estimator would refuse, in place of answering nonsense.
 * @throws InferError bad_request with the row, the column and who takes no such value
 */
export function checkFinite(
  table: Tensor | Objects,
  columns: readonly number[],
  finiteness: Finiteness,
  taker: string,
  names?: readonly string[],
): void {
  if (table.dtype === 'float64' && areFinite(table.data as Float64Array)) return
  const [rows = 0, width = 1] = table.dims
  for (let row = 0; row < rows; row++) {
    for (const column of columns) {
      if (column < 0) continue
      const cell = table.data[row * width + column] as Cell
      const value = typeof cell === 'string' && finiteness !== 'finite, missing or text' ? numberIn(cell) : cell
      const isMissing = value === null || Number.isNaN(value)
      if (isMissing ? finiteness !== 'finite' : value !== Infinity && value !== -Infinity) continue
      const name = names?.[column] ?? `${column}`
      const what = cell === null || Number.isNaN(cell) ? 'no value' : show(String(cell))
      throw new InferError('bad_request', `row ${row} has ${what} in column ${name}, which ${taker} does not take`)
    }
  }
}

/** Whether no number is infinite or NaN: what is, is not zero when taken from itself. Four sums go on at once. */
function areFinite(numbers: Float64Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0]
  const whole = numbers.length & ~3
  for (let i = 0; i < whole; i += 4) {
    const [p, q] = [numbers[i] as number, numbers[i + 1] as number]
    const [r, s] = [numbers[i + 2] as number, numbers[i + 3] as number]
    a += p - p
    b += q - q
    c += r - r
    d += s - s
  }
  for (let i = whole; i < numbers.length; i++) a += (numbers[i] as number) - (numbers[i] as number)
  return a + b + c + d === 0
}
