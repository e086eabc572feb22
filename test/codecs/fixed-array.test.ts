import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as abi from '../../src/codecs/abi.ts'
import {
  decodeOnnxWords,
  decodeSd59x18,
  decodeStarterArray,
  encodeSd59x18,
  encodeStarterArray,
} from '../../src/codecs/fixed-array.ts'
import { fromFixedPoint } from '../../src/codecs/fixed-point.ts'
import { createTensor, type Tensor } from '../../src/tensor/tensor.ts'
import { readVectors, refuses, sameTensor, words } from './check.ts'

const f64 = (...values: number[]) => createTensor('float64', [1, values.length], Float64Array.from(values))
const array = (...values: readonly (number | bigint)[]) => words(0x20, values.length, ...values)
const row = (tensor: Tensor, ...values: number[]) =>
  sameTensor(tensor, { dtype: 'float64', dims: [1, values.length], values })

const IRIS = [1038004800000000000n, 558610800000000000n, 1103782800000000000n, 1712096000000000000n]
const EDGES = [10n ** 17n, 10n ** 18n - 1n, 2n ** 255n - 1n, -(2n ** 255n), 12345678901234567890123n]

test('SD59x18 decodes as one row', () => row(decodeSd59x18(array(...IRIS)), 1.0380048, 0.5586108, 1.1037828, 1.712096))
test('SD59x18 is divided exactly', () =>
  row(decodeSd59x18(array(...EDGES)), 0.1, 1, 5.78960446186581e58, -5.78960446186581e58, 12345.678901234567))
test('the smallest of SD59x18', () =>
  row(decodeSd59x18(array(1, -1, 123456789012345678n)), 1e-18, -1e-18, 0.12345678901234568))
test('the first value of the test of upstream', () =>
  row(decodeSd59x18(array(988170802757170600n)), 0.9881708027571706))
test('an empty array is one row of nothing', () => row(decodeSd59x18(array())))

const encodes = (name: string, tensor: Tensor, ...values: readonly bigint[]) =>
  test(`SD59x18 of ${name}`, () => assert.equal(encodeSd59x18(tensor), array(...values)))

encodes(
  'floats is from their decimal text',
  f64(1.0380048, 0.558, -1.103),
  1038004800000000000n,
  558n * 10n ** 15n,
  -1103n * 10n ** 15n,
)
encodes('small floats is cut off', f64(1.23e-18, -1.99e-18, 9e-19, -0), 1n, -1n, 0n, 0n)
encodes(
  'large floats is exact in decimals',
  f64(1e25, 1.5e30, 123456789012345680000),
  10n ** 43n,
  15n * 10n ** 47n,
  12345678901234568n * 10n ** 22n,
)
encodes(
  'float32 is from the double that it is',
  createTensor('float32', [1], Float32Array.of(0.1)),
  100000001490116120n,
)
encodes('integers is unscaled', createTensor('int64', [2], BigInt64Array.of(-5n, 2n ** 62n)), -5n, 2n ** 62n)
encodes('bool is unscaled', createTensor('bool', [2], Uint8Array.of(1, 0)), 1n, 0n)

test('SD59x18 has no infinity, no NaN, and ends at 2^255', () => {
  refuses(() => encodeSd59x18(f64(Infinity)), /^Infinity cannot go on chain as SD59x18$/)
  refuses(() => encodeSd59x18(f64(NaN)), /^NaN cannot/)
  refuses(() => encodeSd59x18(f64(6e58)), /cannot go on chain as int256$/)
  refuses(() => encodeSd59x18(createTensor('complex64', [1])), /cannot go on chain/)
  refuses(() => encodeSd59x18(createTensor('string', [1], ['a'])), /the string "a" cannot/)
})

test('four uint64 are billionths', () =>
  row(
    decodeOnnxWords(words(0x3ddeb240, 0x214bb970, 0x41ca6390, 0x660c8300)),
    1.0380048,
    0.5586108,
    1.1037828,
    1.712096,
  ))
test('a negative billionth is refused', () =>
  refuses(() => decodeOnnxWords(words(0, 0, 0, -1)), /field 4 \(uint64\) holds/))

test('the starter has as many decimals as configured', () => {
  const hex = array(0xfd6b4, 0x88612, 0x10d7a6, 0x1a1fe0)
  row(decodeStarterArray(hex, 6), 1.038004, 0.55861, 1.103782, 1.712096)
  row(decodeStarterArray(hex, 0), 1038004, 558610, 1103782, 1712096)
})
test('the starter answers with the fraction cut off', () =>
  assert.equal(
    encodeStarterArray(f64(0.0016699483385309577, 0.021144982427358627, 0.977185070514679), 6),
    array(0x685, 0x5298, 0xee921),
  ))
test('the starter has no negative numbers', () => {
  refuses(() => encodeStarterArray(f64(-0.5), 6), /^-0.5 is negative, and cannot go on chain in a uint256\[\]$/)
  refuses(() => encodeStarterArray(createTensor('int8', [1], Int8Array.of(-1)), 6), /^-1 is negative/)
  refuses(() => encodeStarterArray(f64(NaN), 6), /^NaN cannot/)
  assert.equal(encodeStarterArray(f64(-0), 6), array(0))
})

interface Row {
  readonly name: string
  readonly ints?: (string | number)[]
  readonly int?: string
  readonly hex?: string
  readonly decoded?: string | string[] | number[][]
}

/** How each named vector is read; the rest are SD59x18. */
const READERS = new Map<string, { decode: (hex: string) => Tensor; array: boolean }>([
  ['onnx_uint64x4', { decode: decodeOnnxWords, array: false }],
  ['starter_uint256_arr_1e6', { decode: (hex) => decodeStarterArray(hex, 6), array: true }],
  ['starter_output_uint256_arr_1e6', { decode: (hex) => decodeStarterArray(hex, 6), array: true }],
])

const { rows, skip } = readVectors<Row>('vectors_v0.json')

test('every vector of upstream encodes and decodes', { skip }, () => {
  for (const { name, ints = [], int, hex, decoded } of rows.filter((row) => row.name !== 'multidim int256[][]')) {
    const integers = (int === undefined ? ints : [int]).map(BigInt)
    const { decode, array: isArray } = READERS.get(name) ?? { decode: decodeSd59x18, array: true }
    const written = isArray
      ? abi.encode(['int256[]'], [integers])
      : abi.encode(['uint64', 'uint64', 'uint64', 'uint64'], integers as [bigint, bigint, bigint, bigint])
    if (hex !== undefined) assert.equal(written, hex, name)
    if (decoded !== undefined) row(decode(written), ...[decoded].flat(2).map(Number))
  }
})

/** No service of upstream reads this type: only its numbers are checked, not a decoder. */
test('the numbers of a nested array of upstream are SD59x18 too', { skip }, () => {
  const nested = rows.find((row) => row.name === 'multidim int256[][]') as Row
  const numbers = nested.hex
    ?.match(/.{64}/g)
    ?.map((word) => fromFixedPoint(BigInt.asIntN(256, BigInt(`0x${word}`)), 18))
  assert.deepEqual([numbers?.slice(5, 7), numbers?.slice(8, 10)], nested.decoded)
})
