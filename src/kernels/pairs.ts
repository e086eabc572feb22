import type { HostValue, Sparse } from '../tensor/host-value.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** Rows of numbers, row-major. */
export interface Rows {
  readonly data: Float64Array
  readonly count: number
  readonly width: number
}

export const rowsOf = ({ data, dims }: Tensor): Rows => ({
  data: data as Float64Array,
  count: dims[0] as number,
  width: dims[1] as number,
})

/** A number for two rows, which begin at `i` and `j`. */
export type Pair = (a: Float64Array, i: number, b: Float64Array, j: number, width: number) => number

export const dot: Pair = (a, i, b, j, width) => {
  let sum = 0
  for (let c = 0; c < width; c++) sum += (a[i + c] as number) * (b[j + c] as number)
  return sum
}

export const squaredDistance: Pair = (a, i, b, j, width) => {
  let sum = 0
  for (let c = 0; c < width; c++) {
    const d = (a[i + c] as number) - (b[j + c] as number)
    sum += d * d
  }
  return sum
}

export const manhattanDistance: Pair = (a, i, b, j, width) => {
  let sum = 0
  for (let c = 0; c < width; c++) sum += Math.abs((a[i + c] as number) - (b[j + c] as number))
  return sum
}

/** `-Σ (x - y)² / (x + y)`, where the denominator is not zero. */
export const additiveChi2: Pair = (a, i, b, j, width) => {
  let sum = 0
  for (let c = 0; c < width; c++) {
    const [x, y] = [a[i + c] as number, b[j + c] as number]
    if (x + y !== 0) sum -= ((x - y) * (x - y)) / (x + y)
  }
  return sum
}

/** `pair` of every row of `x` with every row of `rows`: [x.count, rows.count]. */
export function pairwise(pair: Pair, x: Rows, rows: Rows): Float64Array {
  if (pair === squaredDistance) return squaredDistances(x, rows)
  if (pair === manhattanDistance) return manhattanDistances(x, rows)
  const { count, width } = rows
  const out = new Float64Array(x.count * count)
  for (let i = 0; i < x.count; i++)
    for (let j = 0; j < count; j++) out[i * count + j] = pair(x.data, i * width, rows.data, j * width, width)
  return out
}

/** Four rows at a time: each sum is still made in the order of the columns, but they do not wait for each other. */
export function squaredDistances(x: Rows, rows: Rows, out = new Float64Array(x.count * rows.count)): Float64Array {
  const { data: b, count, width } = rows
  const { data: a } = x
  const even = count - (count % 4)
  for (let i = 0; i < x.count; i++) {
    const from = i * width
    const to = i * count
    for (let j = 0; j < even; j += 4) {
      const at = j * width
      let [p, q, r, s] = [0, 0, 0, 0]
      for (let c = 0; c < width; c++) {
        const value = a[from + c] as number
        const dp = value - (b[at + c] as number)
        const dq = value - (b[at + width + c] as number)
        const dr = value - (b[at + 2 * width + c] as number)
        const ds = value - (b[at + 3 * width + c] as number)
        p += dp * dp
        q += dq * dq
        r += dr * dr
        s += ds * ds
      }
      out[to + j] = p
      out[to + j + 1] = q
      out[to + j + 2] = r
      out[to + j + 3] = s
    }
    for (let j = even; j < count; j++) out[to + j] = squaredDistance(a, from, b, j * width, width)
  }
  return out
}

/** The same of sums of differences. */
function manhattanDistances(x: Rows, rows: Rows): Float64Array {
  const out = new Float64Array(x.count * rows.count)
  const { data: b, count, width } = rows
  const { data: a } = x
  const even = count - (count % 4)
  for (let i = 0; i < x.count; i++) {
    const from = i * width
    const to = i * count
    for (let j = 0; j < even; j += 4) {
      const at = j * width
      let [p, q, r, s] = [0, 0, 0, 0]
      for (let c = 0; c < width; c++) {
        const value = a[from + c] as number
        const dp = value - (b[at + c] as number)
        const dq = value - (b[at + width + c] as number)
        const dr = value - (b[at + 2 * width + c] as number)
        const ds = value - (b[at + 3 * width + c] as number)
        p += Math.abs(dp)
        q += Math.abs(dq)
        r += Math.abs(dr)
        s += Math.abs(ds)
      }
      out[to + j] = p
      out[to + j + 1] = q
      out[to + j + 2] = r
      out[to + j + 3] = s
    }
    for (let j = even; j < count; j++) out[to + j] = manhattanDistance(a, from, b, j * width, width)
  }
  return out
}

/** `Σ x²` of each row. */
export function squaredNorms({ data, count, width }: Rows): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => dot(data, i * width, data, i * width, width))
}

/** The same of sparse rows. */
export const sparseNorms = ({ dims, indptr, data }: Sparse): Float64Array =>
  Float64Array.from({ length: dims[0] }, (_, i) =>
    data.subarray(indptr[i], indptr[i + 1]).reduce((sum, value) => sum + value * value, 0),
  )

/** Rows of length one; a row of zeros stays. */
export function unitRows({ data, count, width }: Rows): Rows {
  const unit = new Float64Array(data.length)
  for (let i = 0; i < count; i++) {
    const length = Math.sqrt(dot(data, i * width, data, i * width, width)) || 1
    for (let c = 0; c < width; c++) unit[i * width + c] = (data[i * width + c] as number) / length
  }
  return { data: unit, count, width }
}

/**
 * Scalar products of rows with sparse rows: float64 [rows, sparse rows], and `Σ x²` of each row [rows, 1].
 * @param x sparse, or float64 [rows, columns]
 */
export function sparseDots(x: HostValue, rows: Sparse): readonly [Tensor, Tensor] {
  const [count, width] = rows.dims
  const n = x.dims[0] as number
  const out = new Float64Array(n * count)
  const norms = new Float64Array(n)
  const row = new Float64Array(width)
  for (let i = 0; i < n; i++) {
    if (x.dtype === 'sparse') scatter(x as Sparse, i, row)
    else row.set(((x as Tensor).data as Float64Array).subarray(i * width, (i + 1) * width))
    norms[i] = dot(row, 0, row, 0, width)
    for (let j = 0; j < count; j++) {
      const end = rows.indptr[j + 1] as number
      let sum = 0
      for (let at = rows.indptr[j] as number; at < end; at++)
        sum += (row[rows.indices[at] as number] as number) * (rows.data[at] as number)
      out[i * count + j] = sum
    }
  }
  return [createTensor('float64', [n, count], out), createTensor('float64', [n, 1], norms)]
}

function scatter({ indptr, indices, data }: Sparse, from: number, row: Float64Array): void {
  row.fill(0)
  const end = indptr[from + 1] as number
  for (let at = indptr[from] as number; at < end; at++) row[indices[at] as number] = data[at] as number
}

/** `a · b`, each sum made in the order of the rows of `b`: [a's rows, b's columns]. */
export function orderedProduct(a: Tensor, b: Tensor): Tensor {
  const [rows = 0, inner = 0] = a.dims
  const columns = b.dims[1] as number
  const out = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const value = a.data[i * inner + k] as number
      for (let j = 0; j < columns; j++)
        out[i * columns + j] = (out[i * columns + j] as number) + value * (b.data[k * columns + j] as number)
    }
  }
  return createTensor('float64', [rows, columns], out)
}
