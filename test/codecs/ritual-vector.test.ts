import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeRitualVector, encodeRitualVector, RITUAL_DTYPES, ritualDtypeOf } from '../../src/codecs/ritual-vector.ts'
import type { DType } from '../../src/tensor/dtype.ts'
import { createTensor, type Tensor } from '../../src/tensor/tensor.ts'
import { refuses, sameTensor, words } from './check.ts'

const IEEE = { arithmetic: 'ieee', decimals: 18 } as const
const FIXED = { arithmetic: 'fixed_point', decimals: 18 } as const
const f64 = (...values: number[]) => createTensor('float64', [values.length], Float64Array.from(values))
const f32 = (...values: number[]) => createTensor('float32', [values.length], Float32Array.from(values))
const i64 = (...values: bigint[]) => createTensor('int64', [values.length], BigInt64Array.from(values))
const SAMPLE = f64(1.038, 0.558, -1.103, 1.71)

/** The words of table 3.4 of the contract, without the head of a one-dimensional vector. */
const vector = (head: readonly number[], ...values: readonly (number | bigint)[]) =>
  words(...head, 0xa0, 0xe0, 1, values.length, values.length, ...values)

interface Case {
  readonly tensor: Tensor
  readonly as: Parameters<typeof encodeRitualVector>[1]
  readonly hex: string
  readonly dtype?: DType
  readonly values: unknown[]
}

const check = (name: string, { tensor, as, hex, values, dtype = tensor.dtype }: Case) =>
  test(name, () => {
    assert.equal(encodeRitualVector(tensor, as), hex)
    const decoded = decodeRitualVector(hex)
    sameTensor(decoded, { dtype, dims: tensor.dims, values })
    assert.equal(decoded.arithmetic, as.arithmetic)
    assert.equal(decoded.scale, as.decimals || 18)
  })

const DOUBLES = [0x3ff09ba5e353f7cfn, 0x3fe1db22d0e56042n, 0xbff1a5e353f7ced9n - 2n ** 64n, 0x3ffb5c28f5c28f5cn]
const FIXED18 = [0xe67b7801cdb0000n, 0x7be6a0b28ab0040n, -1103000000000000000n, 0x17bb23f0a5eb0000n]
const values = [1.038, 0.558, -1.103, 1.71]

check('float16 ieee', {
  tensor: SAMPLE,
  as: { ...IEEE, ritualDtype: 0 },
  hex: vector([0, 18, 0], 0x3c27, 0x3877, 0xbc69 - 2 ** 16, 0x3ed7),
  dtype: 'float16',
  values: [1.0380859375, 0.55810546875, -1.1025390625, 1.7099609375],
})
check('float32 ieee: a negative float is a negative int32', {
  tensor: f32(...values),
  as: IEEE,
  hex: vector([0, 18, 1], 0x3f84dd2f, 0x3f0ed917, 0xbf8d2f1b - 2 ** 32, 0x3fdae148),
  values: [1.0379999876022339, 0.5580000281333923, -1.1030000448226929, 1.7100000381469727],
})
check('float64 ieee', { tensor: SAMPLE, as: IEEE, hex: vector([0, 18, 2], ...DOUBLES), values })
for (const ritualDtype of [3, 4]) {
  const hex = vector([0, 18, ritualDtype], ...DOUBLES)
  check(`float${64 << (ritualDtype - 2)} ieee is a double, sign-extended`, {
    tensor: SAMPLE,
    as: { ...IEEE, ritualDtype },
    hex,
    values,
  })
}
check('fixed 18 multiplies in doubles and becomes float128', {
  tensor: SAMPLE,
  as: FIXED,
  hex: vector([1, 18, 3], ...FIXED18),
  values,
})
check('fixed 6', {
  tensor: SAMPLE,
  as: { ...FIXED, decimals: 6 },
  hex: vector([1, 6, 3], 0xfd6b0, 0x883b0, -1103000, 0x1a17b0),
  values,
})
check('0 decimals count as 18', {
  tensor: SAMPLE,
  as: { ...FIXED, decimals: 0 },
  hex: vector([1, 18, 3], ...FIXED18),
  values,
})
check('fixed point of an integer is exact', {
  tensor: i64(2n ** 60n + 1n),
  as: FIXED,
  hex: vector([1, 18, 3], (2n ** 60n + 1n) * 10n ** 18n),
  dtype: 'float64',
  values: [2 ** 60],
})
check('fixed point cuts the fraction off', {
  tensor: f64(1.0386969, -1.0386969),
  as: { ...FIXED, decimals: 3 },
  hex: vector([1, 3, 3], 1038, -1038),
  values: [1.038, -1.038],
})
check('an ieee integer from floats is cut off', {
  tensor: f64(1.038, 0.558, -1.9, 1.9),
  as: { ...IEEE, ritualDtype: 7 },
  hex: vector([0, 18, 7], 1, 0, -1, 1),
  dtype: 'int32',
  values: [1, 0, -1, 1],
})
check('int8', {
  tensor: createTensor('int8', [4], Int8Array.of(1, -2, 3, 4)),
  as: IEEE,
  hex: vector([0, 18, 5], 1, -2, 3, 4),
  values: [1, -2, 3, 4],
})
check('uint64', {
  tensor: createTensor('uint64', [2], BigUint64Array.of(1n, 2n ** 64n - 1n)),
  as: IEEE,
  hex: vector([0, 18, 12], 1, 2n ** 64n - 1n),
  values: [1n, 2n ** 64n - 1n],
})
check('bool', {
  tensor: createTensor('bool', [4], Uint8Array.of(1, 0, 1, 1)),
  as: IEEE,
  hex: vector([0, 18, 15], 1, 0, 1, 1),
  values: [true, false, true, true],
})
check('complex64', {
  tensor: createTensor('complex64', [2], Float32Array.of(1.038, 0.1, -0.558, 0.2)),
  as: IEEE,
  hex: vector([0, 18, 13], 0x3f84dd2f3dcccccdn, 0xbf0ed9173e4ccccdn),
  values: [
    [1.0379999876022339, 0.10000000149011612],
    [-0.5580000281333923, 0.20000000298023224],
  ],
})
check('complex128', {
  tensor: createTensor('complex128', [1], Float64Array.of(1.038, 0.1)),
  as: IEEE,
  hex: vector([0, 18, 14], 0x3ff09ba5e353f7cf3fb999999999999an),
  values: [[1.038, 0.1]],
})
check('zeros and infinities keep their signs', {
  tensor: f32(0, -0, Infinity, -Infinity),
  as: IEEE,
  hex: vector([0, 18, 1], 0, -(2 ** 31), 0x7f800000, 0xff800000 - 2 ** 32),
  values: [0, -0, Infinity, -Infinity],
})
check('NaN', { tensor: f64(NaN), as: IEEE, hex: vector([0, 18, 2], 0x7ff8000000000000n), values: [NaN] })
check('no values', { tensor: f32(), as: IEEE, hex: vector([0, 18, 1]), values: [] })
check('a scalar has no dimensions', {
  tensor: createTensor('float32', [], Float32Array.of(3.5)),
  as: IEEE,
  hex: words(0, 18, 1, 0xa0, 0xc0, 0, 1, 0x40600000),
  values: [3.5],
})
check('bfloat16 goes as float32', {
  tensor: createTensor('bfloat16', [1], Float32Array.of(1.0390625)),
  as: IEEE,
  hex: vector([0, 18, 1], 0x3f850000),
  dtype: 'float32',
  values: [1.0390625],
})

const decodes = (name: string, hex: string, dtype: DType, expected: unknown[]) =>
  test(name, () => sameTensor(decodeRitualVector(hex), { dtype, dims: [expected.length], values: expected }))

decodes('int32[] of fixed point', vector([1, 3, 1], -1500, 250), 'float32', [-1.5, 0.25])
decodes('fixed point leaves integers alone', vector([1, 3, 7], -1500), 'int32', [-1500])
decodes('fixed point leaves bool alone', vector([1, 3, 15], 1), 'bool', [true])
decodes('fixed point of complex64 is two signed halves', vector([1, 2, 13], (150n << 32n) | 0xffffff38n), 'complex64', [
  [1.5, -2],
])
decodes('fixed point of complex128 too', vector([1, 2, 14], (0xffffffffffffff6an << 64n) | 25n), 'complex128', [
  [-1.5, 0.25],
])
decodes('a scale of 0 divides by one', vector([1, 0, 3], 7), 'float64', [7])
decodes('int256[] divides exactly', vector([1, 18, 4], 12345678901234567890123n), 'float64', [12345.678901234567])

test('dtypes are numbered as upstream numbers them', () => {
  assert.equal(
    RITUAL_DTYPES.join(' '),
    'float16 float32 float64 float64 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 complex128 bool',
  )
  assert.deepEqual(RITUAL_DTYPES.map(ritualDtypeOf), [0, 1, 2, 2, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
})

const cannot = (name: string, tensor: Tensor, as: Case['as'], says: RegExp) =>
  test(`cannot encode ${name}`, () => refuses(() => encodeRitualVector(tensor, as), says))

cannot(
  'an infinity in fixed point',
  f32(-Infinity),
  FIXED,
  /^-Infinity cannot go on chain as a fixed-point number of 18/,
)
cannot('NaN in fixed point', f32(NaN), FIXED, /^NaN cannot/)
cannot('2^127 in fixed point', f64(2 ** 127), { ...FIXED, decimals: 1 }, /^1701\d+ cannot go on chain as int128$/)
cannot('1e308 in fixed point', f64(1e308), FIXED, /^1e\+308 cannot/)
cannot('a complex in fixed point', createTensor('complex64', [1]), FIXED, /complex number \[0,0\] cannot/)
cannot('a complex as float', createTensor('complex64', [1]), { ...IEEE, ritualDtype: 1 }, /complex number/)
cannot('a string', createTensor('string', [1], ['a']), IEEE, /"string" is no dtype of a RitualVector/)
cannot('a string in fixed point', createTensor('string', [1], ['a']), FIXED, /the string "a" cannot/)
cannot('a dimension over 65535', createTensor('int8', [65536]), IEEE, /^65536 cannot go on chain as uint16$/)
cannot('300 decimals', SAMPLE, { ...FIXED, decimals: 300 }, /^300 decimals cannot go on chain, only 0 to 255$/)
cannot('half a decimal', SAMPLE, { ...FIXED, decimals: 0.5 }, /^0.5 decimals/)
cannot('dtype 16', SAMPLE, { ...IEEE, ritualDtype: 16 }, /^16 is no dtype of a RitualVector/)
cannot('300 as int8', f64(300.5), { ...IEEE, ritualDtype: 5 }, /^300 cannot go on chain as int8$/)
cannot('NaN as int8', f64(NaN), { ...IEEE, ritualDtype: 5 }, /^NaN cannot go on chain as an integer$/)

const refused = (name: string, hex: string, says: RegExp) =>
  test(`refuses ${name}`, () => refuses(() => decodeRitualVector(hex), says))

refused('nothing', '', /^the chain payload is not a RitualVector: it has 0 bytes/)
refused('arithmetic 2', vector([2, 18, 1], 0), /its arithmetic is 2, not 0 or 1/)
refused('dtype 16', vector([0, 18, 16], 0), /its dtype is 16, not 0 to 15/)
refused('scale 256', vector([0, 256, 1], 0), /field 2 \(uint8\) holds 256/)
refused('a float as an unsigned integer', vector([0, 18, 1], 0xbf800000), /field 5 \(int32\[\]\) holds 3212836864/)
refused('a bool of 2', vector([0, 18, 15], 2), /field 5 \(bool\[\]\) holds 2/)
refused('a float128 beyond a double', vector([0, 18, 3], 2n ** 64n), /holds 18446744073709551616 where the 64 bits/)
refused('too few values', words(0, 18, 1, 0xa0, 0xe0, 1, 4, 1, 0), /shape \[4\] does not hold its 1 values/)
refused('too many values', words(0, 18, 1, 0xa0, 0xe0, 1, 1, 2, 0, 0), /shape \[1\] does not hold its 2 values/)
refused('values of an empty shape', words(0, 18, 1, 0xa0, 0xe0, 1, 0, 1, 0), /shape \[0\] does not hold its 1 values/)
const huge = Array<number>(64).fill(65535)
refused('dimensions that overflow', words(0, 18, 1, 0xa0, 0x8c0, 64, ...huge, 1, 0), /shape \[65535,\S+… does not hold/)
refused(
  'dimensions that overflow, times 0',
  words(0, 18, 1, 0xa0, 0x8c0, 64, ...huge.with(63, 0), 1, 0),
  /does not hold/,
)
refused('65 dimensions', words(0, 18, 1, 0xa0, 0x8e0, 65, ...Array(65).fill(1), 1, 0), /65 dimensions, over 64/)
