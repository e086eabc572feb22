import { InferError, show } from '../errors.ts'
import { FieldReader } from '../formats/protobuf.ts'
import { FieldWriter } from '../formats/protobuf-writer.ts'
import type { OnnxModel } from './model.ts'
import { elementType, MAX_MODEL_BYTES, TENSOR } from './schema.ts'
import { type ExternalTensor, readTensorHead, type TensorHead } from './tensor-head.ts'
import { rewriteFields, rewriteTensors } from './walk.ts'

/** Leaves room for the graph itself below protobuf's 2 GiB. */
const MAX_INLINED_BYTES = 1_500_000_000
/** What file systems allow for one path. */
const MAX_LOCATION_CHARS = 4096

/** Why a location is refused; the first that matches is told. ONNX Runtime marks addresses in memory with `*`. */
const REFUSED: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^$/, 'names no file'],
  [new RegExp(`^.{${MAX_LOCATION_CHARS}}`, 's'), 'is too long'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  [/[\u0000-\u001f\u007f]/, 'holds a control character'],
  [/\\/, 'holds a backslash'],
  [/[*?"<>|]/, 'holds a character that is in no file name'],
  [/^\//, 'is an absolute path'],
  [/:/, 'holds a colon, as drives and URLs do'],
  [/(^|\/)\.\.(\/|$)/, 'leads out of the folder of the model'],
  [/\/\/|\/$|(^|\/)\.$/, 'names a folder'],
]

/**
 * Checks where a model says that its external tensors lie, without looking at any file: each must be a plain relative
 * path, within the folder of the model, with an offset and a length that are numbers of bytes.
 * @returns the names of the files that the model needs, each once, relative to its folder
 * @throws InferError bad_model, naming the tensor and its location
 */
export function checkExternalNames(model: Pick<OnnxModel, 'externalData'>): string[] {
  return [...new Set(model.externalData.map((external) => locate(external).file))]
}

/**
 * The model with the values of its external tensors inside it (as raw_data), all else byte for byte. `read` is asked
 * once for each file that `checkExternalNames` names.
 * @throws InferError bad_model when a name or a range is refused, or when there is too much to inline
 */
export function inlineExternalData(bytes: Uint8Array, read: (file: string) => Uint8Array): Uint8Array {
  const files = new Map<string, Uint8Array>()
  const fileNamed = (name: string): Uint8Array => {
    const file = files.get(name) ?? read(name)
    files.set(name, file)
    return file
  }
  let total = 0
  const inlined = rewriteTensors(new FieldReader(bytes), 'model', (field) => {
    const head = readTensorHead(field.message())
    if (head.external === undefined) return undefined
    const place = locate(head.external)
    const size = byteSize(head)
    total += size
    if (total > MAX_INLINED_BYTES || total + bytes.length > MAX_MODEL_BYTES) {
      throw new InferError('bad_model', `ONNX: with ${total} bytes of external data the model is too large to inline`)
    }
    return withData(field.message(), dataOf(head, head.external, place, size, fileNamed))
  })
  return inlined?.finish() ?? bytes
}

interface Place {
  readonly file: string
  readonly offset: number
  readonly length: number | null
}

/** Where an external tensor lies, checked as far as its own words go. */
function locate(external: ExternalTensor): Place {
  const why = REFUSED.find(([pattern]) => pattern.test(external.location))?.[1]
  if (why !== undefined) throw refuse(external, `which ${why}`)
  const file = external.location.replace(/^(\.\/)+/, '')
  const offset = bytesOf(external, 'offset') ?? 0
  const length = bytesOf(external, 'length')
  if (!Number.isSafeInteger(offset + (length ?? 0))) throw refuse(external, 'with an offset and length beyond any file')
  return { file, offset, length }
}

function bytesOf(external: ExternalTensor, key: 'offset' | 'length'): number | null {
  const text = external[key]
  if (text === null) return null
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw refuse(external, `with the ${key} ${show(text)}, which is no number of bytes`)
  return value
}

/** The bytes of raw_data that the dimensions and the element type imply. */
function byteSize({ name, dims, dataType }: TensorHead): number {
  const { bits, name: type } = elementType(dataType)
  if (bits === 0) throw new InferError('bad_model', `ONNX: tensor '${name}' of ${type} cannot lie outside the model`)
  if (dims.some((dim) => dim < 0n)) throw new InferError('bad_model', `ONNX: tensor '${name}' has shape [${dims}]`)
  const size = (dims.reduce((count, dim) => count * dim, BigInt(bits)) + 7n) / 8n
  return size > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : Number(size)
}

function dataOf(
  head: TensorHead,
  external: ExternalTensor,
  { file, offset, length }: Place,
  size: number,
  fileNamed: (name: string) => Uint8Array,
): Uint8Array {
  if (head.hasData) throw refuse(external, 'and holds values of its own as well')
  if (length !== null && length !== size) {
    throw refuse(external, `with a length of ${length} bytes where its shape and type take ${size}`)
  }
  const data = fileNamed(file)
  if (offset + size > data.length) {
    throw refuse(external, `at bytes ${offset} to ${offset + size}, beyond its end at ${data.length}`)
  }
  return data.subarray(offset, offset + size)
}

/** The tensor without a word of where its data lay, and with the data. */
function withData(message: FieldReader, data: Uint8Array): FieldWriter | undefined {
  const dropped = new FieldWriter()
  const isPlace = (number: number) => number === TENSOR.externalData || number === TENSOR.dataLocation
  return rewriteFields(message, ({ number }) => (isPlace(number) ? dropped : undefined))?.bytes(TENSOR.rawData, data)
}

const refuse = (external: ExternalTensor, what: string): InferError =>
  new InferError('bad_model', `ONNX: tensor ${show(external.tensor)} lies in ${show(external.location)}, ${what}`)
