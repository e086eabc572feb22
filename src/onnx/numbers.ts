import type { DType, TensorData } from '../tensor/dtype.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** Numbers as a constant: a number is of shape [], a list of shape [n]. */
export function numbers(dtype: DType, value: number | readonly number[]): Tensor {
  const list = typeof value === 'number' ? [value] : value
  const dims = typeof value === 'number' ? [] : [value.length]
  const { data } = createTensor(dtype, [list.length])
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array
  list.forEach((item, i) => {
    ;(data as unknown[])[i] = isBig ? BigInt(item) : item
  })
  return createTensor(dtype, dims, data as TensorData)
}

/** int64 numbers, as shapes, axes and indices are given. */
export const ints = (value: number | readonly number[]): Tensor => numbers('int64', value)
