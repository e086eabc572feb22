import type { DType, NumericArray } from '../tensor/dtype.ts'
import { broken } from './cursor.ts'

/**
 * What a Python file can hold, as data. JavaScript's own types stand for Python's where they tell them apart:
 *
 * | Python | here | | Python | here |
 * | --- | --- | --- | --- | --- |
 * | `None`, `bool`, `str` | `null`, boolean, string | | `bytes` | Uint8Array |
 * | `int` | bigint, whatever its size | | `list` | array |
 * | `float` | number | | `dict` | Map |
 * | `set` | Set | | all else | a record with a `kind` |
 *
 * So `typeof` tells 1 from 1.0, as the exact JSON of `tensor/` does. A lone surrogate stays one in the string. Map and
 * Set compare containers by identity: a tuple as a key is found by iterating.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Value[]
  | Map<Value, Value>
  | Set<Value>
  | Tuple
  | FrozenSet
  | ByteArray
  | Global
  | PyObject
  | NumpyDType
  | NdArray
  | TorchStorage
  | TorchTensor

export type Dict = Map<Value, Value>

export interface Tuple {
  readonly kind: 'tuple'
  readonly items: readonly Value[]
}

export interface FrozenSet {
  readonly kind: 'frozenset'
  readonly items: ReadonlySet<Value>
}

export interface ByteArray {
  readonly kind: 'bytearray'
  readonly bytes: Uint8Array
}

/** A class or function that the file names. It is only a name: nothing was looked up. */
export interface Global {
  readonly kind: 'global'
  /** `module.Name`, spelled as today's libraries spell it. */
  readonly name: string
}

/** What the file says is an instance: its class (or the function that would make it) and what that would be given. */
export interface PyObject {
  readonly kind: 'object'
  readonly type: string
  readonly args: readonly Value[]
  readonly kwargs: Dict | undefined
  /** What `__setstate__` would get; `undefined` if nothing. `attributesOf` reads it. */
  state: Value | undefined
  /** What `append` would get: a subclass of list. */
  items: readonly Value[]
  /** What `__setitem__` would get: a subclass of dict. */
  entries: ReadonlyMap<Value, Value>
}

/** `collections.OrderedDict` and its kin: a dict that knows its type, and may have attributes (torch's `_metadata`). */
export class NamedDict extends Map<Value, Value> {
  readonly type: string
  state: Value | undefined = undefined

  constructor(type: string) {
    super()
    this.type = type
  }
}

/** A numpy dtype: kind letter and size as in `dtype.str`, and for structures the fields at their offsets. */
export interface NumpyDType {
  readonly kind: 'dtype'
  /** b bool, i u f c numbers, m M time, S bytes, U text, O objects, V structure or raw bytes. */
  readonly letter: string
  itemBytes: number
  bigEndian: boolean
  /** Of datetime64 and timedelta64, as `25s`. */
  unit: string
  fields: readonly NumpyField[]
  sub: { readonly dtype: NumpyDType; readonly shape: readonly number[] } | undefined
}

export interface NumpyField {
  readonly name: string
  readonly dtype: NumpyDType
  readonly offset: number
}

/** The element types of an array: those of tensors, and those that only files have. */
export type ArrayDType = DType | 'bytes' | 'object' | 'struct' | 'datetime64' | 'timedelta64' | 'void'

/**
 * A numpy array or scalar (shape `[]`), row-major and in this machine's byte order. `data` holds, by dtype:
 * numbers as a tensor has them (half bits, 0 and 1, pairs), `string` texts, `bytes` Uint8Arrays, `object` values, the
 * two times int64, `void` raw bytes, and `struct` nothing: its columns are `fields`, each an array of that shape.
 */
export interface NdArray {
  readonly kind: 'ndarray'
  dtype: ArrayDType
  shape: readonly number[]
  data: NumericArray | readonly Value[]
  fields: ReadonlyMap<string, NdArray>
  unit: string
}

/** Raw memory that tensors share. */
export interface TorchStorage {
  readonly kind: 'storage'
  readonly key: string
  /** `undefined` where the tensor says it (untyped storages). */
  readonly dtype: DType | undefined
  readonly location: string
  /** Little-endian; filled after the object in legacy files. */
  bytes: Uint8Array
}

/** A window on a storage; offset and strides count elements. `contiguous` reads it. */
export interface TorchTensor {
  readonly kind: 'tensor'
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  readonly offset: number
  readonly storage: TorchStorage
  readonly requiresGrad: boolean
  /** Whether it is an `nn.Parameter`. */
  readonly parameter: boolean
}

export const tuple = (items: readonly Value[]): Tuple => ({ kind: 'tuple', items })

/** Most instances are neither lists nor dicts. */
export const NO_ITEMS: readonly Value[] = Object.freeze([])
export const NO_ENTRIES: ReadonlyMap<Value, Value> = new Map()

export const NO_VALUES: Tuple = tuple(NO_ITEMS)

export const pyObject = (type: string, args: readonly Value[], kwargs?: Dict): PyObject => ({
  kind: 'object',
  type,
  args,
  kwargs,
  state: undefined,
  items: NO_ITEMS,
  entries: NO_ENTRIES,
})

/** The `kind` of a record; `undefined` for what JavaScript has a type of its own. */
export const kindOf = (value: Value | undefined): string | undefined =>
  typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined

export const isTuple = (value: Value | undefined): value is Tuple => kindOf(value) === 'tuple'
export const isGlobal = (value: Value | undefined): value is Global => kindOf(value) === 'global'
export const isObject = (value: Value | undefined): value is PyObject => kindOf(value) === 'object'
export const isArray = (value: Value | undefined): value is NdArray => kindOf(value) === 'ndarray'
export const isTensor = (value: Value | undefined): value is TorchTensor => kindOf(value) === 'tensor'

/** The attributes of an instance: its state's dict, with its slots' over it. */
export function attributesOf(value: PyObject | NamedDict): ReadonlyMap<Value, Value> {
  const { state } = value
  if (state instanceof Map) return state
  if (!isTuple(state) || state.items.length !== 2) return new Map()
  const [dict, slots] = state.items
  return new Map([...(dict instanceof Map ? dict : []), ...(slots instanceof Map ? slots : [])])
}

/** What a value is, in Python's words, for sentences. */
export function typeName(value: Value | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'None'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Map) return 'a dict'
  if (value instanceof Set) return 'a set'
  if (typeof value === 'object') return 'type' in value ? value.type : `a ${value.kind}`
  return { bigint: 'an int', number: 'a float', string: 'a str', boolean: 'a bool' }[typeof value as 'string']
}

/** A non-negative integer that counts something. */
export function countOf(value: Value | undefined, format: string, what: string): number {
  if (typeof value !== 'bigint' || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw broken(format, `${what} is ${typeof value === 'bigint' ? value : typeName(value)}, which is no count`)
  }
  return Number(value)
}

/** The items of a tuple or list of counts: a shape, strides. */
export function countsOf(value: Value | undefined, format: string, what: string): number[] {
  const items = itemsOf(value)
  if (items === undefined) throw broken(format, `${what} is ${typeName(value)}, not a tuple`)
  if (items.length > MAX_RANK) throw broken(format, `${what} has ${items.length} items, more than ${MAX_RANK}`)
  return items.map((item) => countOf(item, format, what))
}

/** numpy's and torch's own limit. */
const MAX_RANK = 64

export const itemsOf = (value: Value | undefined): readonly Value[] | undefined =>
  Array.isArray(value) ? value : isTuple(value) ? value.items : undefined

/** The content of bytes, a bytearray, or a Python 2 str. */
export function bytesOf(value: Value | undefined): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return latin1(value)
  return kindOf(value) === 'bytearray' ? (value as ByteArray).bytes : undefined
}

/** The bytes whose Latin-1 the text is; `undefined` when it is none. */
export function latin1(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) return undefined
    bytes[i] = code
  }
  return bytes
}
