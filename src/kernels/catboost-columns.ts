import { InferError, show } from '../errors.ts'
import type { Objects } from '../tensor/host-value.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { cityHash64 } from './city-hash.ts'

/** `MAGIC_MULT` of CatBoost's `CalcHash` (catboost/libs/model/hash.h). */
const MULTIPLIER = 0x4906ba494954cb65n

/** Part of what is hashed: a category, whether a number is above a border, whether a category is this one. */
export type HashPart =
  | { readonly category: number }
  | { readonly column: number; readonly nan: number; readonly above: number }
  | { readonly category: number; readonly is: number }

/** A column that trees look at, of a row's numbers and the hashes of its categories. */
export type Column =
  /** A number in float32, and what stands for NaN. */
  | { readonly column: number; readonly nan: number }
  /** 1 for one category, 0 for all others. */
  | { readonly category: number; readonly is: number }
  | Statistic

/** What the training has counted of a category, or of a combination of such. */
export interface Statistic {
  readonly parts: readonly HashPart[]
  /** By hash, a place in the two lists: the numerator and the denominator of the value, before the priors. */
  readonly index: ReadonlyMap<bigint, number>
  readonly counts: Float64Array
  readonly totals: Float64Array
  /** The denominator of a hash that is not there. */
  readonly missing: number
  readonly prior: number
  readonly denominator: number
  readonly shift: number
  readonly scale: number
}

/**
 * The columns that CatBoost's trees look at, in float32
 * (https://github.com/catboost/catboost/blob/v1.2.7/catboost/libs/model/static_ctr_provider.cpp).
 * @param numbers float64 [rows, floats]
 * @param hashes int32 [rows, categories]
 * @returns float64 [rows, columns]
 */
export function catboostColumns(columns: readonly Column[], numbers: Tensor, hashes: Tensor): Tensor {
  const [rows = 0, floats = 0] = numbers.dims
  const categories = hashes.dims[1] ?? 0
  const singles = Float32Array.from(numbers.data as Float64Array)
  const codes = hashes.data as Int32Array
  const made = new Float64Array(rows * columns.length)
  for (let row = 0; row < rows; row++) {
    const x = singles.subarray(row * floats, (row + 1) * floats)
    const codesOfRow = codes.subarray(row * categories, (row + 1) * categories)
    for (let i = 0; i < columns.length; i++)
      made[row * columns.length + i] = cellOf(columns[i] as Column, x, codesOfRow)
  }
  return createTensor('float64', [rows, columns.length], made)
}

function cellOf(column: Column, x: Float32Array, codes: Int32Array): number {
  if ('nan' in column) return numberOf(column, x)
  if ('is' in column) return codes[column.category] === column.is ? 1 : 0
  const { prior, denominator, shift, scale } = column
  const place = column.index.get(hashOf(column.parts, x, codes))
  const count = place === undefined ? 0 : (column.counts[place] as number)
  const total = place === undefined ? column.missing : (column.totals[place] as number)
  const ratio = Math.fround(Math.fround(Math.fround(count) + prior) / Math.fround(Math.fround(total) + denominator))
  return Math.fround(Math.fround(ratio + shift) * scale)
}

function numberOf({ column, nan }: { readonly column: number; readonly nan: number }, x: Float32Array): number {
  const value = x[column] as number
  return Number.isNaN(value) ? nan : value
}

function hashOf(parts: readonly HashPart[], x: Float32Array, codes: Int32Array): bigint {
  let hash = 0n
  for (const part of parts) {
    const value =
      'above' in part
        ? Number(numberOf(part, x) > part.above)
        : 'is' in part
          ? Number(codes[part.category] === part.is)
          : (codes[part.category] as number)
    hash = BigInt.asUintN(64, MULTIPLIER * (hash + MULTIPLIER * BigInt(value)))
  }
  return hash
}

/** Distinct texts whose hashes are remembered while a request runs. */
const MAX_KNOWN = 10_000

/**
 * The hashes of categories, the low 32 bits of CityHash64 of their text; whole numbers are their digits, as CatBoost's
 * Python package has it.
 * @param chosen the columns that are categories
 * @returns int32 [rows, chosen]
 * @throws InferError bad_request with the row, the column and the value
 */
export function categoryHashes(
  { dims, data }: Objects | Tensor,
  chosen: readonly number[],
  names?: readonly string[],
): Tensor {
  const [rows = 0, width = 1] = dims
  const known = new Map<string, number>()
  const hashes = new Int32Array(rows * chosen.length)
  for (let i = 0; i < hashes.length; i++) {
    const row = Math.floor(i / chosen.length)
    const column = chosen[i % chosen.length] as number
    const cell = data[row * width + column] as Objects['data'][number]
    const text = textOf(cell)
    if (text === undefined)
      throw new InferError(
        'bad_request',
        `row ${row} has ${show(cell)} in column ${names?.[column] ?? column}, whose categories are texts or whole numbers`,
      )
    let hash = known.get(text)
    if (hash === undefined) {
      hash = Number(BigInt.asIntN(32, cityHash64(new TextEncoder().encode(text))))
      if (known.size < MAX_KNOWN) known.set(text, hash)
    }
    hashes[i] = hash
  }
  return createTensor('int32', [rows, chosen.length], hashes)
}

function textOf(cell: Objects['data'][number]): string | undefined {
  if (typeof cell === 'string') return cell
  if (typeof cell === 'bigint') return cell.toString()
  if (typeof cell === 'boolean') return cell ? '1' : '0'
  return typeof cell === 'number' && Number.isInteger(cell) ? BigInt(cell).toString() : undefined
}
