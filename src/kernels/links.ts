import { InferError } from '../errors.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/**
 * From the sum of a booster's trees to its prediction, for [rows, outputs]: element by element, or a row at a time.
 * With `round` as `Math.fround`, each step is rounded to float32 as XGBoost computes.
 */
export type Round = (value: number) => number

/** `1 / (1 + exp(-scale * x))` */
export const logistic = (sums: Tensor, round: Round, scale = 1): Tensor =>
  each(sums, (x) => round(1 / round(round(Math.exp(-scale * x)) + 1)))

export const exponential = (sums: Tensor, round: Round): Tensor => each(sums, (x) => round(Math.exp(x)))

export function each({ dims, data }: Tensor, map: (value: number) => number): Tensor {
  return createTensor('float64', dims, (data as Float64Array).map(map))
}

/** `exp(x - max) / sum`, row by row. */
export function softmax({ dims, data }: Tensor, round: Round): Tensor {
  const [rows = 0, columns = 0] = dims
  const from = data as Float64Array
  const to = new Float64Array(from.length)
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    let top = Number.NEGATIVE_INFINITY
    for (let i = start; i < start + columns; i++) top = Math.max(top, from[i] as number)
    let sum = 0
    for (let i = start; i < start + columns; i++) {
      to[i] = round(Math.exp(round((from[i] as number) - top)))
      sum += to[i] as number
    }
    sum = round(sum)
    for (let i = start; i < start + columns; i++) to[i] = round((to[i] as number) / sum)
  }
  return createTensor('float64', dims, to)
}

/** [rows] of the only column; or [rows, columns] as it is. */
export const flat = (matrix: Tensor): Tensor =>
  matrix.dims[1] === 1 ? { ...matrix, dims: [matrix.dims[0] as number] } : matrix

/** [rows, 2] of the probabilities [rows, 1] of the second class. */
export function pairs({ dims, data }: Tensor, round: Round): Tensor {
  const rows = dims[0] as number
  const both = new Float64Array(2 * rows)
  for (let row = 0; row < rows; row++) {
    const second = data[row] as number
    both[2 * row] = round(1 - second)
    both[2 * row + 1] = second
  }
  return createTensor('float64', [rows, 2], both)
}

/** The first of the largest of each row: positions [rows]. */
export function largest({ dims, data }: Tensor): Int32Array {
  const [rows = 0, columns = 0] = dims
  const places = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    for (let i = 1; i < columns; i++) {
      const best = data[row * columns + (places[row] as number)] as number
      if ((data[row * columns + i] as number) > best) places[row] = i
    }
  }
  return places
}

/** The labels at positions: a tensor of their dtype, [rows]. */
export function labelsFrom(labels: Tensor, places: Int32Array): Tensor {
  const { data } = labels
  const chosen = Array.isArray(data)
    ? new Array<string>(places.length)
    : new (data.constructor as Float64ArrayConstructor)(places.length)
  for (let row = 0; row < places.length; row++) {
    const place = places[row] as number
    if (place >= data.length) throw new InferError('bad_model', `class ${place} has no label; there are ${data.length}`)
    ;(chosen as unknown[])[row] = data[place]
  }
  return createTensor(labels.dtype, [places.length], chosen)
}

/** float32 of float64. */
export const single = ({ dims, data }: Tensor): Tensor =>
  createTensor('float32', dims, Float32Array.from(data as Float64Array))
