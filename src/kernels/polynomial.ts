import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** Products of columns, each an earlier product times one more column. */
export interface Products {
  /** By product: the product that it extends, -1 for none (the empty product is 1). */
  readonly parent: Int32Array
  /** By product: the column, -1 where the product is empty. */
  readonly column: Int32Array
  /** The products that are given, in order; the others are only steps to them. */
  readonly given: Int32Array
}

/** @returns float64 [rows, given] */
export function multiplyColumns({ parent, column, given }: Products, x: Tensor): Tensor {
  const [rows = 0, width = 1] = x.dims
  const from = x.data as Float64Array
  const isWhole = given.length === parent.length
  const scratch = new Float64Array(parent.length)
  const products = new Float64Array(rows * given.length)
  for (let row = 0; row < rows; row++) {
    const made = isWhole ? products.subarray(row * given.length, (row + 1) * given.length) : scratch
    for (let i = 0; i < parent.length; i++) {
      const factor = column[i] as number
      const extended = parent[i] as number
      const value = factor < 0 ? 1 : (from[row * width + factor] as number)
      made[i] = extended < 0 ? value : (made[extended] as number) * value
    }
    if (!isWhole)
      for (let i = 0; i < given.length; i++) products[row * given.length + i] = made[given[i] as number] as number
  }
  return createTensor('float64', [rows, given.length], products)
}
