import { broken } from './cursor.ts'

/** Bits from the most significant down. */
export class Bits {
  readonly #bytes: Uint8Array
  readonly #format: string
  #at = 0
  #bit = 0

  constructor(bytes: Uint8Array, format: string) {
    this.#bytes = bytes
    this.#format = format
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Up to 48 bits. */
  take(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) value = value * 2 + this.bit()
    return value
  }

  bit(): number {
    if (this.#at >= this.#bytes.length) throw broken(this.#format, 'it is cut short')
    const bit = ((this.#bytes[this.#at] as number) >>> (7 - this.#bit)) & 1
    this.#bit++
    if (this.#bit === 8) {
      this.#bit = 0
      this.#at++
    }
    return bit
  }

  align(): void {
    if (this.#bit === 0) return
    this.#bit = 0
    this.#at++
  }
}
