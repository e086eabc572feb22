import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChainOptions, readChainRequest } from '../../src/codecs/chain-request.ts'
import { type ModelId, parseModelId } from '../../src/codecs/model-id.ts'
import { type Arithmetic, encodeRitualVector, RITUAL_DTYPES } from '../../src/codecs/ritual-vector.ts'
import { createTensor } from '../../src/tensor/tensor.ts'
import { padded, readVectors, refuses, sameTensor, valuesOf, words } from './check.ts'
import { encodeG3Request } from './requests.ts'

const OPTIONS: ChainOptions = { array: 'sd59x18', starterDecimals: 6 }
const read = (hex: string, options = OPTIONS) => readChainRequest(hex, options)

interface Expected {
  readonly tensor: Parameters<typeof sameTensor>[1]
  readonly [field: string]: unknown
}

/** A request without its tensor, which is checked to be `dtype` `dims` of `values`. */
function check(hex: string, expected: Expected, options = OPTIONS): void {
  const { tensor, ...rest } = expected
  const { tensor: actual, ...actualRest } = read(hex, options)
  sameTensor(actual, tensor)
  assert.deepEqual(actualRest, rest)
}

/** float32 [1, 4] of the iris sample, as table 3.4 of the contract has it. */
const VECTOR = words(0, 18, 1, 0xa0, 0x100, 2, 1, 4, 4, 0x3f84dd57, 0x3f0f011e, 0x3f8d48c1, 0x3fdb25f6)
const tensor = {
  dtype: 'float32',
  dims: [1, 4],
  values: [1.038004755973816, 0.5586107969284058, 1.1037827730178833, 1.7120959758758545],
}
const ID = parseModelId('huggingface/Ritual-Net/iris-classification:iris.torch')

test('an array is SD59x18, or that of the starter when so configured', () => {
  const hex = words(0x20, 2, 1500000, -500000)
  check(hex, { generation: 'g1-array', tensor: { dtype: 'float64', dims: [1, 2], values: [1.5e-12, -5e-13] } })
  const positive = words(0x20, 2, 1500000, 500000)
  const expected = { generation: 'starter', tensor: { dtype: 'float64', dims: [1, 2], values: [1.5, 0.5] } }
  check(positive, expected, { array: 'starter', starterDecimals: 6 })
})

test('an array of two is no four uint64, though both have 128 bytes', () => {
  assert.equal(read(words(0x20, 2, 7, 8)).generation, 'g1-array')
  assert.equal(read(words(0x3ddeb240, 2, 7, 8)).generation, 'g1-onnx')
})

test('four uint64', () => {
  const values = [1.0380048, 0.5586108, 1.1037828, 1.712096]
  const hex = words(0x3ddeb240, 0x214bb970, 0x41ca6390, 0x660c8300)
  check(hex, { generation: 'g1-onnx', tensor: { dtype: 'float64', dims: [1, 4], values } })
})

test('a G2 request', () => {
  const vector = words(0, 0x60, 0xa0, 1, 1, 1, 0xbfc00000)
  const head = words(2, 0xa0, 0xe0, 0x120, 0x140)
  const texts = padded('Ritual-Net/iris-classification') + padded('iris.onnx') + padded('')
  check(head + texts + words(vector.length / 2) + vector, {
    generation: 'g2',
    source: 'huggingface',
    repoId: 'Ritual-Net/iris-classification',
    filename: 'iris.onnx',
    version: '',
    dtypeName: 'float',
    tensor: { dtype: 'float32', dims: [1], values: [-1.5] },
  })
})

test('a G3 request for the default model', () =>
  check(words(0x40, 0x60, 0, 0x1a0) + VECTOR, { generation: 'g3', ritualDtype: 1, tensor }))
test('a G3 request for a model', () =>
  check(encodeG3Request({ modelId: ID, vector: VECTOR }), {
    generation: 'g3',
    modelId: ID,
    ritualDtype: 1,
    tensor,
  }))
test('a bare RitualVector', () => check(VECTOR, { generation: 'g3', ritualDtype: 1, tensor }))
test('a bare RitualVector of scale 0xa0 is no G2 request', () =>
  assert.equal(
    read(encodeRitualVector(createTensor('float64', [1]), { arithmetic: 'fixed_point', decimals: 160 })).generation,
    'g3',
  ))
test('a float128 keeps its number', () => {
  const vector = encodeRitualVector(createTensor('float64', [1]), { arithmetic: 'ieee', decimals: 18, ritualDtype: 4 })
  check(vector, { generation: 'g3', ritualDtype: 4, tensor: { dtype: 'float64', dims: [1], values: [0] } })
})

const output = (name: string, head: readonly number[], expected: object) =>
  test(name, () => check(words(...head, 0, 0x1a0) + VECTOR, { generation: 'g3', ritualDtype: 1, ...expected, tensor }))

output('both output options', [0x80, 0xa0, 1, 6], { outputArithmetic: 'fixed_point', outputDecimals: 6 })
output('no decimals', [0x80, 0xa0, 0, 0], { outputArithmetic: 'ieee', outputDecimals: 0 })
output('a third field of 0 is an arithmetic', [0x60, 0x80, 0], { outputArithmetic: 'ieee' })
output('a third field of 1 is an arithmetic', [0x60, 0x80, 1], { outputArithmetic: 'fixed_point' })
output('a third field of 2 is decimals', [0x60, 0x80, 2], { outputDecimals: 2 })

const refused = (name: string, hex: string, says: RegExp) =>
  test(`refuses ${name}`, () => refuses(() => read(hex), says))

refused('output arithmetic 2', words(0x80, 0xa0, 2, 6, 0, 0x1a0) + VECTOR, /its output arithmetic is 2, not 0 or 1$/)
refused('decimals of 256', words(0x60, 0x80, 256, 0, 0x1a0) + VECTOR, /field 3 \(uint8\) holds 256$/)
refused('an empty vector', words(0x40, 0x60, 0, 0), /^the chain payload is not a RitualVector: it has 0 bytes/)
refused(
  'a broken model id',
  `${words(0x40, 0x80, 1)}ff${'0'.repeat(62)}${words(0x1a0)}${VECTOR}`,
  /is not a model id: it has 1 bytes/,
)
refused(
  'what is nothing',
  'deadbeef',
  /^the chain payload is none of int256.* it has 4 bytes and starts with "0xdeadbeef"$/,
)
refused('a lone zero', words(0), /it has 32 bytes and starts with "0x0"$/)
refused('three uint64', words(7, 8, 9), /it has 96 bytes and starts with "0x7"$/)
refused('a long first word', words(-1), /starts with "0xf{57}…$/)
refused('a head without tails', words(0x40, 0x20), /starts with "0x40"$/)

interface Row {
  readonly name: string
  readonly input_arithmetic?: Arithmetic
  readonly num_decimals?: number
  readonly hex: string
  readonly decoded: {
    readonly model_id: string | null
    readonly input?: Vector
    readonly inputs?: { readonly input: Vector }
  }
}
interface Vector {
  readonly dtype: number
  readonly shape: number[]
  readonly values: number[]
}

/** The output options that the name of a vector says it was made with. */
const OUTPUTS = new Map<string, { outputArithmetic?: Arithmetic; outputDecimals?: number }>([
  ['torch_out_fixed', { outputArithmetic: 'fixed_point', outputDecimals: 6 }],
  ['torch_out_arith_only', { outputArithmetic: 'fixed_point' }],
  ['torch_out_dec_only', { outputDecimals: 6 }],
])
const SAMPLES = new Map([
  [4, [1.0380048, 0.5586108, 1.1037828, 1.712096]],
  [8, [8.3252, 41, 6.984127, 1.02381, 322, 2.555556, 37.88, -122.23]],
])

const { rows, skip } = readVectors<Row>('vectors_requests_v2.json')

test('every request of upstream encodes and decodes', { skip }, () => {
  for (const { name, hex, decoded, input_arithmetic: arithmetic = 'ieee', num_decimals: decimals = 18 } of rows) {
    const expected = (decoded.input ?? decoded.inputs?.input) as Vector
    const request = read(hex)
    assert.ok(request.generation === 'g3', name)
    const { modelId, ritualDtype, outputArithmetic, outputDecimals } = request
    assert.deepEqual(modelId, decoded.model_id === null ? undefined : parseModelId(decoded.model_id), name)
    assert.equal(ritualDtype, expected.dtype)
    assert.deepEqual(
      { outputArithmetic, outputDecimals },
      { outputArithmetic: undefined, outputDecimals: undefined, ...OUTPUTS.get(name) },
      name,
    )
    assert.equal(request.tensor.dtype, RITUAL_DTYPES[ritualDtype])
    assert.deepEqual([request.tensor.dims, valuesOf(request.tensor)], [expected.shape, expected.values], name)

    const sample = Float64Array.from(SAMPLES.get(expected.values.length) as number[])
    const vector = encodeRitualVector(createTensor('float64', expected.shape, sample), {
      arithmetic,
      decimals,
      ritualDtype,
    })
    assert.equal(
      encodeG3Request({ modelId: modelId as ModelId | undefined, vector, outputArithmetic, outputDecimals }),
      hex,
      name,
    )
  }
})
