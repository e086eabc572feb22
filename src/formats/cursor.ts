import { InferError } from '../errors.ts'

/** Longer numbers and names are no line of any format here; whole texts are read by `lineBytes` alone. */
const MAX_SHORT_LINE = 1024
/** Of what a sentence says, as names of the file may be in it. */
const MAX_SENTENCE = 240
const NEWLINE = 10

/** The sentence of every refusal: which format, what is wrong, and where. */
export function broken(format: string, what: string, at?: number): InferError {
  const short = what.length > MAX_SENTENCE ? `${what.slice(0, MAX_SENTENCE)}…` : what
  // Names in files may hold anything, and the sentence goes to logs and terminals.
  const shown = short.replace(/\p{C}/gu, '?')
  return new InferError('bad_model', `${format}: ${shown}${at === undefined ? '' : ` at byte ${at}`}`)
}

/**
 * A position in bytes from a stranger. Every read checks that what it wants is there, before anything is allocated,
 * so that parsers need no checks of lengths of their own. Little-endian unless the name says otherwise; `bytes` are
 * views, never copies.
 */
export class Cursor {
  readonly format: string
  readonly file: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #at: number

  constructor(file: Uint8Array, format: string, start = 0, end = file.length) {
    // A Buffer's slice is a view where a Uint8Array's is a copy; from here on there is one kind.
    this.file = new Uint8Array(file.buffer, file.byteOffset, file.byteLength)
    this.format = format
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength)
    this.#at = start
    this.#end = end
    if (start < 0 || start > end || end > file.length) throw broken(format, 'a part lies outside of the file', start)
  }

  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#end - this.#at
  }

  u8(): number {
    return this.file[this.#advance(1)] as number
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true)
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true)
  }

  /** An unsigned 64-bit length or offset; beyond 2^53 it cannot be one. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#advance(8), true)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`a length of ${value} bytes`, this.#at - 8)
    return Number(value)
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#advance(8), true)
  }

  f32(): number {
    return this.#view.getFloat32(this.#advance(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.#advance(8), true)
  }

  f64BigEndian(): number {
    return this.#view.getFloat64(this.#advance(8), false)
  }

  bytes(size: number): Uint8Array {
    const start = this.#advance(size)
    return this.file.subarray(start, start + size)
  }

  /** Everything up to the next newline, which is passed over. */
  lineBytes(): Uint8Array {
    const newline = this.file.indexOf(NEWLINE, this.#at)
    if (newline < 0 || newline >= this.#end) this.fail('a line does not end')
    const line = this.file.subarray(this.#at, newline)
    this.#at = newline + 1
    return line
  }

  /** A short line of Latin-1: a number, an index, a name. */
  line(): string {
    const start = this.#at
    const line = this.lineBytes()
    if (line.length > MAX_SHORT_LINE) this.fail(`a line of ${line.length} bytes where ${MAX_SHORT_LINE} may be`, start)
    return String.fromCharCode(...line)
  }

  skip(size: number): void {
    this.#advance(size)
  }

  seek(at: number): void {
    if (at < 0 || at > this.#end) this.fail(`a jump to byte ${at} of ${this.#end}`)
    this.#at = at
  }

  fail(what: string, at = this.#at): never {
    throw broken(this.format, what, at)
  }

  #advance(size: number): number {
    const at = this.#at
    if (size > this.#end - at) this.fail(`${size} bytes are claimed where ${this.#end - at} are left`)
    this.#at = at + size
    return at
  }
}
