import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readChainRequest } from '../../src/codecs/chain-request.ts'
import { parseModelId } from '../../src/codecs/model-id.ts'
import { decodeRitualVector, encodeRitualVector, RITUAL_DTYPES } from '../../src/codecs/ritual-vector.ts'
import { decodeTensorVector, encodeTensorVector, TORCH_DTYPES } from '../../src/codecs/tensor-vector.ts'
import { InferError } from '../../src/errors.ts'
import { createData, type DType, intRange, kindOf } from '../../src/tensor/dtype.ts'
import { fromHalfBits, roundToBfloat16, toHalfBits } from '../../src/tensor/half.ts'
import { createTensor, sizeOf, type Tensor } from '../../src/tensor/tensor.ts'
import { refuses, sameTensor, valuesOf, words } from './check.ts'
import { encodeG2Request, encodeG3Request } from './requests.ts'

const QUICK_MS = 50

/** Mulberry32: the same numbers in every run, 0 up to 1. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const next = random(20260)

/** Of any size and sign, now and then a zero, an infinity or NaN. */
function randomFloat(): number {
  const [special, sign, exponent, fraction] = [next(), next(), next(), next()]
  if (special < 0.1) return [0, -0, Infinity, -Infinity, NaN][Math.floor(special * 50)] as number
  return (sign < 0.5 ? -1 : 1) * (1 + fraction) * 2 ** Math.floor(exponent * 60 - 30)
}

function randomInteger(dtype: DType): bigint {
  const [lowest, highest] = intRange(dtype)
  const word = (BigInt(Math.floor(next() * 2 ** 32)) << 32n) | BigInt(Math.floor(next() * 2 ** 32))
  return next() < 0.1 ? lowest : next() < 0.1 ? highest : lowest + (word % (highest - lowest + 1n))
}

function randomTensor(dtype: DType): Tensor {
  const dims = Array.from({ length: Math.floor(next() * 4) }, () => Math.floor(next() * 5))
  const data = createData(dtype, sizeOf(dims))
  const kind = kindOf(dtype)
  for (let i = 0; i < data.length; i++) {
    if (kind === 'int') {
      const value = randomInteger(dtype)
      data[i] = data instanceof BigInt64Array || data instanceof BigUint64Array ? value : Number(value)
    } else if (kind === 'bool') data[i] = next() < 0.5 ? 0 : 1
    else if (dtype === 'float16') data[i] = toHalfBits(randomFloat())
    // What G2 writes of a bfloat16 goes through a half.
    else if (dtype === 'bfloat16') data[i] = roundToBfloat16(fromHalfBits(toHalfBits(randomFloat() / 2 ** 16)))
    else data[i] = randomFloat()
  }
  return createTensor(dtype, dims, data)
}

const expected = (tensor: Tensor) => ({ dtype: tensor.dtype, dims: tensor.dims, values: valuesOf(tensor) })

for (const [ritualDtype, dtype] of RITUAL_DTYPES.entries()) {
  test(`any tensor of Ritual dtype ${ritualDtype} comes back`, () => {
    for (let round = 0; round < 200; round++) {
      const tensor = randomTensor(dtype)
      const hex = encodeRitualVector(tensor, { arithmetic: 'ieee', decimals: 18, ritualDtype })
      sameTensor(decodeRitualVector(hex), expected(tensor))
    }
  })
}

for (const [name, dtype] of TORCH_DTYPES) {
  test(`any tensor of torch dtype ${name} comes back`, () => {
    for (let round = 0; round < 200; round++) {
      const tensor = randomTensor(dtype)
      sameTensor(decodeTensorVector(encodeTensorVector(tensor, name)), expected(tensor))
    }
  })
}

test('any fixed-point number comes back as the decimal that was written', () => {
  for (let round = 0; round < 2000; round++) {
    const decimals = 1 + Math.floor(next() * 30)
    const value = (next() - 0.5) * 10 ** Math.floor(next() * 8)
    const tensor = createTensor('float64', [1], Float64Array.of(value))
    const [decoded] = decodeRitualVector(encodeRitualVector(tensor, { arithmetic: 'fixed_point', decimals })).data
    const cut = BigInt(Math.trunc(value * Number(`1e${decimals}`)))
    assert.equal(decoded, Number(`${cut}e-${decimals}`))
  }
})

const OPTIONS = { array: 'sd59x18', starterDecimals: 6 } as const
const modelId = parseModelId('huggingface/Ritual-Net/iris-classification/v1:iris.torch')
const tensor = createTensor('float32', [2, 3], Float32Array.of(1.5, -2, 0, 1e-9, -Infinity, 3))
const bare = encodeRitualVector(tensor, { arithmetic: 'ieee', decimals: 18 })
const source = { source: 'huggingface', repoId: 'Ritual-Net/iris', filename: 'iris.onnx', version: 'v1' } as const

const PAYLOADS = new Map([
  ['an SD59x18 array', words(0x20, 3, 1n, -(10n ** 18n), 2n ** 200n)],
  ['four uint64', words(1038004800, 558610800, 1103782800, 1712096000)],
  ['a G2 request', encodeG2Request({ ...source, vector: encodeTensorVector(tensor) })],
  ['a G2 request of bool', encodeG2Request({ ...source, vector: words(11, 0x60, 0xa0, 1, 2, 2, 0, 1) })],
  ['a G3 request', encodeG3Request({ modelId, vector: bare })],
  ['a G3 request with decimals', encodeG3Request({ modelId, vector: bare, outputDecimals: 6 })],
  ['a G3 request with both options', encodeG3Request({ vector: bare, outputArithmetic: 'ieee', outputDecimals: 6 })],
  ['a bare vector', bare],
  ['a bare vector of bool', words(0, 18, 15, 0xa0, 0xe0, 1, 2, 2, 0, 1)],
  [
    'a bare vector in fixed point',
    encodeRitualVector(createTensor('float64', [3]), { arithmetic: 'fixed_point', decimals: 6 }),
  ],
])

/** Runs it, again if the machine was busy; either it answers or it gives up with bad_request, and quickly. */
function answers(hex: string): void {
  let quickest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 3 && quickest > QUICK_MS; attempt++) {
    const start = performance.now()
    try {
      readChainRequest(hex, OPTIONS)
    } catch (thrown) {
      assert.ok(thrown instanceof InferError && thrown.code === 'bad_request', `${thrown} for ${hex}`)
    }
    quickest = Math.min(quickest, performance.now() - start)
  }
  assert.ok(quickest < QUICK_MS, `took ${quickest} ms for ${hex.slice(0, 1000)}`)
}

const replaced = (hex: string, at: number, word: string) => hex.slice(0, at * 64) + word + hex.slice((at + 1) * 64)

for (const [name, hex] of PAYLOADS) {
  const count = hex.length / 64

  test(`${name} is understood whole, and with trailing bytes where it says how long it is`, () => {
    readChainRequest(hex, OPTIONS)
    if (name !== 'four uint64') readChainRequest(`${hex}ff`, OPTIONS)
  })

  test(`${name} is refused when cut anywhere`, () => {
    for (let length = 0; length < hex.length; length += 2) {
      refuses(() => readChainRequest(hex.slice(0, length), OPTIONS))
    }
  })

  test(`${name} with one hostile word answers or is refused, quickly`, () => {
    const hostile = [
      0n,
      1n,
      2n,
      3n,
      0x20n,
      255n,
      256n,
      2n ** 31n,
      2n ** 32n,
      2n ** 53n,
      2n ** 63n,
      2n ** 64n,
      2n ** 127n,
    ]
    for (let at = 0; at < count; at++) {
      for (const word of [...hostile, 2n ** 255n, 2n ** 256n - 1n, BigInt(at * 32), BigInt(hex.length / 2 - 32)]) {
        answers(replaced(hex, at, words(word)))
        answers(replaced(hex, at, words(~word)))
      }
    }
  })

  test(`${name} with random words and bytes answers or is refused, quickly`, () => {
    for (let round = 0; round < 500; round++) {
      const [from, to, at] = [next(), next(), next()].map((part) => Math.floor(part * count)) as [
        number,
        number,
        number,
      ]
      const moved = replaced(hex, to, hex.slice(from * 64, (from + 1) * 64))
      const digit = at * 64 + Math.floor(next() * 64)
      answers(moved)
      answers(moved.slice(0, digit) + Math.floor(next() * 16).toString(16) + moved.slice(digit + 1))
    }
  })
}

test('an array that says to be larger than it is costs nothing, however long', () => {
  const zeros = '0'.repeat(64 * 100_000)
  const start = performance.now()
  refuses(() => readChainRequest(words(0x20, 100_001) + zeros, OPTIONS), /has a length of 100001 where 100000 words/)
  refuses(() => readChainRequest(words(0, 18, 15, 0xa0, 0x20, 0) + zeros, OPTIONS))
  assert.ok(performance.now() - start < 4 * QUICK_MS)
})

test('a vector of 100 000 values decodes in well under a second', () => {
  const large = createTensor('float32', [1000, 100], Float32Array.from({ length: 100_000 }, randomFloat))
  const hex = encodeRitualVector(large, { arithmetic: 'ieee', decimals: 18 })
  const start = performance.now()
  const request = readChainRequest(hex, OPTIONS)
  assert.ok(performance.now() - start < 1000)
  assert.deepEqual(request.tensor.data, large.data)
})
