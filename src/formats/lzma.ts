import { broken } from './cursor.ts'
import type { Output } from './output.ts'

/**
 * The LZMA decoder (the LZMA specification in Igor Pavlov's LZMA SDK), which xz and LZMA-alone wrap. Repetitions reach
 * back into the output itself, so that the dictionary costs nothing; the output has its limit.
 */
const STATES = 12
const POSITION_STATES = 16
const LENGTH_TO_POSITION = 4
const LITERAL_CODERS = 0x300
const HALF = 1024
const TOP = 0x1000000

const fail = (what: string): never => {
  throw broken('lzma', what)
}

/** Literals, which follow the low `lp` bits of the place and the high `lc` of the byte before; `pb` for the rest. */
export interface Properties {
  readonly lc: number
  readonly lp: number
  readonly pb: number
}

/** The three in one byte. */
export function propertiesOf(byte: number): Properties {
  if (byte >= 225) fail(`the properties ${byte} are none`)
  return { lc: byte % 9, lp: Math.floor(byte / 9) % 5, pb: Math.floor(byte / 45) }
}

const probabilities = (count: number): Uint16Array => new Uint16Array(count).fill(HALF)

/** Binary decisions, arithmetically coded. */
class RangeDecoder {
  readonly #bytes: Uint8Array
  #at: number
  #range = 0xffffffff
  #code = 0

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#at = at
    if (this.#next() !== 0) fail('its code does not begin with 0')
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#next()) >>> 0
  }

  get at(): number {
    return this.#at
  }

  bit(probs: Uint16Array, index: number): number {
    const probability = probs[index] as number
    const bound = (this.#range >>> 11) * probability
    let bit = 0
    if (this.#code < bound) {
      this.#range = bound
      probs[index] = probability + ((2048 - probability) >>> 5)
    } else {
      this.#range -= bound
      this.#code -= bound
      probs[index] = probability - (probability >>> 5)
      bit = 1
    }
    this.#normalize()
    return bit
  }

  direct(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) {
      this.#range >>>= 1
      const bit = this.#code >= this.#range ? 1 : 0
      if (bit === 1) this.#code -= this.#range
      this.#normalize()
      value = value * 2 + bit
    }
    return value
  }

  tree(probs: Uint16Array, bits: number, offset = 0): number {
    let node = 1
    for (let i = 0; i < bits; i++) node = (node << 1) | this.bit(probs, offset + node)
    return node - (1 << bits)
  }

  /** Least significant bit first. */
  reverseTree(probs: Uint16Array, bits: number, offset = 0): number {
    let node = 1
    let value = 0
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(probs, offset + node)
      node = (node << 1) | bit
      value |= bit << i
    }
    return value
  }

  #normalize(): void {
    if (this.#range >= TOP) return
    this.#range = (this.#range << 8) >>> 0
    this.#code = ((this.#code << 8) | this.#next()) >>> 0
  }

  #next(): number {
    const byte = this.#bytes[this.#at++]
    return byte ?? fail('it is cut short')
  }
}

/** Lengths of repetitions: 2 to 9, 10 to 17, 18 to 273. */
class Lengths {
  readonly #choice = probabilities(2)
  readonly #low = probabilities(POSITION_STATES << 3)
  readonly #mid = probabilities(POSITION_STATES << 3)
  readonly #high = probabilities(256)

  read(range: RangeDecoder, position: number): number {
    if (range.bit(this.#choice, 0) === 0) return 2 + range.tree(this.#low, 3, position << 3)
    if (range.bit(this.#choice, 1) === 0) return 10 + range.tree(this.#mid, 3, position << 3)
    return 18 + range.tree(this.#high, 8)
  }
}

/** One run of the coder's model; LZMA2 goes on with it from chunk to chunk. */
export class LzmaModel {
  readonly #out: Output
  readonly #properties: Properties
  readonly #literals: Uint16Array
  readonly #isMatch = probabilities(STATES * POSITION_STATES)
  readonly #isRepeat = probabilities(STATES)
  readonly #isRepeat0 = probabilities(STATES)
  readonly #isRepeat1 = probabilities(STATES)
  readonly #isRepeat2 = probabilities(STATES)
  readonly #isRepeat0Long = probabilities(STATES * POSITION_STATES)
  readonly #slots = probabilities(LENGTH_TO_POSITION * 64)
  readonly #near = probabilities(128)
  readonly #align = probabilities(16)
  readonly #lengths = new Lengths()
  readonly #repeatLengths = new Lengths()
  readonly #recent: [number, number, number, number] = [0, 0, 0, 0]
  #state = 0
  /** Where the dictionary begins: nothing before it may be repeated, and places count from it. */
  readonly #start: number

  constructor(out: Output, properties: Properties, start: number) {
    this.#out = out
    this.#properties = properties
    this.#literals = probabilities(LITERAL_CODERS << (properties.lc + properties.lp))
    this.#start = start
  }

  /** Decodes `size` bytes, or to the end marker when it is undefined; answers how many bytes of input that took. */
  decode(bytes: Uint8Array, at: number, size: number | undefined): number {
    const range = new RangeDecoder(bytes, at)
    const end = size === undefined ? Number.POSITIVE_INFINITY : this.#out.length + size
    while (this.#out.length < end) {
      if (this.#step(range, end - this.#out.length)) {
        if (size !== undefined) fail('it ends before its time')
        break
      }
    }
    return range.at - at
  }

  /** One literal or repetition; true at the end marker. */
  #step(range: RangeDecoder, left: number): boolean {
    const position = (this.#out.length - this.#start) & ((1 << this.#properties.pb) - 1)
    const state = this.#state
    if (range.bit(this.#isMatch, (state << 4) + position) === 0) {
      this.#literal(range)
      return false
    }
    let size = 1
    if (range.bit(this.#isRepeat, state) === 0) {
      size = this.#lengths.read(range, position)
      this.#state = state < 7 ? 7 : 10
      const distance = this.#distance(range, size)
      if (distance === 0xffffffff) return true
      const [first, second, third] = this.#recent
      this.#setRecent(distance, first, second, third)
    } else if (this.#repeatOne(range, position)) this.#state = state < 7 ? 9 : 11
    else {
      size = this.#repeatLengths.read(range, position)
      this.#state = state < 7 ? 8 : 11
    }
    this.#repeat(size, left)
    return false
  }

  /** Chooses one of the four last distances; true for a single byte of the very last. */
  #repeatOne(range: RangeDecoder, position: number): boolean {
    const state = this.#state
    const [first, second, third, fourth] = this.#recent
    if (range.bit(this.#isRepeat0, state) === 0) {
      return range.bit(this.#isRepeat0Long, (state << 4) + position) === 0
    }
    if (range.bit(this.#isRepeat1, state) === 0) this.#setRecent(second, first, third, fourth)
    else if (range.bit(this.#isRepeat2, state) === 0) this.#setRecent(third, first, second, fourth)
    else this.#setRecent(fourth, first, second, third)
    return false
  }

  #setRecent(...distances: [number, number, number, number]): void {
    for (let i = 0; i < 4; i++) this.#recent[i] = distances[i] as number
  }

  #repeat(size: number, left: number): void {
    const distance = this.#recent[0] + 1
    if (distance > this.#out.length - this.#start) fail('a repetition begins before its dictionary')
    if (size > left) fail('a repetition goes beyond the end')
    this.#out.repeat(distance, size)
  }

  #literal(range: RangeDecoder): void {
    const out = this.#out
    const { lc, lp } = this.#properties
    const place = out.length - this.#start
    const before = place > 0 ? (out.bytes[out.length - 1] as number) : 0
    const offset = LITERAL_CODERS * (((place & ((1 << lp) - 1)) << lc) + (before >>> (8 - lc)))
    let symbol = 1
    if (this.#state >= 7) {
      const distance = this.#recent[0] + 1
      if (distance > place) fail('a repetition begins before its dictionary')
      let match = out.bytes[out.length - distance] as number
      while (symbol < 0x100) {
        const matchBit = (match >>> 7) & 1
        match <<= 1
        const bit = range.bit(this.#literals, offset + ((1 + matchBit) << 8) + symbol)
        symbol = (symbol << 1) | bit
        if (matchBit !== bit) break
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | range.bit(this.#literals, offset + symbol)
    out.push(symbol & 0xff)
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6
  }

  #distance(range: RangeDecoder, size: number): number {
    const slot = range.tree(this.#slots, 6, Math.min(size - 2, LENGTH_TO_POSITION - 1) << 6)
    if (slot < 4) return slot
    const bits = (slot >>> 1) - 1
    const base = (2 | (slot & 1)) * 2 ** bits
    if (slot < 14) return base + range.reverseTree(this.#near, bits, base - slot)
    return base + range.direct(bits - 4) * 16 + range.reverseTree(this.#align, 4)
  }
}
