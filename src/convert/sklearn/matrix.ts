import type { InferError } from '../../errors.ts'
import { attributesOf, isArray, isGlobal, isObject, itemsOf, type Value } from '../../formats/values.ts'
import { densify } from '../../kernels/sparse.ts'
import type { Sparse } from '../../tensor/host-value.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { type Estimator, toFloats } from './estimator.ts'

/** A fitted matrix: float64 [rows, columns], or rows of a sparse matrix as scipy's csr keeps them. */
export type Matrix = Tensor | Sparse

/**
 * A matrix that is an array or a sparse matrix of scipy (csr; csc is turned). @throws InferError bad_model for others
 */
export function matrixOf(model: Estimator, ...names: readonly string[]): Matrix {
  const value = model.raw(...names)
  if (!isObject(value)) return model.floats(...names)
  return sparseOf(value, (what) => model.broken(names, what))
}

/** The same, always dense. */
export function denseOf(model: Estimator, ...names: readonly string[]): Tensor {
  const matrix = matrixOf(model, ...names)
  return matrix.dtype === 'sparse' ? densify(matrix as Sparse) : (matrix as Tensor)
}

function sparseOf(value: Value, fail: (what: string) => InferError): Sparse {
  if (!isObject(value)) throw fail('is no matrix')
  const name = value.type.slice(value.type.lastIndexOf('.') + 1)
  if (!/^cs[rc]_(matrix|array)$/.test(name)) throw fail(`is ${value.type}, not a csr or csc matrix`)
  const attributes = attributesOf(value)
  const shape = itemsOf(attributes.get('_shape') ?? attributes.get('shape'))?.map(Number) ?? []
  const [rows, columns] = shape
  const floats = (key: string): Float64Array => {
    const array = attributes.get(key)
    if (!isArray(array)) throw fail(`has no ${key}`)
    return toFloats(array)
  }
  if (rows === undefined || columns === undefined) throw fail('has no shape')
  const [indptr, indices, data] = [floats('indptr'), floats('indices'), floats('data')]
  return name.startsWith('csr')
    ? sorted(rows, columns, indptr, indices, data, fail)
    : turned(sorted(columns, rows, indptr, indices, data, fail))
}

/** Columns ascending, repeated ones added up, everything within bounds. */
function sorted(
  rows: number,
  columns: number,
  indptr: Float64Array,
  indices: Float64Array,
  data: Float64Array,
  fail: (what: string) => InferError,
): Sparse {
  if (indptr.length !== rows + 1) throw fail(`has ${indptr.length} row positions for ${rows} rows`)
  const [starts, at, values] = [new Int32Array(rows + 1), [] as number[], [] as number[]]
  for (let row = 0; row < rows; row++) {
    const [start, end] = [indptr[row] as number, indptr[row + 1] as number]
    if (!(start >= 0 && start <= end && end <= Math.min(indices.length, data.length)))
      throw fail(`has a row ${row} that is not there`)
    const order = Array.from({ length: end - start }, (_, i) => start + i)
    order.sort((a, b) => (indices[a] as number) - (indices[b] as number))
    let last = -1
    for (const i of order) {
      const column = indices[i] as number
      if (!(Number.isInteger(column) && column >= 0 && column < columns)) throw fail(`has no column ${column}`)
      if (column === last) values[values.length - 1] = (values.at(-1) as number) + (data[i] as number)
      else {
        at.push(column)
        values.push(data[i] as number)
      }
      last = column
    }
    starts[row + 1] = at.length
  }
  return {
    dtype: 'sparse',
    dims: [rows, columns],
    indptr: starts,
    indices: Int32Array.from(at),
    data: Float64Array.from(values),
  }
}

function turned({ dims: [rows, columns], indptr, indices, data }: Sparse): Sparse {
  const starts = new Int32Array(columns + 1)
  for (const column of indices) starts[column + 1] = (starts[column + 1] as number) + 1
  for (let i = 0; i < columns; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number)
  const next = starts.slice()
  const [at, values] = [new Int32Array(indices.length), new Float64Array(data.length)]
  for (let row = 0; row < rows; row++) {
    for (let i = indptr[row] as number; i < (indptr[row + 1] as number); i++) {
      const to = next[indices[i] as number] as number
      next[indices[i] as number] = to + 1
      at[to] = row
      values[to] = data[i] as number
    }
  }
  return { dtype: 'sparse', dims: [columns, rows], indptr: starts, indices: at, data: values }
}

/** Float64 rows as a tensor. */
export const tensorOf = (rows: number, columns: number, data: Float64Array): Tensor =>
  createTensor('float64', [rows, columns], data)

/** Whether a parameter is a function or an object in place of a name. */
export const isCallable = (value: Value | undefined): boolean => isGlobal(value) || isObject(value)
