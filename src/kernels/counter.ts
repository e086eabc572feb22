import type { Sparse } from '../tensor/host-value.ts'
import { SparseRows } from './sparse.ts'

/** Sums by column, row by row, as a sparse matrix. Reused from call to call: what it holds is cleared row by row. */
export class Counter {
  readonly #columns: number
  readonly #isBinary: boolean
  readonly #sums: Float64Array
  #touched = new Int32Array(256)
  readonly #isTouched: Uint8Array
  #count = 0
  #rows: SparseRows

  /** @param isBinary whether all sums are given as 1 */
  constructor(columns: number, isBinary: boolean) {
    this.#columns = columns
    this.#isBinary = isBinary
    this.#sums = new Float64Array(columns)
    this.#isTouched = new Uint8Array(columns)
    this.#rows = new SparseRows(0, columns)
  }

  begin(rows: number): void {
    for (let i = 0; i < this.#count; i++) this.#clear(this.#touched[i] as number)
    this.#count = 0
    this.#rows = new SparseRows(rows, this.#columns)
  }

  /** @param place the column, counted from 1; negative: less by the value; 0: nothing */
  add(place: number, value: number): void {
    if (place === 0) return
    const column = (place < 0 ? -place : place) - 1
    this.#sums[column] = (this.#sums[column] as number) + (place < 0 ? -value : value)
    if (this.#isTouched[column] === 1) return
    this.#isTouched[column] = 1
    if (this.#count === this.#touched.length) {
      const touched = new Int32Array(2 * this.#count)
      touched.set(this.#touched)
      this.#touched = touched
    }
    this.#touched[this.#count++] = column
  }

  endRow(): void {
    const touched = this.#touched.subarray(0, this.#count).sort()
    for (let i = 0; i < touched.length; i++) {
      const column = touched[i] as number
      this.#rows.push(column, this.#isBinary ? 1 : (this.#sums[column] as number))
      this.#clear(column)
    }
    this.#count = 0
    this.#rows.endRow()
  }

  done(): Sparse {
    return this.#rows.done()
  }

  #clear(column: number): void {
    this.#sums[column] = 0
    this.#isTouched[column] = 0
  }
}
