import { InferError } from '../errors.ts'
import type { FieldReader } from '../formats/protobuf.ts'
import { ENTRY, EXTERNAL, TENSOR } from './schema.ts'

/** A tensor whose bytes lie in a file beside the model, as the model tells it: nothing here is checked yet. */
export interface ExternalTensor {
  readonly tensor: string
  readonly location: string
  /** Decimal numbers of bytes, as text; null: from the start, and as long as the tensor needs. */
  readonly offset: string | null
  readonly length: string | null
}

/** What a TensorProto says of itself, without its values. */
export interface TensorHead {
  readonly name: string
  readonly dataType: number
  readonly dims: readonly bigint[]
  /** Whether the message itself holds values. */
  readonly hasData: boolean
  readonly external: ExternalTensor | undefined
}

/** As many dimensions as a numpy array may have. */
const MAX_RANK = 64

const DATA_FIELDS = new Set<number>([
  TENSOR.floatData,
  TENSOR.int32Data,
  TENSOR.stringData,
  TENSOR.int64Data,
  TENSOR.rawData,
  TENSOR.doubleData,
  TENSOR.uint64Data,
])

/** A TensorProto; its values are skipped, not read. */
export function readTensorHead(message: FieldReader): TensorHead {
  let name = ''
  let dataType = 0
  let location = 0
  let hasData = false
  const dims: bigint[] = []
  const entries: FieldReader[] = []
  while (message.next()) {
    if (message.number === TENSOR.name) name = message.text()
    else if (message.number === TENSOR.dataType) dataType = message.int32()
    else if (message.number === TENSOR.dims) pushDims(dims, message)
    else if (message.number === TENSOR.dataLocation) location = message.int32()
    else if (message.number === TENSOR.externalData) entries.push(message.message())
    else if (DATA_FIELDS.has(message.number)) hasData = true
  }
  const external = location === EXTERNAL ? readExternal(name, entries) : undefined
  return { name, dataType, dims, hasData, external }
}

function pushDims(dims: bigint[], field: FieldReader): void {
  for (const dim of field.int64s()) {
    if (dims.length === MAX_RANK) {
      throw new InferError('bad_model', `ONNX: a tensor has more than ${MAX_RANK} dimensions at byte ${field.start}`)
    }
    dims.push(dim)
  }
}

/** ONNX Runtime takes the last of two equal keys; no exporter writes two, so none are taken. */
function readExternal(tensor: string, messages: readonly FieldReader[]): ExternalTensor {
  const found = new Map<string, string>()
  for (const message of messages) {
    const [key, value] = readEntry(message)
    if (found.has(key)) throw new InferError('bad_model', `ONNX: tensor '${tensor}' tells its external ${key} twice`)
    found.set(key, value)
  }
  return {
    tensor,
    location: found.get('location') ?? '',
    offset: found.get('offset') ?? null,
    length: found.get('length') ?? null,
  }
}

/** A StringStringEntryProto. */
export function readEntry(message: FieldReader): [key: string, value: string] {
  let key = ''
  let value = ''
  while (message.next()) {
    if (message.number === ENTRY.key) key = message.text()
    if (message.number === ENTRY.value) value = message.text()
  }
  return [key, value]
}
