import type { DType } from '../tensor/dtype.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { broken, Cursor } from './cursor.ts'
import { type Json, readJson } from './json.ts'
import { storedBytes, tensorFromBytes } from './raw-tensor.ts'
import { countElements } from './strided.ts'

/**
 * safetensors (https://github.com/huggingface/safetensors, README "Format"): the length of a JSON head, the head, and
 * the tensors' bytes, which must fill the rest without holes and without overlaps.
 *
 * Limits on a file from a stranger: the head, as the reference has it; tensors are views until they are asked for.
 */
const MAX_HEAD_BYTES = 100_000_000
const MAX_RANK = 64

/** One byte floats have no dtype here; a model that has them is refused by name. */
// biome-ignore format: one row per kind
const DTYPES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['BOOL', 'bool'],
  ['I8', 'int8'], ['I16', 'int16'], ['I32', 'int32'], ['I64', 'int64'],
  ['U8', 'uint8'], ['U16', 'uint16'], ['U32', 'uint32'], ['U64', 'uint64'],
  ['F16', 'float16'], ['BF16', 'bfloat16'], ['F32', 'float32'], ['F64', 'float64'],
  ['C64', 'complex64'],
])

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: ReadonlyMap<string, string>
}

export interface StoredTensor {
  readonly dtype: DType
  readonly dims: readonly number[]
  readonly read: () => Tensor
}

const fail = (what: string): never => {
  throw broken('safetensors', what)
}

/** @throws InferError bad_model naming what is wrong and where */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const file = new Cursor(bytes, 'safetensors')
  const size = file.u64()
  if (size > MAX_HEAD_BYTES) fail(`a head of ${size} bytes, more than ${MAX_HEAD_BYTES}`)
  const text = file.bytes(size)
  if (text[0] !== 0x7b) fail('its head does not begin with {')
  const head = readJson(text, { format: 'safetensors', nonFinite: false }) as Map<string, Json>
  const content = file.bytes(file.left)
  const placed = [...head]
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => placeOf(name, entry, content))
  checkPlaces(placed, content.length)
  return {
    tensors: new Map(placed.map((place) => [place.name, place])),
    metadata: metadataOf(head.get('__metadata__')),
  }
}

interface Place extends StoredTensor {
  readonly name: string
  readonly start: number
  readonly end: number
}

function placeOf(name: string, entry: Json, content: Uint8Array): Place {
  if (!(entry instanceof Map)) return fail(`${name} is described by no object`)
  for (const key of entry.keys()) if (!KEYS.has(key)) fail(`${name} has ${key}`)
  const type = entry.get('dtype')
  const dtype = DTYPES.get(String(type)) ?? fail(`${name} has the dtype ${String(type)}, which is not read`)
  const dims = counts(name, entry.get('shape'))
  const [start = -1, end = -1, ...more] = counts(name, entry.get('data_offsets'))
  if (start < 0 || end < start || more.length > 0) fail(`${name} has no place`)
  if (end > content.length) fail(`${name} ends at byte ${end} of ${content.length}`)
  const needed = countElements(dims, 'safetensors') * storedBytes(dtype)
  if (end - start !== needed)
    fail(`${name}: ${dtype}[${dims.join(', ')}] takes ${needed} bytes, and has ${end - start}`)
  const read = (): Tensor => tensorFromBytes('safetensors', dtype, dims, content.subarray(start, end))
  return { name, dtype, dims, start, end, read }
}

const KEYS: ReadonlySet<string> = new Set(['dtype', 'shape', 'data_offsets'])

function counts(name: string, value: Json | undefined): number[] {
  if (!Array.isArray(value) || value.length > MAX_RANK) return fail(`${name} has no shape or no place`)
  return value.map((item) =>
    typeof item === 'number' && Number.isSafeInteger(item) && item >= 0
      ? item
      : fail(`${name} has a size of ${String(item)}`),
  )
}

function checkPlaces(places: readonly Place[], size: number): void {
  let end = 0
  for (const place of [...places].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (place.start !== end)
      fail(`${place.name} begins at byte ${place.start}, not at ${end} where the one before ends`)
    end = place.end
  }
  if (end !== size) fail(`its tensors end at byte ${end} of ${size}`)
}

function metadataOf(value: Json | undefined): ReadonlyMap<string, string> {
  if (value === undefined) return new Map()
  if (!(value instanceof Map)) return fail('its metadata is no object')
  const texts = [...value].map(([key, text]): [string, string] => [
    key,
    typeof text === 'string' ? text : fail(`its metadata ${key} is no text`),
  ])
  return new Map(texts)
}
