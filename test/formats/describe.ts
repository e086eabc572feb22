/** What `describe` of `fixtures/make/formats.py` says, of what we read: the two are compared as they are. */
import { createHash } from 'node:crypto'
import { contiguous } from '../../src/formats/torch-tensor.ts'
import { NamedDict, type NdArray, type TorchTensor, type Value } from '../../src/formats/values.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const digest = (bytes: Uint8Array): string =>
  bytes.length <= 64 ? hex(bytes) : `sha256:${createHash('sha256').update(bytes).digest('hex')}`

function floatHex(value: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes.toString('hex')
}

export function describeValue(value: Value, seen = new Map<Value, number>()): unknown {
  const all = (values: Iterable<Value>): unknown[] => [...values].map((item) => describeValue(item, seen))
  const pairs = (map: ReadonlyMap<Value, Value>): unknown[] => [...map].map(([key, item]) => all([key, item]))
  const sorted = (values: Iterable<Value>): unknown[] =>
    all(values)
      .map((item) => JSON.stringify(item))
      .sort()
      .map((text) => JSON.parse(text))
  if (value === null) return ['none']
  if (typeof value === 'boolean') return ['bool', value]
  if (typeof value === 'bigint') return ['int', `${value}`]
  if (typeof value === 'number') return ['float', floatHex(value)]
  if (typeof value === 'string') return ['str', value]
  if (value instanceof Uint8Array) return ['bytes', digest(value)]
  if ('kind' in value) {
    if (value.kind === 'bytearray') return ['bytearray', digest(value.bytes)]
    if (value.kind === 'tuple') return ['tuple', all(value.items)]
    if (value.kind === 'frozenset') return ['frozenset', sorted(value.items)]
    if (value.kind === 'global') return ['global', value.name]
    if (value.kind === 'ndarray') return describeArray(value, seen)
    if (value.kind === 'dtype') return ['dtype', value.letter, value.itemBytes]
    if (value.kind === 'tensor') return describeTensor(value)
    if (value.kind === 'storage') return ['storage', value.key]
  }
  const known = seen.get(value)
  if (known !== undefined) return ['ref', known]
  seen.set(value, seen.size)
  if (Array.isArray(value)) return ['list', all(value)]
  if (value instanceof Set) return ['set', sorted(value)]
  if (value instanceof Map) return ['dict', value instanceof NamedDict ? value.type : 'dict', pairs(value)]
  const { type, args, kwargs, state, items, entries } = value
  return [
    'object',
    type,
    all(args),
    describeValue(kwargs ?? null, seen),
    describeValue(state ?? null, seen),
    all(items),
    pairs(entries),
  ]
}

function describeArray({ dtype, shape, data, fields, unit }: NdArray, seen: Map<Value, number>): unknown {
  if (dtype === 'object')
    return ['ndarray', dtype, shape, [...(data as Value[])].map((item) => describeValue(item, seen))]
  if (dtype === 'struct') {
    return ['ndarray', dtype, shape, [...fields].map(([name, field]) => [name, describeArray(field, seen)])]
  }
  if (dtype === 'string') return ['ndarray', dtype, shape, data]
  if (dtype === 'bytes') return ['ndarray', dtype, shape, (data as Uint8Array[]).map(hex)]
  return ['ndarray', unit === '' ? dtype : `${dtype}[${unit}]`, shape, digest(memoryOf(data as Float64Array))]
}

export function describeTensor(tensor: TorchTensor): unknown {
  const { dtype, dims, data } = contiguous(tensor)
  return ['tensor', dtype, dims, digest(memoryOf(data as Float64Array)), tensor.parameter, tensor.requiresGrad]
}

export const memoryOf = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
