/**
 * The G3 vector on chain: `(uint8 arithmetic, uint8 scale, uint8 dtype, uint16[] shape, T[] values)`, row-major
 * (infernet contract 3.4).
 *
 * Limits on untrusted input: those of `abi.ts` and `shape.ts`; arithmetic and dtype are looked up in tables. A scale is
 * at most 255, and a value at most 256 bits, so no number grows.
 */
import { show } from '../errors.ts'
import { type DType, kindOf } from '../tensor/dtype.ts'
import type { Tensor } from '../tensor/tensor.ts'
import * as abi from './abi.ts'
import { type Element, fromWords, RITUAL_ELEMENTS, type Scalar, toReal, toWords } from './element.ts'
import { fromFixedPoint, toFixedPoint } from './fixed-point.ts'
import { notA, refusal } from './refusal.ts'
import { readShape } from './shape.ts'

/** By number. */
export const ARITHMETICS = ['ieee', 'fixed_point'] as const
export type Arithmetic = (typeof ARITHMETICS)[number]

/** What holds each Ritual dtype here, by its number: 0 float16 … 3 float128 and 4 float256 as float64 … 15 bool. */
export const RITUAL_DTYPES: readonly DType[] = RITUAL_ELEMENTS.map((element) => element.dtype)

/** The tensor of a vector, and how it was written. */
export interface RitualVector extends Tensor {
  readonly arithmetic: Arithmetic
  readonly scale: number
  readonly ritualDtype: number
}

interface RitualVectorOptions {
  readonly arithmetic: Arithmetic
  /** Of fixed point, up to 255. It is written with ieee too; 0 counts as unset, as upstream has it. */
  readonly decimals: number
  /** The number to write as with ieee, where it is not that of the tensor's own dtype. */
  readonly ritualDtype?: number | undefined
}

const DEFAULT_DECIMALS = 18
const MAX_SCALE = 255
const FLOAT32 = 1
const FLOAT128 = 3
const WHAT = 'a RitualVector'

/** The Ritual number of `dtype`; bfloat16, which has none, goes as float32. */
export function ritualDtypeOf(dtype: DType): number {
  if (dtype === 'bfloat16') return FLOAT32
  const number = RITUAL_DTYPES.indexOf(dtype)
  if (number < 0) throw refusal(`${show(dtype)} is no dtype of ${WHAT}`)
  return number
}

/** Hex without `0x`. Fixed point is always written as float128, whatever came in: contracts decode `int128[]`. */
export function encodeRitualVector(tensor: Tensor, options: RitualVectorOptions): string {
  const fixed = options.arithmetic === 'fixed_point'
  const scale = options.decimals || DEFAULT_DECIMALS
  if (!isScale(scale)) throw refusal(`${show(scale)} decimals cannot go on chain, only 0 to ${MAX_SCALE}`)
  const number = fixed ? FLOAT128 : (options.ritualDtype ?? ritualDtypeOf(tensor.dtype))
  const element = RITUAL_ELEMENTS[number]
  if (element === undefined) throw refusal(`${show(number)} is no dtype of ${WHAT}, which are 0 to 15`)
  const words = toWords(tensor, fixed ? (value) => toFixedPoint(toReal(value), scale) : element.encode)
  const mode = ARITHMETICS.indexOf(options.arithmetic)
  return abi.encode(typesOf(element), [BigInt(mode), BigInt(scale), BigInt(number), tensor.dims.map(BigInt), words])
}

export function decodeRitualVector(hex: string): RitualVector {
  const [, , number] = abi.decode(['uint8', 'uint8', 'uint8'], hex, WHAT)
  const element = RITUAL_ELEMENTS[Number(number)]
  if (element === undefined) throw notA(WHAT, `its dtype is ${number}, not 0 to 15`)
  const [mode, scale, , shape, words] = abi.decode(typesOf(element), hex, WHAT)
  const arithmetic = ARITHMETICS[Number(mode)]
  if (arithmetic === undefined) throw notA(WHAT, `its arithmetic is ${mode}, not 0 or 1`)
  const decode = arithmetic === 'ieee' ? element.decode : (word: bigint) => fromFixed(word, element, Number(scale))
  return {
    dtype: element.dtype,
    dims: readShape(shape, words.length, WHAT),
    data: fromWords(words, element.dtype, decode),
    arithmetic,
    scale: Number(scale),
    ritualDtype: Number(number),
  }
}

const typesOf = (element: Element) => ['uint8', 'uint8', 'uint8', 'uint16[]', `${element.word}[]`] as const

const isScale = (scale: number): boolean => Number.isInteger(scale) && scale >= 0 && scale <= MAX_SCALE

/** A contract may send any dtype in fixed point: integers and bool are not scaled, complex are two signed halves. */
function fromFixed(word: bigint, element: Element, scale: number): Scalar {
  const kind = kindOf(element.dtype)
  if (kind === 'float') return fromFixedPoint(word, scale)
  if (kind !== 'complex') return word
  const width = element.dtype === 'complex64' ? 32 : 64
  const [real, imaginary] = [BigInt.asIntN(width, word >> BigInt(width)), BigInt.asIntN(width, word)]
  return [fromFixedPoint(real, scale), fromFixedPoint(imaginary, scale)]
}
