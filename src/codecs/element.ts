import { show } from '../errors.ts'
import { createData, type DType, kindOf, type TensorData } from '../tensor/dtype.ts'
import { roundToBfloat16, toHalfBits } from '../tensor/half.ts'
import { sizeOf, type Tensor, valueAt } from '../tensor/tensor.ts'
import type { AbiWord } from './abi.ts'
import { double, half, type Ieee, single } from './ieee.ts'
import { refusal } from './refusal.ts'

type Real = number | bigint
type Complex = readonly [real: number, imaginary: number]

/** One element between its tensor and its word: bool is 0 or 1. */
export type Scalar = Real | Complex

interface Codec {
  readonly encode: (value: Scalar) => bigint
  readonly decode: (word: bigint) => Scalar
}

/** A row of a wire table: the wire's name of a dtype, what holds it here, the type of its word, both directions. */
export interface Element extends Codec {
  readonly name: string
  readonly dtype: DType
  readonly word: AbiWord
}

/** G3 writes the bits of a float as a signed integer; a double in a wider word is sign-extended from 64 bits. */
const signedBits = (ieee: Ieee): Codec => ({
  encode: (value) => BigInt.asIntN(ieee.width, ieee.toBits(toNumber(value))),
  decode: (word) => {
    if (BigInt.asIntN(ieee.width, word) === word) return ieee.fromBits(BigInt.asUintN(ieee.width, word))
    throw refusal(`the chain payload holds ${show(word)} where the ${ieee.width} bits of a float belong`)
  },
})

/** G2 writes the bits of a float as an unsigned integer. */
const bits = (ieee: Ieee): Codec => ({
  encode: (value) => ieee.toBits(toNumber(value)),
  decode: (word) => ieee.fromBits(word),
})

/** G2 writes bfloat16 as the bits of the half of the same value, which ends at 65504. */
const bfloat16AsHalf: Codec = {
  encode: (value) => {
    const rounded = roundToBfloat16(toNumber(value))
    const word = half.toBits(rounded)
    if (Number.isFinite(rounded) && !Number.isFinite(half.fromBits(word))) {
      throw refusal(`${rounded} is beyond 65504, the end of bfloat16 on chain`)
    }
    return word
  },
  decode: (word) => roundToBfloat16(half.fromBits(word)),
}

/** Real bits above imaginary bits. */
const complexBits = (ieee: Ieee): Codec => ({
  encode: (value) => {
    const [real, imaginary] = isComplex(value) ? value : [Number(value), 0]
    return (ieee.toBits(real) << BigInt(ieee.width)) | ieee.toBits(imaginary)
  },
  decode: (word) => [ieee.fromBits(word >> BigInt(ieee.width)), ieee.fromBits(BigInt.asUintN(ieee.width, word))],
})

/** G3 cuts the fraction off. */
const truncated: Codec = {
  encode: (value) => toInteger(typeof value === 'number' ? Math.trunc(value) : toReal(value)),
  decode: (word) => word,
}

/** G2 refuses a fraction. */
const whole: Codec = { encode: (value) => toInteger(toReal(value)), decode: (word) => word }

/** As torch and numpy have it, everything but zero is true, NaN too. */
const truth: Codec = { encode: (value) => (toNumber(value) === 0 ? 0n : 1n), decode: (word) => word }

/** G3 (infernet contract 2.6, 3.4), by number. float128 and float256 are doubles there as here. */
// biome-ignore format: one row per dtype
export const RITUAL_ELEMENTS: readonly Element[] = [
  { name: 'float16',    dtype: 'float16',    word: 'int16',   ...signedBits(half) },
  { name: 'float32',    dtype: 'float32',    word: 'int32',   ...signedBits(single) },
  { name: 'float64',    dtype: 'float64',    word: 'int64',   ...signedBits(double) },
  { name: 'float128',   dtype: 'float64',    word: 'int128',  ...signedBits(double) },
  { name: 'float256',   dtype: 'float64',    word: 'int256',  ...signedBits(double) },
  { name: 'int8',       dtype: 'int8',       word: 'int8',    ...truncated },
  { name: 'int16',      dtype: 'int16',      word: 'int16',   ...truncated },
  { name: 'int32',      dtype: 'int32',      word: 'int32',   ...truncated },
  { name: 'int64',      dtype: 'int64',      word: 'int64',   ...truncated },
  { name: 'uint8',      dtype: 'uint8',      word: 'uint8',   ...truncated },
  { name: 'uint16',     dtype: 'uint16',     word: 'uint16',  ...truncated },
  { name: 'uint32',     dtype: 'uint32',     word: 'uint32',  ...truncated },
  { name: 'uint64',     dtype: 'uint64',     word: 'uint64',  ...truncated },
  { name: 'complex64',  dtype: 'complex64',  word: 'uint64',  ...complexBits(single) },
  { name: 'complex128', dtype: 'complex128', word: 'uint128', ...complexBits(double) },
  { name: 'bool',       dtype: 'bool',       word: 'bool',    ...truth },
]

/** G2 (infernet contract 3.3), by number, under the names of torch. */
// biome-ignore format: one row per dtype
export const TORCH_ELEMENTS: readonly Element[] = [
  { name: 'float',    dtype: 'float32',    word: 'uint32',  ...bits(single) },
  { name: 'double',   dtype: 'float64',    word: 'uint64',  ...bits(double) },
  { name: 'cfloat',   dtype: 'complex64',  word: 'uint64',  ...complexBits(single) },
  { name: 'cdouble',  dtype: 'complex128', word: 'uint128', ...complexBits(double) },
  { name: 'half',     dtype: 'float16',    word: 'uint16',  ...bits(half) },
  { name: 'bfloat16', dtype: 'bfloat16',   word: 'uint16',  ...bfloat16AsHalf },
  { name: 'uint8',    dtype: 'uint8',      word: 'uint8',   ...whole },
  { name: 'int8',     dtype: 'int8',       word: 'int8',    ...whole },
  { name: 'short',    dtype: 'int16',      word: 'int16',   ...whole },
  { name: 'int',      dtype: 'int32',      word: 'int32',   ...whole },
  { name: 'long',     dtype: 'int64',      word: 'int64',   ...whole },
  { name: 'bool',     dtype: 'bool',       word: 'bool',    ...truth },
]

export function toReal(value: Scalar): Real {
  if (!isComplex(value)) return value
  throw refusal(`the complex number ${show(value)} cannot go on chain as a real one`)
}

/** Every element of `tensor` as the word that `encode` makes of it. */
export const toWords = (tensor: Tensor, encode: (value: Scalar) => bigint): bigint[] =>
  Array.from({ length: sizeOf(tensor.dims) }, (_, i) => encode(scalarAt(tensor, i)))

/** Storage of `dtype` for `words`. */
export function fromWords(words: readonly bigint[], dtype: DType, decode: (word: bigint) => Scalar): TensorData {
  const data = createData(dtype, words.length)
  for (const [i, word] of words.entries()) store(data, dtype, i, decode(word))
  return data
}

function scalarAt(tensor: Tensor, i: number): Scalar {
  if (kindOf(tensor.dtype) === 'complex') return [tensor.data[2 * i] as number, tensor.data[2 * i + 1] as number]
  const value = valueAt(tensor, i)
  if (typeof value === 'string') throw refusal(`the string ${show(value)} cannot go on chain`)
  return typeof value === 'boolean' ? Number(value) : value
}

function store(data: TensorData, dtype: DType, i: number, value: Scalar): void {
  const numbers = data as Float64Array
  if (isComplex(value)) numbers.set(value, 2 * i)
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value)
  else numbers[i] = dtype === 'float16' ? toHalfBits(Number(value)) : Number(value)
}

const isComplex = (value: Scalar): value is Complex => typeof value === 'object'

const toNumber = (value: Scalar): number => Number(toReal(value))

function toInteger(value: Real): bigint {
  if (typeof value === 'bigint') return value
  if (Number.isInteger(value)) return BigInt(value)
  throw refusal(`${value} cannot go on chain as an integer`)
}
