/**
 * What crosses between the front and an inference child: frames on one duplex byte stream (a socket pair on fd 3).
 *
 * A frame, little-endian, padded to 8 bytes:
 *   u32 frame bytes | u32 id | u8 kind | u8 – | u16 tensors | u32 head bytes | head (UTF-8 JSON) | tensors
 * A tensor: u8 dtype (index in DTYPE_NAMES) | u8 rank | u16 name bytes | u32 data bytes | u32 dims… | name | data.
 * Strings travel as one JSON list.
 *
 * Both ends are ours, but a child may have been corrupted by a hostile model, so the front checks what it reads:
 * a frame is at most MAX_FRAME_BYTES (a larger answer is refused in the child before it is sent).
 */
import type { Duplex } from 'node:stream'
import { InferError } from '../errors.ts'
import { createData, DTYPE_NAMES, type DType, elementBytes, type TensorData } from '../tensor/dtype.ts'
import { type NamedTensor, sizeOf } from '../tensor/tensor.ts'

/** Node refuses a Buffer beyond 4 GiB and a client one far sooner; 1 GiB is larger than any body limit in use. */
const MAX_FRAME_BYTES = 2 ** 30

/** A row a kind. The first block goes to the child, the second comes from it. */
const KINDS = [
  'init',
  'infer',
  'stream',
  'resolved',
  'refused',
  'ready',
  'failed',
  'result',
  'error',
  'chunk',
  'resolve',
  'shelf',
] as const
export type Kind = (typeof KINDS)[number]

export interface Frame {
  readonly id: number
  readonly kind: Kind
  /** JSON text, or '' for none. */
  readonly head: string
  readonly tensors: readonly NamedTensor[]
}

const HEADER_BYTES = 16
const TENSOR_HEADER_BYTES = 8
const KIND_INDEX = new Map(KINDS.map((kind, index) => [kind, index]))
const DTYPE_INDEX = new Map(DTYPE_NAMES.map((dtype, index) => [dtype, index]))

/** One frame as bytes. Throws `internal` beyond MAX_FRAME_BYTES. */
export function encodeFrame(frame: Frame): Buffer {
  const parts = frame.tensors.map(encodeTensor)
  const headBytes = Buffer.byteLength(frame.head)
  let size = HEADER_BYTES + headBytes
  for (const part of parts) size += part.size
  const padded = (size + 7) & ~7
  if (size > MAX_FRAME_BYTES)
    throw new InferError('internal', `an answer of ${size} bytes is more than can be delivered`)
  const out = Buffer.allocUnsafe(padded)
  out.writeUInt32LE(padded, 0)
  out.writeUInt32LE(frame.id, 4)
  out[8] = KIND_INDEX.get(frame.kind) as number
  out[9] = 0
  out.writeUInt16LE(parts.length, 10)
  out.writeUInt32LE(headBytes, 12)
  out.write(frame.head, HEADER_BYTES)
  let at = HEADER_BYTES + headBytes
  for (const part of parts) at = part.write(out, at)
  return out
}

interface TensorPart {
  readonly size: number
  write(out: Buffer, at: number): number
}

function encodeTensor(tensor: NamedTensor): TensorPart {
  const name = Buffer.from(tensor.name)
  const data = bytesOf(tensor.data)
  const size = TENSOR_HEADER_BYTES + 4 * tensor.dims.length + name.length + data.length
  const write = (out: Buffer, start: number): number => {
    let at = start
    out[at] = DTYPE_INDEX.get(tensor.dtype) as number
    out[at + 1] = tensor.dims.length
    out.writeUInt16LE(name.length, at + 2)
    out.writeUInt32LE(data.length, at + 4)
    at += TENSOR_HEADER_BYTES
    for (const dim of tensor.dims) at = out.writeUInt32LE(dim, at)
    out.set(name, at)
    out.set(data, at + name.length)
    return at + name.length + data.length
  }
  return { size, write }
}

const bytesOf = (data: TensorData): Uint8Array =>
  Array.isArray(data)
    ? Buffer.from(JSON.stringify(data))
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** Collects the bytes of a stream and gives each whole frame once. */
export class FrameReader {
  #chunks: Buffer[] = []
  #held = 0

  read(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    const need = this.#need()
    if (this.#held < need) return []
    const frames: Frame[] = []
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#held)
    while (bytes.length >= 4 && bytes.length >= frameBytes(bytes)) {
      const size = frameBytes(bytes)
      frames.push(decodeFrame(bytes.subarray(0, size)))
      bytes = bytes.subarray(size)
    }
    this.#chunks = bytes.length > 0 ? [bytes] : []
    this.#held = bytes.length
    return frames
  }

  /** Bytes until the next whole frame; the length field itself may be split over chunks. */
  #need(): number {
    const first = this.#chunks[0] as Buffer
    if (first.length >= 4) return frameBytes(first)
    return this.#held < 4 ? 4 : frameBytes(Buffer.concat(this.#chunks, this.#held))
  }
}

function frameBytes(bytes: Buffer): number {
  const size = bytes.readUInt32LE(0)
  if (size < HEADER_BYTES || size > MAX_FRAME_BYTES) throw new InferError('internal', `a frame claims ${size} bytes`)
  return size
}

function decodeFrame(bytes: Buffer): Frame {
  const kind = KINDS[bytes[8] as number]
  if (!kind) throw new InferError('internal', `a frame has the unknown kind ${bytes[8]}`)
  const headBytes = bytes.readUInt32LE(12)
  const count = bytes.readUInt16LE(10)
  const head = headBytes === 0 ? '' : bytes.toString('utf8', HEADER_BYTES, HEADER_BYTES + headBytes)
  const tensors: NamedTensor[] = []
  let at = HEADER_BYTES + headBytes
  for (let i = 0; i < count; i++) {
    const [tensor, next] = decodeTensor(bytes, at)
    tensors.push(tensor)
    at = next
  }
  return { id: bytes.readUInt32LE(4), kind, head, tensors }
}

function decodeTensor(bytes: Buffer, start: number): [NamedTensor, number] {
  const dtype = DTYPE_NAMES[bytes[start] as number]
  if (!dtype) throw new InferError('internal', `a frame has the unknown dtype ${bytes[start]}`)
  const rank = bytes[start + 1] as number
  const nameBytes = bytes.readUInt16LE(start + 2)
  const dataBytes = bytes.readUInt32LE(start + 4)
  let at = start + TENSOR_HEADER_BYTES
  const dims: number[] = []
  for (let i = 0; i < rank; i++, at += 4) dims.push(bytes.readUInt32LE(at))
  const name = nameBytes === 0 ? '' : bytes.toString('utf8', at, at + nameBytes)
  at += nameBytes
  const end = at + dataBytes
  if (end > bytes.length) throw new InferError('internal', `a frame's tensor ends ${end - bytes.length} bytes too late`)
  return [{ name, dtype, dims, data: dataFrom(bytes, at, end, dtype, sizeOf(dims)) }, end]
}

function dataFrom(bytes: Buffer, start: number, end: number, dtype: DType, count: number): TensorData {
  if (dtype === 'string') return JSON.parse(bytes.toString('utf8', start, end)) as string[]
  if (end - start !== count * elementBytes(dtype)) {
    throw new InferError('internal', `a frame's ${dtype} tensor of ${count} elements has ${end - start} bytes`)
  }
  const data = createData(dtype, count) as Uint8Array
  new Uint8Array(data.buffer).set(bytes.subarray(start, end))
  return data
}

/**
 * Writes frames so that what is sent within one turn of the event loop crosses together, in one write.
 */
export class FrameWriter {
  readonly #stream: Duplex
  #waiting: Buffer[] = []
  #scheduled = false

  constructor(stream: Duplex) {
    this.#stream = stream
  }

  send(frame: Frame): void {
    this.sendBytes(encodeFrame(frame))
  }

  /** Leaves with the next flush, which the caller sees to. */
  hold(bytes: Buffer): void {
    this.#waiting.push(bytes)
  }

  sendBytes(bytes: Buffer): void {
    this.#waiting.push(bytes)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.flush)
  }

  readonly flush = (): void => {
    this.#scheduled = false
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    if (this.#stream.destroyed || !this.#stream.writable) return
    this.#stream.write(waiting.length === 1 ? waiting[0] : Buffer.concat(waiting))
  }
}
