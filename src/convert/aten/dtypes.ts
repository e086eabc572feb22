import { InferError } from '../../errors.ts'
import type { DType } from '../../tensor/dtype.ts'

/** torch's dtypes in the order in which one gives way to the next of its kind. */
const FLOATS: readonly DType[] = ['float16', 'bfloat16', 'float32', 'float64']
const SIGNED: readonly DType[] = ['int8', 'int16', 'int32', 'int64']

/** ScalarType's numbers (c10/core/ScalarType.h), by which TorchScript names dtypes. */
// biome-ignore format: a table by number
const NUMBERED: readonly (DType | undefined)[] = [
  'uint8', 'int8', 'int16', 'int32', 'int64', 'float16', 'float32', 'float64',
  undefined, 'complex64', 'complex128', 'bool', undefined, undefined, undefined, 'bfloat16',
]

export const dtypeOfNumber = (number: number): DType | undefined => NUMBERED[number]

export const isFloat = (dtype: DType): boolean => FLOATS.includes(dtype)
export const isHalf = (dtype: DType): boolean => dtype === 'float16' || dtype === 'bfloat16'

const isInteger = (dtype: DType): boolean => dtype === 'uint8' || SIGNED.includes(dtype)

/** 0 bool, 1 integer, 2 float: a kind gives way to a higher one, whatever its width. */
export const rankOfKind = (dtype: DType): number => (dtype === 'bool' ? 0 : isInteger(dtype) ? 1 : 2)

/** @throws InferError bad_model for what torch itself hardly computes with, and for complex numbers */
export function checkDType(dtype: DType): DType {
  if (dtype === 'bool' || isInteger(dtype) || isFloat(dtype)) return dtype
  const why = dtype.startsWith('complex') ? 'complex numbers are not computed with' : 'torch computes nothing with it'
  throw new InferError('bad_model', `the model has a tensor of ${dtype}: ${why}`)
}

/** What two tensors of equal standing become (c10::promoteTypes). */
export function promote(a: DType, b: DType): DType {
  if (a === b) return a
  const [low, high] = rankOfKind(a) <= rankOfKind(b) ? [a, b] : [b, a]
  if (rankOfKind(low) < rankOfKind(high)) return high
  if (rankOfKind(low) === 2) {
    if (isHalf(a) && isHalf(b)) return 'float32'
    return FLOATS[Math.max(FLOATS.indexOf(a), FLOATS.indexOf(b))] as DType
  }
  if (a !== 'uint8' && b !== 'uint8') return SIGNED[Math.max(SIGNED.indexOf(a), SIGNED.indexOf(b))] as DType
  const other = a === 'uint8' ? b : a
  return other === 'int8' ? 'int16' : other
}

/** A float dtype for operations that have none of integers: torch's default dtype. */
export const floatFor = (dtype: DType): DType => (isFloat(dtype) ? dtype : 'float32')

/**
 * In what a dtype is computed. torch's CPU kernels compute halves in float32 and round what they write; ONNX Runtime
 * lacks many operators for small integers, which are computed in int32 and wrapped.
 */
export function computedAs(dtype: DType): DType {
  if (isHalf(dtype)) return 'float32'
  return dtype === 'int8' || dtype === 'int16' || dtype === 'uint8' ? 'int32' : dtype
}
