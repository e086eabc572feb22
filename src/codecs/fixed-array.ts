/**
 * The chain payloads without a dtype: G1's `int256[]` in SD59x18 and its four `uint64` of billionths, the starter's
 * `uint256[]` of a configured number of decimals (infernet contract 2.8, 3.1). All become float64: the decimals are
 * divided out once, and the model's own dtype is cast to afterwards.
 *
 * Limits on untrusted input: those of `abi.ts`. An array is one row, so its shape cannot disagree with its length.
 */
import { kindOf } from '../tensor/dtype.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import * as abi from './abi.ts'
import { toReal, toWords } from './element.ts'
import { fromFixedPoint, toFixedPoint, toSd59x18 } from './fixed-point.ts'
import { refusal } from './refusal.ts'

const SD59X18_DECIMALS = 18
const ONNX_DECIMALS = 9

/** `int256[]` of SD59x18 → float64 [1, n]. */
export function decodeSd59x18(hex: string): Tensor {
  const [words] = abi.decode(['int256[]'], hex, 'an int256[] of SD59x18')
  return row(words, SD59X18_DECIMALS)
}

/** The tensor flattened to `int256[]`: floats as SD59x18, integers and bool as they are. */
export function encodeSd59x18(tensor: Tensor): string {
  const isFloat = kindOf(tensor.dtype) === 'float'
  const words = toWords(tensor, (value) => (isFloat ? toSd59x18(Number(value)) : BigInt(toReal(value))))
  return abi.encode(['int256[]'], [words])
}

/** Four `uint64` of billionths → float64 [1, 4]. */
export function decodeOnnxWords(hex: string): Tensor {
  const words = abi.decode(['uint64', 'uint64', 'uint64', 'uint64'], hex, 'four uint64 of billionths')
  return row(words, ONNX_DECIMALS)
}

/** `uint256[]` of `decimals` → float64 [1, n]. */
export function decodeStarterArray(hex: string, decimals: number): Tensor {
  const [words] = abi.decode(['uint256[]'], hex, `a uint256[] of ${decimals} decimals`)
  return row(words, decimals)
}

/** The tensor flattened to `uint256[]`, the fraction beyond `decimals` cut off. */
export function encodeStarterArray(tensor: Tensor, decimals: number): string {
  const words = toWords(tensor, (value) => toFixedPoint(notNegative(toReal(value)), decimals))
  return abi.encode(['uint256[]'], [words])
}

const row = (words: readonly bigint[], decimals: number): Tensor =>
  createTensor(
    'float64',
    [1, words.length],
    Float64Array.from(words, (word) => fromFixedPoint(word, decimals)),
  )

function notNegative(value: number | bigint): number | bigint {
  if (!(value < 0)) return value
  throw refusal(`${value} is negative, and cannot go on chain in a uint256[]`)
}
