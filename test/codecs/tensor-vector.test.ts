import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readChainRequest } from '../../src/codecs/chain-request.ts'
import { STORAGES } from '../../src/codecs/model-id.ts'
import { decodeTensorVector, encodeTensorVector, TORCH_DTYPES } from '../../src/codecs/tensor-vector.ts'
import type { DType } from '../../src/tensor/dtype.ts'
import { createTensor, type Tensor } from '../../src/tensor/tensor.ts'
import { pythonTensor, pythonValues, readVectors, refuses, sameTensor, words } from './check.ts'
import { encodeG2Request } from './requests.ts'

const f64 = (...values: number[]) => createTensor('float64', [values.length], Float64Array.from(values))
const SAMPLE = f64(1.038, 0.558, 1.103, 1.71)

const vector = (dtype: number, ...values: readonly (number | bigint)[]) =>
  words(dtype, 0x60, 0xa0, 1, values.length, values.length, ...values)

interface Case {
  readonly tensor: Tensor
  readonly name: string
  readonly hex: string
  readonly values: unknown[]
}

/** Written under `name`, and read back as the dtype that torch means by it. */
const check = (title: string, { tensor, name, hex, values }: Case) =>
  test(title, () => {
    assert.equal(encodeTensorVector(tensor, name), hex)
    const decoded = decodeTensorVector(hex)
    assert.equal(decoded.dtypeName, name)
    sameTensor(decoded, { dtype: TORCH_DTYPES.get(name) as DType, dims: tensor.dims, values })
    assert.equal(encodeTensorVector(decoded), hex)
  })

check('float is unsigned single bits', {
  tensor: createTensor('float64', [2, 2], Float64Array.of(-1.5, 0.558, 1.103, 1.71)),
  name: 'float',
  hex: words(0, 0x60, 0xc0, 2, 2, 2, 4, 0xbfc00000, 0x3f0ed917, 0x3f8d2f1b, 0x3fdae148),
  values: [-1.5, 0.5580000281333923, 1.1030000448226929, 1.7100000381469727],
})
check('double', {
  tensor: f64(1.038, -0.5),
  name: 'double',
  hex: vector(1, 0x3ff09ba5e353f7cfn, 0xbfe0000000000000n),
  values: [1.038, -0.5],
})
check('cfloat is real above imaginary', {
  tensor: createTensor('complex128', [2], Float64Array.of(1.038, 0.1, 0.558, 0.2)),
  name: 'cfloat',
  hex: vector(2, 0x3f84dd2f3dcccccdn, 0x3f0ed9173e4ccccdn),
  values: [
    [1.0379999876022339, 0.10000000149011612],
    [0.5580000281333923, 0.20000000298023224],
  ],
})
check('cdouble of reals', { tensor: f64(1), name: 'cdouble', hex: vector(3, 0x3ff0n << 112n), values: [[1, 0]] })
check('half', {
  tensor: SAMPLE,
  name: 'half',
  hex: vector(4, 0x3c27, 0x3877, 0x3c69, 0x3ed7),
  values: [1.0380859375, 0.55810546875, 1.1025390625, 1.7099609375],
})
check('bfloat16 is written as half bits', {
  tensor: SAMPLE,
  name: 'bfloat16',
  hex: vector(5, 0x3c28, 0x3878, 0x3c68, 0x3ed8),
  values: [1.0390625, 0.55859375, 1.1015625, 1.7109375],
})
check('int8', {
  tensor: createTensor('int8', [4], Int8Array.of(1, -2, 3, 4)),
  name: 'int8',
  hex: vector(7, 1, -2, 3, 4),
  values: [1, -2, 3, 4],
})
check('long of whole floats', {
  tensor: f64(1e10, -0),
  name: 'long',
  hex: vector(10, 10n ** 10n, 0),
  values: [10n ** 10n, 0n],
})
check('bool: all but zero is true', {
  tensor: f64(0, -0, 0.1, NaN),
  name: 'bool',
  hex: vector(11, 0, 0, 1, 1),
  values: [false, false, true, true],
})

const cannot = (says: RegExp, tensor: Tensor, name?: string) =>
  test(`cannot encode: ${says.source}`, () => refuses(() => encodeTensorVector(tensor, name), says))

cannot(/^0.5 cannot go on chain as an integer$/, f64(0.5), 'long')
cannot(/^128 cannot go on chain as int8$/, f64(128), 'int8')
cannot(/^70144 is beyond 65504, the end of bfloat16 on chain$/, f64(70000), 'bfloat16')
cannot(/^"float33" is no dtype of a TensorInput vector$/, SAMPLE, 'float33')
cannot(/^"" is no dtype/, SAMPLE, '')
cannot(/^"uint16" is no dtype of a TensorInput vector$/, createTensor('uint16', [1]))
cannot(/^65536 cannot go on chain as uint16$/, createTensor('int8', [65536]))

const refused = (says: RegExp, hex: string) =>
  test(`refuses: ${says.source}`, () => refuses(() => decodeTensorVector(hex), says))

refused(/its dtype is 12, not 0 to 11/, vector(12, 0))
refused(/holds 4294967296/, vector(0, 2n ** 32n))
refused(/holds -?\d+/, vector(0, -1))
refused(/shape \[2,3\] does not hold its 5 values/, words(0, 0x60, 0xc0, 2, 2, 3, 5, 0, 0, 0, 0, 0))

interface VectorRow {
  readonly name: string
  readonly dtype: number
  readonly shape: number[]
  readonly values: string
  readonly hex: string
  readonly decoded: { readonly dtype: string; readonly shape: number[]; readonly values: string[] }
}
interface RequestRow {
  readonly name: string
  readonly fields: [number, string, string, string]
  readonly hex: string
}

const { rows, skip } = readVectors<VectorRow | RequestRow>('vectors_v1.json')
const vectors = rows.filter((row): row is VectorRow => 'decoded' in row)
const requests = rows.filter((row): row is RequestRow => 'fields' in row)

test('every vector of upstream encodes and decodes', { skip }, () => {
  for (const row of vectors) {
    const written = pythonTensor(row.shape, row.values.replace(/[[\]]/g, '').split(', '))
    assert.equal(encodeTensorVector(written, row.decoded.dtype), row.hex, row.name)
    const dtype = TORCH_DTYPES.get(row.decoded.dtype) as DType
    const decoded = decodeTensorVector(row.hex)
    sameTensor(decoded, { dtype, dims: row.decoded.shape, values: pythonValues(dtype, row.decoded.values) })
    assert.equal(decoded.dtypeName, row.decoded.dtype)
    assert.equal(encodeTensorVector(decoded), row.hex, row.name)
  }
})

test('every request of upstream encodes and decodes', { skip }, () => {
  for (const { fields, hex, name } of requests) {
    const request = readChainRequest(hex, { array: 'sd59x18', starterDecimals: 6 })
    assert.ok(request.generation === 'g2', name)
    const { source, repoId, filename, version, tensor, dtypeName } = request
    assert.deepEqual([STORAGES.indexOf(source), repoId, filename, version], fields, name)
    const vector = encodeTensorVector(tensor, dtypeName)
    assert.equal(encodeG2Request({ source, repoId, filename, version, vector }), hex, name)
  }
})
