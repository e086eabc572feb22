import type { Tensor } from './tensor.ts'

/** A cell of a table as JSON has it; `null` is a missing value. */
export type Scalar = string | number | bigint | boolean | null

/** Values of mixed types, row-major: the columns of a table, or texts. */
export interface Objects {
  readonly dtype: 'object'
  readonly dims: readonly number[]
  readonly data: readonly Scalar[]
}

/**
 * A sparse float64 matrix, row by row: row r has the values `data[indptr[r]] .. data[indptr[r + 1] - 1]` at the
 * columns `indices[..]`, ascending and each once.
 */
export interface Sparse {
  readonly dtype: 'sparse'
  readonly dims: readonly [rows: number, columns: number]
  readonly indptr: Int32Array
  readonly indices: Int32Array
  readonly data: Float64Array
}

/** What flows between the stages of a plan. */
export type HostValue = Tensor | Objects | Sparse

export type HostType = HostValue['dtype']

/** Rows by name, as a request gives them: `cells` row-major, a row of one text where `texts`. It crosses as JSON. */
export interface Table {
  readonly names?: readonly string[]
  readonly rows: number
  readonly cells: readonly Scalar[]
  readonly texts?: boolean
}
