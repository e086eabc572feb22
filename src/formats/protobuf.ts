import { InferError } from '../errors.ts'

/**
 * The protobuf wire format (https://protobuf.dev/programming-guides/encoding), without schemas: a cursor over the
 * fields of a message. `protobuf-writer.ts` writes them. Groups, which proto3 and ONNX do not use, are refused.
 */

/** Messages within messages; protobuf's own parsers stop at 100, so nothing deeper loads anywhere. */
const MAX_DEPTH = 100
/** A name or a path; what is longer is a payload in disguise. */
const MAX_TEXT_BYTES = 65_536
/** 64 bits, seven in a byte. */
const MAX_VARINT_BYTES = 10
export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5
const WIRE_NAMES = ['varint', 'fixed64', 'bytes', 'start of group', 'end of group', 'fixed32', 'type 6', 'type 7']

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A cursor over the fields of one message. `next` moves to a field and checks that it lies whole within the message;
 * the value is decoded only when asked for, and never copied. Offsets count from the start of the file.
 *
 * A singular field that comes twice is the caller's affair (protobuf lets the last scalar win, but merges messages).
 */
export class FieldReader {
  /** Number of the current field. */
  number = 0
  /** Where the current field, with its key, begins and ends; before the first `next`, both are the message's start. */
  start: number
  end: number
  readonly #file: Uint8Array
  readonly #begin: number
  readonly #limit: number
  readonly #depth: number
  #wire = VARINT
  /** Where the value begins: after the key and, for bytes, after the length. */
  #value: number

  constructor(file: Uint8Array, start = 0, end = file.length, depth = 0) {
    if (depth > MAX_DEPTH) {
      throw new InferError('bad_model', `protobuf: messages are nested deeper than ${MAX_DEPTH} at byte ${start}`)
    }
    this.#file = file
    this.#begin = start
    this.start = start
    this.end = start
    this.#value = start
    this.#limit = end
    this.#depth = depth
  }

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (this.end === this.#limit) return false
    this.start = this.end
    const keyEnd = this.#varintEnd(this.start, this.#limit)
    const key = this.#unsigned(this.start, keyEnd)
    if (key < 8 || key > 0xffffffff) this.#fail(`the key ${key} names no field`)
    this.number = key >>> 3
    this.#wire = key & 7
    this.#value = keyEnd
    const size = this.#size(keyEnd)
    this.end = this.#value + size
    if (this.end > this.#limit) {
      const left = this.#limit - this.#value
      this.#fail(`field ${this.number} claims ${this.end - this.#value} bytes where ${left} are left`)
    }
    return true
  }

  /** Another cursor over the same message, before its first field. */
  again(): FieldReader {
    return new FieldReader(this.#file, this.#begin, this.#limit, this.#depth)
  }

  /** The field as it lies in the file, key and all, as a view. */
  raw(): Uint8Array {
    return this.#file.subarray(this.start, this.end)
  }

  /** Bytes [start, end) of the file, as a view. */
  slice(start: number, end: number): Uint8Array {
    return this.#file.subarray(start, end)
  }

  /** int64 (also an enum or a bool, untruncated). */
  int64(): bigint {
    this.#expect(VARINT)
    return BigInt.asIntN(64, this.#varint(this.#value, this.end))
  }

  /** int32 or an enum; protobuf keeps the low 32 bits of whatever was written. */
  int32(): number {
    return Number(BigInt.asIntN(32, this.int64()))
  }

  /** An int64 that has to be exact as a number. */
  integer(): number {
    const value = this.int64()
    const number = Number(value)
    if (!Number.isSafeInteger(number)) this.#fail(`field ${this.number} is ${value}, beyond 2^53`)
    return number
  }

  float(): number {
    this.#expect(FIXED32)
    return this.#view().getFloat32(0, true)
  }

  double(): number {
    this.#expect(FIXED64)
    return this.#view().getFloat64(0, true)
  }

  /** The content of a bytes field, as a view. */
  bytes(): Uint8Array {
    this.#expect(BYTES)
    return this.#file.subarray(this.#value, this.end)
  }

  text(): string {
    const bytes = this.bytes()
    if (bytes.length > MAX_TEXT_BYTES) {
      this.#fail(`field ${this.number} has a text of ${bytes.length} bytes, over ${MAX_TEXT_BYTES}`)
    }
    try {
      return utf8.decode(bytes)
    } catch {
      return this.#fail(`field ${this.number} is no UTF-8 text`)
    }
  }

  /** A cursor over the message that this field holds. */
  message(): FieldReader {
    this.#expect(BYTES)
    return new FieldReader(this.#file, this.#value, this.end, this.#depth + 1)
  }

  /** The values of a repeated int64 in this field: all of them when packed, one when not. */
  *int64s(): Generator<bigint> {
    if (this.#wire === VARINT) {
      yield this.int64()
      return
    }
    this.#expect(BYTES)
    const { end } = this
    for (let at = this.#value; at < end; ) {
      const next = this.#varintEnd(at, end)
      yield BigInt.asIntN(64, this.#varint(at, next))
      at = next
    }
  }

  /** Bytes of the value whose key ends at `at`; moves `#value` past a length. */
  #size(at: number): number {
    if (this.#wire === VARINT) return this.#varintEnd(at, this.#limit) - at
    if (this.#wire === FIXED64) return 8
    if (this.#wire === FIXED32) return 4
    if (this.#wire !== BYTES) this.#fail(`field ${this.number} has wire type ${WIRE_NAMES[this.#wire]}`)
    this.#value = this.#varintEnd(at, this.#limit)
    return this.#unsigned(at, this.#value)
  }

  /** One past the last byte of the varint at `at`, having checked that it is whole and fits 64 bits. */
  #varintEnd(at: number, limit: number): number {
    const file = this.#file
    for (let i = at; i < limit; i++) {
      const byte = file[i] as number
      if (byte >= 0x80 && i - at < MAX_VARINT_BYTES - 1) continue
      if (i - at === MAX_VARINT_BYTES - 1 && byte > 1) this.#fail('a varint is longer than 64 bits')
      return i + 1
    }
    return this.#fail('a varint is cut short')
  }

  /** The varint in [start, end) as a number, rounded beyond 2^53. */
  #unsigned(start: number, end: number): number {
    let value = 0
    for (let i = end - 1; i >= start; i--) value = value * 128 + ((this.#file[i] as number) & 0x7f)
    return value
  }

  #varint(start: number, end: number): bigint {
    if (end - start <= 7) return BigInt(this.#unsigned(start, end))
    return BigInt(this.#unsigned(start, start + 7)) + (BigInt(this.#unsigned(start + 7, end)) << 49n)
  }

  #view(): DataView {
    return new DataView(this.#file.buffer, this.#file.byteOffset + this.#value, this.end - this.#value)
  }

  #expect(wire: number): void {
    if (this.#wire === wire) return
    this.#fail(`field ${this.number} has wire type ${WIRE_NAMES[this.#wire]}, not ${WIRE_NAMES[wire]}`)
  }

  #fail(what: string): never {
    throw new InferError('bad_model', `protobuf: ${what} at byte ${this.start}`)
  }
}
