import { attributesOf, isArray, isObject, itemsOf, type Value } from '../../formats/values.ts'
import { createTensor, sizeOf, type Tensor } from '../../tensor/tensor.ts'
import { numberOf, toFloats } from './estimator.ts'

/** 1 GiB of float64. */
const MAX_CELLS = 2 ** 27

/** A scipy csr or csc matrix (or array) as float64 [rows, columns], [1, columns] of one dimension; `undefined` of all else. */
export function sparseMatrix(value: Value | undefined): Tensor | undefined {
  if (!isObject(value) || !/^scipy\.sparse\.(.*\.)?cs[rc]_(matrix|array)$/.test(value.type)) return undefined
  const state = attributesOf(value)
  const lengths = itemsOf(state.get('_shape'))?.map((length) => numberOf(length) ?? 0)
  const shape = lengths?.length === 1 ? [1, ...lengths] : lengths
  const [data, indices, indptr] = ['data', 'indices', 'indptr'].map((name) => state.get(name))
  if (shape?.length !== 2 || !isArray(data) || !isArray(indices) || !isArray(indptr)) return undefined
  if (!shape.every(Number.isSafeInteger) || sizeOf(shape) > MAX_CELLS) return undefined
  const [columns, starts, values] = [toFloats(indices), toFloats(indptr), toFloats(data)]
  const width = shape[1] as number
  const isByRow = /csr_(matrix|array)$/.test(value.type)
  const dense = new Float64Array((shape[0] as number) * width)
  for (let line = 0; line + 1 < starts.length; line++) {
    for (let i = starts[line] as number; i < (starts[line + 1] as number); i++) {
      const [row, column] = isByRow ? [line, columns[i] as number] : [columns[i] as number, line]
      dense[row * width + column] = (dense[row * width + column] as number) + (values[i] as number)
    }
  }
  return createTensor('float64', shape, dense)
}
