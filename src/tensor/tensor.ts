import { InferError } from '../errors.ts'
import { createData, type DType, kindOf, type TensorData } from './dtype.ts'
import { fromHalfBits } from './half.ts'

/** Row-major values of one dtype. `data` holds `sizeOf(dims)` elements (twice as many numbers when complex). */
export interface Tensor {
  readonly dtype: DType
  readonly dims: readonly number[]
  readonly data: TensorData
}

/** A tensor with the name that the model, or the caller, gives it. */
export interface NamedTensor extends Tensor {
  readonly name: string
}

/** Number of elements: the product of `dims`; 1 for a scalar. */
export const sizeOf = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1)

export function createTensor(dtype: DType, dims: readonly number[], data?: TensorData): Tensor {
  const count = sizeOf(dims)
  if (data === undefined) return { dtype, dims, data: createData(dtype, count) }
  const held = kindOf(dtype) === 'complex' ? data.length / 2 : data.length
  if (held !== count) throw new InferError('internal', `a tensor of shape [${dims}] was given ${held} values`)
  return { dtype, dims, data }
}

/** One element as a plain value: half bits become a number, 0/1 of a bool become false/true. Not for complex. */
export function valueAt(tensor: Tensor, index: number): number | bigint | boolean | string {
  const value = tensor.data[index] as number | bigint | string
  if (tensor.dtype === 'float16') return fromHalfBits(value as number)
  return tensor.dtype === 'bool' ? value === 1 : value
}

/** `float64[2, 3]`, as error messages name a tensor. */
export const describe = (tensor: { dtype: string; dims: readonly (number | string)[] }): string =>
  `${tensor.dtype}[${tensor.dims.join(', ')}]`
