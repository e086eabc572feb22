import { InferError, show } from '../errors.ts'
import { createData, type DType, intRange, kindOf, type NumericArray } from './dtype.ts'
import { roundToBfloat16, toHalfBits } from './half.ts'
import { type Tensor, valueAt } from './tensor.ts'

/** How far an input may be bent to the dtype that a model wants. */
export type Cast =
  /** Not at all: another dtype is the caller's mistake. */
  | 'none'
  /** Between the float dtypes. */
  | 'float'
  /** Between all numeric dtypes, as long as no value changes but by float rounding. */
  | 'any'

/** Whether `cast` lets values of `from` become `to`. */
export function mayCast(from: DType, to: DType, cast: Cast): boolean {
  const [source, target] = [kindOf(from), kindOf(to)]
  if (from === to) return true
  if (cast === 'none') return false
  if (source === 'float' && target === 'float') return true
  return cast === 'any' && NUMERIC.has(source) && NUMERIC.has(target)
}

const NUMERIC: ReadonlySet<string> = new Set(['float', 'int', 'bool'])

/**
 * The values of a float, integer or bool tensor in another such dtype. Floats round to nearest; an integer or bool
 * target takes only values that it holds exactly.
 * @throws InferError bad_request naming `name`, the position and the value
 */
export function castTensor(tensor: Tensor, dtype: DType, name: string): Tensor {
  if (tensor.dtype === dtype) return tensor
  const put = putter(dtype, name)
  const data = createData(dtype, tensor.data.length) as NumericArray
  for (let i = 0; i < data.length; i++) data[i] = put(valueAt(tensor, i) as number | bigint | boolean, i)
  return { dtype, dims: tensor.dims, data }
}

function putter(dtype: DType, name: string): (value: number | bigint | boolean, index: number) => number | bigint {
  if (dtype === 'float16') return (value) => toHalfBits(Number(value))
  if (dtype === 'bfloat16') return (value) => roundToBfloat16(Number(value))
  if (kindOf(dtype) === 'float') return Number
  const [low, high] = dtype === 'bool' ? [0n, 1n] : intRange(dtype)
  const wide = dtype === 'int64' || dtype === 'uint64'
  return (value, index) => {
    const whole = typeof value !== 'number' || Number.isInteger(value) ? BigInt(value) : undefined
    if (whole === undefined || whole < low || whole > high) {
      throw new InferError('bad_request', `${name}: value ${index} is ${show(value)}, which is no ${dtype}`)
    }
    return wide ? whole : Number(whole)
  }
}
