import { BYTES, FIXED32, FIXED64, VARINT } from './protobuf.ts'

/** Below this a piece is copied into the writer's own buffer, from here on it is kept as a view until the end. */
const VIEW_BYTES = 4096

const toUtf8 = new TextEncoder()

/**
 * A message under construction: each call appends one field and answers the writer. Large pieces are kept as views
 * and copied once, by `finish`, however deep they are nested; they must not change before that.
 */
export class FieldWriter {
  #length = 0
  #pieces: Uint8Array[] = []
  #tail = new Uint8Array(0)
  #used = 0

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** int64, uint64, int32, enum or bool; negative numbers take ten bytes, as protobuf writes them. */
  varint(field: number, value: number | bigint): this {
    return this.#key(field, VARINT).#varint(value)
  }

  float(field: number, value: number): this {
    this.#key(field, FIXED32).#reserve(4).setFloat32(0, value, true)
    return this
  }

  double(field: number, value: number): this {
    this.#key(field, FIXED64).#reserve(8).setFloat64(0, value, true)
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#key(field, BYTES).#varint(value.length).raw(value)
  }

  text(field: number, value: string): this {
    return this.bytes(field, toUtf8.encode(value))
  }

  message(field: number, value: FieldWriter): this {
    return this.#key(field, BYTES).#varint(value.#length).append(value)
  }

  /** A packed repeated int64 (uint64, int32, enum, bool). */
  varints(field: number, values: Iterable<number | bigint>): this {
    const packed = new FieldWriter()
    for (const value of values) packed.#varint(value)
    return this.message(field, packed)
  }

  /** A packed repeated float. */
  floats(field: number, values: ArrayLike<number>): this {
    const view = this.#key(field, BYTES)
      .#varint(4 * values.length)
      .#reserve(4 * values.length)
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i] as number, true)
    return this
  }

  /** A packed repeated double. */
  doubles(field: number, values: ArrayLike<number>): this {
    const view = this.#key(field, BYTES)
      .#varint(8 * values.length)
      .#reserve(8 * values.length)
    for (let i = 0; i < values.length; i++) view.setFloat64(8 * i, values[i] as number, true)
    return this
  }

  /** Fields that are encoded already, as they are. */
  raw(fields: Uint8Array): this {
    if (fields.length < VIEW_BYTES) {
      const view = this.#reserve(fields.length)
      new Uint8Array(view.buffer, view.byteOffset, fields.length).set(fields)
      return this
    }
    this.#flush()
    this.#pieces.push(fields)
    this.#length += fields.length
    return this
  }

  /** The fields of another writer, which must not be written to any more. */
  append(other: FieldWriter): this {
    for (const piece of other.#pieces) this.raw(piece)
    return this.raw(other.#tail.subarray(0, other.#used))
  }

  /** The message, in memory of its own. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#length)
    let at = 0
    for (const piece of [...this.#pieces, this.#tail.subarray(0, this.#used)]) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }

  #key(field: number, wire: number): this {
    return this.#varint(field * 8 + wire)
  }

  #varint(value: number | bigint): this {
    if (Number.isInteger(value) && value >= 0 && value <= 0x7fffffff) {
      let rest = Number(value)
      for (; rest > 0x7f; rest >>>= 7) this.#byte((rest & 0x7f) | 0x80)
      return this.#byte(rest)
    }
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest > 0x7fn; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80)
    return this.#byte(Number(rest))
  }

  #byte(value: number): this {
    if (this.#used === this.#tail.length) this.#grow(1)
    this.#tail[this.#used++] = value
    this.#length++
    return this
  }

  /** The next `size` bytes of the message, zeroed, to be set. */
  #reserve(size: number): DataView {
    if (this.#used + size > this.#tail.length) this.#grow(size)
    const view = new DataView(this.#tail.buffer, this.#used, size)
    this.#used += size
    this.#length += size
    return view
  }

  #grow(size: number): void {
    const grown = new Uint8Array(Math.max(64, 2 * this.#tail.length, this.#used + size))
    grown.set(this.#tail.subarray(0, this.#used))
    this.#tail = grown
  }

  #flush(): void {
    if (this.#used > 0) this.#pieces.push(this.#tail.subarray(0, this.#used))
    this.#tail = new Uint8Array(0)
    this.#used = 0
  }
}
