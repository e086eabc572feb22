import { InferError } from '../errors.ts'
import type { FieldReader } from '../formats/protobuf.ts'
import type { DType } from '../tensor/dtype.ts'
import { DIMENSION, ELEMENT_TYPE, elementType, MAP_TYPE, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO } from './schema.ts'
import { once } from './walk.ts'

/** A length, the name of a length that is only known at run time, or null for one without a name. */
export type Dim = number | string | null

/** What a graph's input or output holds; `element`, `key`: ONNX's name of the element type (`float`, `int64`, ...). */
export type ValueType =
  | {
      readonly kind: 'tensor'
      /** null: an element type that we do not hold. */
      readonly dtype: DType | null
      readonly element: string
      /** null: of any rank. */
      readonly dims: readonly Dim[] | null
    }
  | { readonly kind: 'sequence'; readonly of: ValueType }
  | { readonly kind: 'sequence-of-maps'; readonly key: string; readonly value: ValueType }
  | { readonly kind: 'map'; readonly key: string; readonly value: ValueType }
  | { readonly kind: 'optional'; readonly of: ValueType }
  /** A sparse tensor, an opaque value, or a type that is not told. */
  | { readonly kind: 'other' }

/** An input or an output of a graph. */
export interface ValueInfo {
  readonly name: string
  readonly type: ValueType
  /** The dtype and the dimensions of a tensor; null for what is none. */
  readonly dtype: DType | null
  readonly dims: readonly Dim[] | null
}

/** As many as a numpy array may have. */
const MAX_RANK = 64
const UNTOLD: ValueType = { kind: 'other' }

/** A ValueInfoProto. */
export function readValueInfo(message: FieldReader): ValueInfo {
  let name = ''
  let type = UNTOLD
  let seen = 0
  while (message.next()) {
    if (message.number === VALUE_INFO.name) name = message.text()
    if (message.number !== VALUE_INFO.type) continue
    seen = once(seen, message)
    type = readType(message.message())
  }
  const { dtype, dims } = type.kind === 'tensor' ? type : { dtype: null, dims: null }
  return { name, type, dtype, dims }
}

const READERS = new Map<number, (message: FieldReader) => ValueType>([
  [TYPE.tensor, readTensorType],
  [TYPE.sequence, (message) => sequenceOf(readElement(message))],
  [TYPE.map, readMapType],
  [TYPE.optional, (message) => ({ kind: 'optional', of: readElement(message) })],
  [TYPE.sparseTensor, () => UNTOLD],
  [TYPE.opaque, () => UNTOLD],
])

/** A TypeProto: one of the types above. */
function readType(message: FieldReader): ValueType {
  let type: ValueType | undefined
  while (message.next()) {
    const read = READERS.get(message.number)
    if (read === undefined) continue
    if (type !== undefined) throw new InferError('bad_model', `ONNX: a value has two types, at byte ${message.start}`)
    type = read(message.message())
  }
  return type ?? UNTOLD
}

const sequenceOf = (of: ValueType): ValueType =>
  of.kind === 'map' ? { kind: 'sequence-of-maps', key: of.key, value: of.value } : { kind: 'sequence', of }

function readElement(message: FieldReader): ValueType {
  let type = UNTOLD
  let seen = 0
  while (message.next()) {
    if (message.number !== ELEMENT_TYPE.elemType) continue
    seen = once(seen, message)
    type = readType(message.message())
  }
  return type
}

function readMapType(message: FieldReader): ValueType {
  let key = 0
  let value = UNTOLD
  let seen = 0
  while (message.next()) {
    if (message.number === MAP_TYPE.keyType) key = message.int32()
    if (message.number !== MAP_TYPE.valueType) continue
    seen = once(seen, message)
    value = readType(message.message())
  }
  return { kind: 'map', key: elementType(key).name, value }
}

function readTensorType(message: FieldReader): ValueType {
  let number = 0
  let dims: Dim[] | null = null
  let seen = 0
  while (message.next()) {
    if (message.number === TENSOR_TYPE.elemType) number = message.int32()
    if (message.number !== TENSOR_TYPE.shape) continue
    seen = once(seen, message)
    dims = readShape(message.message())
  }
  const { name, dtype } = elementType(number)
  return { kind: 'tensor', dtype, element: name, dims }
}

function readShape(message: FieldReader): Dim[] {
  const dims: Dim[] = []
  while (message.next()) {
    if (message.number !== SHAPE.dim) continue
    if (dims.length === MAX_RANK) {
      throw new InferError('bad_model', `ONNX: a shape has more than ${MAX_RANK} dimensions at byte ${message.start}`)
    }
    dims.push(readDim(message.message()))
  }
  return dims
}

/** Exporters write an unknown length as nothing, as an empty name or as -1. */
function readDim(message: FieldReader): Dim {
  let dim: Dim = null
  while (message.next()) {
    if (message.number === DIMENSION.value) {
      const length = message.integer()
      dim = length < 0 ? null : length
    }
    if (message.number === DIMENSION.param) dim = message.text() || null
  }
  return dim
}
