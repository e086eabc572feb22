import { broken } from './cursor.ts'

/**
 * FlatBuffers (https://flatbuffers.dev/internals): tables of fields by their number in the schema, read in place.
 *
 * Limits on a file from a stranger: every offset and length is compared with the bytes that are there before it is
 * used. Offsets may lead many times to the same part, so all that is read out of a file together is at most
 * `READ_FACTOR` times as long as the file.
 */
const READ_FACTOR = 4
const READ_LEAST = 65_536

interface Source {
  readonly format: string
  readonly view: DataView
  /** Bytes that may still be read. */
  left: number
}

/** A table of a flatbuffer; a field is read by its number, counted from 0 in the order of the schema. */
export class FlatTable {
  readonly #source: Source
  readonly #at: number
  readonly #fields: number
  readonly #end: number

  private constructor(source: Source, at: number) {
    this.#source = source
    this.#at = at
    spend(source, at, 4)
    const fields = at - source.view.getInt32(at, true)
    this.#fields = fields
    spend(source, fields, 4)
    this.#end = source.view.getUint16(fields, true)
    spend(source, fields, this.#end)
  }

  /** The table that a buffer begins with. @throws InferError bad_model */
  static root(bytes: Uint8Array, format: string): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const source = { format, view, left: READ_FACTOR * bytes.length + READ_LEAST }
    spend(source, 0, 4)
    return new FlatTable(source, view.getUint32(0, true))
  }

  bool(field: number, byDefault: boolean): boolean {
    const at = this.#place(field, 1)
    return at === undefined ? byDefault : this.#source.view.getUint8(at) !== 0
  }

  i8(field: number, byDefault: number): number {
    const at = this.#place(field, 1)
    return at === undefined ? byDefault : this.#source.view.getInt8(at)
  }

  i32(field: number, byDefault: number): number {
    const at = this.#place(field, 4)
    return at === undefined ? byDefault : this.#source.view.getInt32(at, true)
  }

  f32(field: number, byDefault: number): number {
    const at = this.#place(field, 4)
    return at === undefined ? byDefault : this.#source.view.getFloat32(at, true)
  }

  f64(field: number, byDefault: number): number {
    const at = this.#place(field, 8)
    return at === undefined ? byDefault : this.#source.view.getFloat64(at, true)
  }

  text(field: number): string {
    const at = this.#target(field)
    return at === undefined ? '' : new TextDecoder().decode(this.#vector(at, 1))
  }

  texts(field: number): string[] {
    return this.#targets(field).map((at) => new TextDecoder().decode(this.#vector(at, 1)))
  }

  table(field: number): FlatTable | undefined {
    const at = this.#target(field)
    return at === undefined ? undefined : new FlatTable(this.#source, at)
  }

  tables(field: number): FlatTable[] {
    return this.#targets(field).map((at) => new FlatTable(this.#source, at))
  }

  /** The bytes of a vector of elements of `size` bytes, as a copy that any typed array can view; empty where absent. */
  bytes(field: number, size: number): Uint8Array {
    const at = this.#target(field)
    return at === undefined ? new Uint8Array(0) : this.#vector(at, size).slice()
  }

  i32s(field: number): Int32Array {
    return new Int32Array(this.bytes(field, 4).buffer)
  }

  f32s(field: number): Float32Array {
    return new Float32Array(this.bytes(field, 4).buffer)
  }

  f64s(field: number): Float64Array {
    return new Float64Array(this.bytes(field, 8).buffer)
  }

  #place(field: number, size: number): number | undefined {
    const slot = 4 + 2 * field
    if (slot + 2 > this.#end) return undefined
    const offset = this.#source.view.getUint16(this.#fields + slot, true)
    if (offset === 0) return undefined
    spend(this.#source, this.#at + offset, size)
    return this.#at + offset
  }

  #target(field: number): number | undefined {
    const at = this.#place(field, 4)
    return at === undefined ? undefined : at + this.#source.view.getUint32(at, true)
  }

  /** Where the elements of a vector of offsets lead. */
  #targets(field: number): number[] {
    const at = this.#target(field)
    if (at === undefined) return []
    const { view } = this.#source
    const count = this.#vector(at, 4).length / 4
    return Array.from({ length: count }, (_, i) => at + 4 + 4 * i + view.getUint32(at + 4 + 4 * i, true))
  }

  #vector(at: number, size: number): Uint8Array {
    const source = this.#source
    spend(source, at, 4)
    const length = size * source.view.getUint32(at, true)
    spend(source, at + 4, length)
    return new Uint8Array(source.view.buffer, source.view.byteOffset + at + 4, length)
  }
}

/** Reads of `size` bytes are checked, and counted. */
function spend(source: Source, at: number, size: number): void {
  const { format, view } = source
  if (!(at >= 0 && at + size <= view.byteLength)) throw broken(format, 'an offset leads out of the file', at)
  source.left -= size
  if (source.left < 0) throw broken(format, `its offsets lead to the same parts over and over`)
}
