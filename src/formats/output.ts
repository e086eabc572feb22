import { broken } from './cursor.ts'

const FIRST_BYTES = 65_536

/** What a decompressor has written so far: it may be referred back to, and never grows beyond its limit. */
export class Output {
  bytes: Uint8Array
  length = 0
  readonly #format: string
  readonly #limit: number

  constructor(format: string, limit: number) {
    this.#format = format
    this.#limit = limit
    this.bytes = new Uint8Array(Math.min(FIRST_BYTES, limit))
  }

  /** Makes room for `size` more bytes at `bytes[length]`. */
  reserve(size: number): void {
    const needed = this.length + size
    if (needed <= this.bytes.length) return
    if (needed > this.#limit) throw broken(this.#format, `it expands to more than ${this.#limit} bytes`)
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.bytes.length)))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  push(byte: number): void {
    if (this.length === this.bytes.length) this.reserve(1)
    this.bytes[this.length++] = byte
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Repeats what was written `distance` bytes ago; it may overlap what it writes. */
  repeat(distance: number, size: number): void {
    if (distance < 1 || distance > this.length) throw broken(this.#format, `it refers back beyond its start`)
    this.reserve(size)
    const { bytes, length } = this
    if (distance >= size) bytes.copyWithin(length, length - distance, length - distance + size)
    else for (let i = 0; i < size; i++) bytes[length + i] = bytes[length + i - distance] as number
    this.length += size
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}
