/**
 * What a contract asks for. A payload does not say which generation wrote it; its first words tell (infernet contract
 * 3.5).
 *
 * Limits on untrusted input: those of the codec that the words lead to. No codec is tried after another has refused, so
 * a bad payload costs one attempt, and its error is that codec's.
 */
import { show } from '../errors.ts'
import type { Tensor } from '../tensor/tensor.ts'
import * as abi from './abi.ts'
import { decodeOnnxWords, decodeSd59x18, decodeStarterArray } from './fixed-array.ts'
import { decodeModelId, type ModelId, STORAGES, type Storage } from './model-id.ts'
import { notA, refusal } from './refusal.ts'
import { ARITHMETICS, type Arithmetic, decodeRitualVector } from './ritual-vector.ts'
import { decodeTensorVector } from './tensor-vector.ts'

export interface ChainOptions {
  /** Whose a bare array is: the two look the same. */
  readonly array: 'sd59x18' | 'starter'
  readonly starterDecimals: number
}

export type ChainRequest =
  | { readonly generation: 'g1-array' | 'starter' | 'g1-onnx'; readonly tensor: Tensor }
  | G2Request
  | G3Request

/** With repoId, filename and version all empty the default model is meant. The three are as they came, unchecked. */
export interface G2Request {
  readonly generation: 'g2'
  readonly source: Storage
  readonly repoId: string
  readonly filename: string
  readonly version: string
  readonly tensor: Tensor
  /** torch's name of the tensor's dtype, with which upstream labels the answer. */
  readonly dtypeName: string
}

/** Without modelId the default model is meant. */
export interface G3Request {
  readonly generation: 'g3'
  readonly modelId?: ModelId
  readonly tensor: Tensor
  readonly ritualDtype: number
  readonly outputArithmetic?: Arithmetic
  /** 0 is unset, as `encodeRitualVector` takes it. */
  readonly outputDecimals?: number
}

interface Layout {
  readonly matches: (words: readonly bigint[], bytes: number) => boolean
  readonly read: typeof readChainRequest
}

const G3 = 'a model request of (bytes model_id, bytes vector)'
const KNOWN =
  'int256[], uint256[], four uint64, (uint8,string,string,string,bytes), (bytes,bytes[,uint8[,uint8]]), RitualVector'
const WORD_DIGITS = 64

/**
 * In this order: a bare vector keeps its dtype where a G2 request keeps an offset, which is higher; four plain integers
 * can begin like anything.
 */
// biome-ignore format: one row per layout
const LAYOUTS: readonly Layout[] = [
  { matches: ([w0]) => w0 === 0x20n, read: readArray },
  { matches: ([w0, w1 = 0n]) => w0 === 0x40n && w1 >= 0x60n, read: readG3 },
  { matches: ([w0]) => w0 === 0x60n, read: readG3WithOption },
  { matches: ([w0]) => w0 === 0x80n, read: readG3WithOptions },
  { matches: ([w0 = 2n, , w2 = 0xa0n, w3]) => w0 <= 1n && w2 < 0xa0n && w3 === 0xa0n, read: readBareVector },
  { matches: ([w0 = 3n, w1]) => w0 <= 2n && w1 === 0xa0n, read: readG2 },
  { matches: (_, bytes) => bytes === 128, read: (hex) => ({ generation: 'g1-onnx', tensor: decodeOnnxWords(hex) }) },
]

/** `hex` without `0x`, as `readHex` leaves it. */
export function readChainRequest(hex: string, options: ChainOptions): ChainRequest {
  const words = (hex.slice(0, 4 * WORD_DIGITS).match(/.{64}/g) ?? []).map((word) => BigInt(`0x${word}`))
  const layout = LAYOUTS.find(({ matches }) => matches(words, hex.length / 2))
  if (layout !== undefined) return layout.read(hex, options)
  const first = `0x${hex.slice(0, WORD_DIGITS).replace(/^0+(?=.)/, '')}`
  throw refusal(`the chain payload is none of ${KNOWN}: it has ${hex.length / 2} bytes and starts with ${show(first)}`)
}

function readArray(hex: string, { array, starterDecimals }: ChainOptions): ChainRequest {
  return array === 'starter'
    ? { generation: 'starter', tensor: decodeStarterArray(hex, starterDecimals) }
    : { generation: 'g1-array', tensor: decodeSd59x18(hex) }
}

/** `(uint8 source, string repo_id, string filename, string version, bytes vector)`. */
function readG2(hex: string): G2Request {
  const types = ['uint8', 'string', 'string', 'string', 'bytes'] as const
  const [number, repoId, filename, version, vector] = abi.decode(types, hex, 'a G2 request')
  const { dtypeName, ...tensor } = decodeTensorVector(vector)
  return { generation: 'g2', source: sourceOf(number), repoId, filename, version, tensor, dtypeName }
}

function readG3(hex: string): G3Request {
  const [id, vector] = abi.decode(['bytes', 'bytes'], hex, G3)
  return modelRequest(id, vector)
}

/** Upstream writes either option in the same place: what can be an arithmetic is one. */
function readG3WithOption(hex: string): G3Request {
  const [id, vector, option] = abi.decode(['bytes', 'bytes', 'uint8'], hex, G3)
  const output = option <= 1n ? { outputArithmetic: arithmeticOf(option) } : { outputDecimals: Number(option) }
  return { ...modelRequest(id, vector), ...output }
}

function readG3WithOptions(hex: string): G3Request {
  const [id, vector, arithmetic, decimals] = abi.decode(['bytes', 'bytes', 'uint8', 'uint8'], hex, G3)
  const output = { outputArithmetic: arithmeticOf(arithmetic), outputDecimals: Number(decimals) }
  return { ...modelRequest(id, vector), ...output }
}

function readBareVector(hex: string): G3Request {
  return modelRequest('', hex)
}

function modelRequest(id: string, vector: string): G3Request {
  const { dtype, dims, data, ritualDtype } = decodeRitualVector(vector)
  return {
    generation: 'g3',
    ...(id === '' ? {} : { modelId: decodeModelId(id) }),
    tensor: { dtype, dims, data },
    ritualDtype,
  }
}

function arithmeticOf(number: bigint): Arithmetic {
  const arithmetic = ARITHMETICS[Number(number)]
  if (arithmetic !== undefined) return arithmetic
  throw notA(G3, `its output arithmetic is ${number}, not 0 or 1`)
}

function sourceOf(number: bigint): Storage {
  const source = STORAGES[Number(number)]
  if (source !== undefined) return source
  throw notA('a G2 request', `its source is ${number}, not 0 to 2`)
}
