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

/**
 * Some columns. `places`: by column, where it goes, -1 for nowhere; several columns never go to one place.
 */
export function selectSparse(matrix: Sparse, places: Int32Array, width: number): Sparse {
  const { dims, indptr, indices, data } = matrix
  const rows = new SparseRows(dims[0], width)
  for (let row = 0; row < dims[0]; row++) {
    const kept: [number, number][] = []
    const end = indptr[row + 1] as number
    for (let i = indptr[row] as number; i < end; i++) {
      const place = places[indices[i] as number] as number
      if (place >= 0) kept.push([place, data[i] as number])
    }
    kept.sort((a, b) => a[0] - b[0])
    for (const [place, value] of kept) rows.push(place, value)
    rows.endRow()
  }
  return rows.done()
}

/** Side by side; of a dense matrix the zeros are left out. */
export function stackSparse(matrices: readonly (Sparse | Tensor)[]): Sparse {
  const [first] = matrices
  const height = first?.dims[0] ?? 0
  const rows = new SparseRows(
    height,
    matrices.reduce((width, { dims }) => width + (dims[1] ?? 1), 0),
  )
  for (let row = 0; row < height; row++) {
    let offset = 0
    for (const matrix of matrices) {
      const width = matrix.dims[1] ?? 1
      if (matrix.dtype === 'sparse') {
        const end = matrix.indptr[row + 1] as number
        for (let i = matrix.indptr[row] as number; i < end; i++)
          rows.push(offset + (matrix.indices[i] as number), matrix.data[i] as number)
      } else {
        const cells = matrix.data as Float64Array
        for (let i = 0; i < width; i++) {
          const value = cells[row * width + i] as number
          if (value !== 0) rows.push(offset + i, value)
        }
      }
      offset += width
    }
    rows.endRow()
  }
  return rows.done()
}

/** A sparse matrix under construction, row by row, the columns of a row ascending. */
export class SparseRows {
  readonly #dims: readonly [number, number]
  readonly #indptr: Int32Array
  #row = 0
  #count = 0
  #indices = new Int32Array(256)
  #data = new Float64Array(256)

  constructor(rows: number, columns: number) {
    this.#dims = [rows, columns]
    this.#indptr = new Int32Array(rows + 1)
  }

  push(column: number, value: number): void {
    if (this.#count === this.#data.length) {
      const [indices, data] = [this.#indices, this.#data]
      this.#indices = new Int32Array(2 * this.#count)
      this.#data = new Float64Array(2 * this.#count)
      this.#indices.set(indices)
      this.#data.set(data)
    }
    this.#indices[this.#count] = column
    this.#data[this.#count++] = value
  }

  endRow(): void {
    this.#indptr[++this.#row] = this.#count
  }

  done(): Sparse {
    const indices = this.#indices.subarray(0, this.#count)
    return {
      dtype: 'sparse',
      dims: this.#dims,
      indptr: this.#indptr,
      indices,
      data: this.#data.subarray(0, this.#count),
    }
  }
}

/** Each value by its column and itself: `change(value, column)`. Zeros stay zeros. */
export function mapSparse(matrix: Sparse, change: (value: number, column: number) => number): Sparse {
  const data = new Float64Array(matrix.data.length)
  for (let i = 0; i < data.length; i++) data[i] = change(matrix.data[i] as number, matrix.indices[i] as number)
  return { ...matrix, data }
}

/** Rows divided by their length; a row of zeros stays. */
export function normalizeRows(matrix: Sparse, norm: 'l1' | 'l2' | 'max'): Sparse {
  const { dims, indptr } = matrix
  const data = matrix.data.slice()
  for (let row = 0; row < dims[0]; row++) {
    const start = indptr[row] as number
    const end = indptr[row + 1] as number
    let length = 0
    for (let i = start; i < end; i++) {
      const value = Math.abs(data[i] as number)
      length = norm === 'max' ? Math.max(length, value) : length + (norm === 'l2' ? value * value : value)
    }
    if (length === 0) continue
    if (norm === 'l2') length = Math.sqrt(length)
    for (let i = start; i < end; i++) data[i] = (data[i] as number) / length
  }
  return { ...matrix, data }
}

/** A dense matrix without its zeros. */
export const toSparse = (matrix: Tensor): Sparse => stackSparse([matrix])
