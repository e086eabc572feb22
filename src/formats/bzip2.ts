import { Bits } from './bits.ts'
import { broken } from './cursor.ts'
import { outputLimit } from './inflate.ts'
import { Output } from './output.ts'

/**
 * bzip2 (the format has no specification but its source, bzip2-1.0.8's decompress.c; Joe Tsai's "BZIP2: Format
 * Specification" words it). Blocks that are "randomised", which nothing has written since 1997, are refused.
 *
 * Limits on a file from a stranger: the output; a block is at most 900 kB before its run lengths by the format, and all
 * blocks use the same memory for it, as there may be thousands of empty ones.
 */
const BLOCK = 0x314159265359
const END = 0x177245385090
const MAX_BLOCK = 900_000
const MAX_CODE_BITS = 20
const GROUP = 50

const fail = (what: string): never => {
  throw broken('bzip2', what)
}

/** The content of one or several bzip2 streams. */
export function decompressBzip2(bytes: Uint8Array): Uint8Array {
  const bits = new Bits(bytes, 'bzip2')
  const out = new Output('bzip2', outputLimit(bytes.length))
  const column = new Uint8Array(MAX_BLOCK)
  do {
    if (bits.take(24) !== 0x425a68) fail('a stream does not begin with BZh')
    const level = bits.take(8) - 0x30
    if (level < 1 || level > 9) fail('a stream has no block size')
    readStream(bits, column.subarray(0, level * 100_000), out)
    bits.align()
  } while (bits.left > 0)
  return out.finish()
}

function readStream(bits: Bits, column: Uint8Array, out: Output): void {
  let combined = 0
  for (;;) {
    const magic = bits.take(48)
    const crc = bits.take(32)
    if (magic === END) {
      if (combined !== crc) fail('a stream does not match its checksum')
      return
    }
    if (magic !== BLOCK) fail('a block has no signature')
    const start = out.length
    readBlock(bits, column, out)
    if (checksum(out.bytes, start, out.length) !== crc) fail('a block does not match its checksum')
    combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0
  }
}

function readBlock(bits: Bits, column: Uint8Array, out: Output): void {
  if (bits.bit() === 1) fail('a block is randomised')
  const origin = bits.take(24)
  const symbols = readSymbols(bits)
  const tables = bits.take(3)
  if (tables < 2 || tables > 6) fail(`a block has ${tables} tables`)
  const selectors = readSelectors(bits, tables)
  const codes = Array.from({ length: tables }, () => readCode(bits, symbols.length + 2))
  const { columns, counts } = readColumns(bits, column, symbols, selectors, codes)
  if (origin >= columns.length) fail('a block begins beyond its end')
  expandRuns(columns, counts, origin, out)
}

/** Which bytes occur: sixteen groups of sixteen. */
function readSymbols(bits: Bits): number[] {
  const groups = bits.take(16)
  const symbols: number[] = []
  for (let group = 0; group < 16; group++) {
    if (((groups >>> (15 - group)) & 1) === 0) continue
    const used = bits.take(16)
    for (let i = 0; i < 16; i++) if ((used >>> (15 - i)) & 1) symbols.push(16 * group + i)
  }
  if (symbols.length === 0) fail('a block has no symbols')
  return symbols
}

/** Which table each group of fifty symbols uses, moved to front. */
function readSelectors(bits: Bits, tables: number): Uint8Array {
  const selectors = new Uint8Array(bits.take(15))
  if (selectors.length === 0) fail('a block has no selectors')
  const order = Array.from({ length: tables }, (_, i) => i)
  for (let i = 0; i < selectors.length; i++) {
    let place = 0
    while (bits.bit() === 1) if (++place >= tables) fail('a selector names no table')
    order.unshift(...order.splice(place, 1))
    selectors[i] = order[0] as number
  }
  return selectors
}

/** A canonical Huffman code: for each length the first code and where its symbols begin. */
interface Code {
  readonly first: Int32Array
  readonly count: Int32Array
  readonly start: Int32Array
  readonly symbols: Uint16Array
}

function readCode(bits: Bits, size: number): Code {
  const lengths = new Uint8Array(size)
  let length = bits.take(5)
  for (let i = 0; i < size; i++) {
    while (bits.bit() === 1) {
      length += bits.bit() === 1 ? -1 : 1
      if (length < 1 || length > MAX_CODE_BITS) break
    }
    if (length < 1 || length > MAX_CODE_BITS) fail(`a code of ${length} bits`)
    lengths[i] = length
  }
  const code: Code = {
    first: new Int32Array(MAX_CODE_BITS + 2),
    count: new Int32Array(MAX_CODE_BITS + 2),
    start: new Int32Array(MAX_CODE_BITS + 2),
    symbols: new Uint16Array(size),
  }
  let next = 0
  for (let bitsLong = 1, at = 0; bitsLong <= MAX_CODE_BITS; bitsLong++) {
    code.first[bitsLong] = next
    code.start[bitsLong] = at
    for (let i = 0; i < size; i++) if (lengths[i] === bitsLong) code.symbols[at++] = i
    code.count[bitsLong] = at - (code.start[bitsLong] as number)
    next = (next + (code.count[bitsLong] as number)) << 1
  }
  return code
}

function readCoded(bits: Bits, { first, count, start, symbols }: Code): number {
  let value = 0
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    value = (value << 1) | bits.bit()
    const index = value - (first[length] as number)
    if (index >= 0 && index < (count[length] as number)) return symbols[(start[length] as number) + index] as number
  }
  return fail('a code is in no table')
}

/** The last column of the sorted rotations: Huffman codes of moves to front, with runs of the front in base 2. */
function readColumns(
  bits: Bits,
  column: Uint8Array,
  symbols: number[],
  selectors: Uint8Array,
  codes: readonly Code[],
): { columns: Uint8Array; counts: Uint32Array } {
  const counts = new Uint32Array(256)
  const front = [...symbols]
  const end = symbols.length + 1
  let length = 0
  const put = (byte: number, times: number): void => {
    if (times > column.length - length) fail('a block is longer than its stream allows')
    column.fill(byte, length, length + times)
    counts[byte] = (counts[byte] as number) + times
    length += times
  }
  let run = 0
  let weight = 1
  for (let done = 0; ; done++) {
    const selector = selectors[Math.floor(done / GROUP)]
    if (selector === undefined) fail('a block has too few selectors')
    const symbol = readCoded(bits, codes[selector as number] as Code)
    if (symbol <= 1) {
      run += weight << symbol
      weight *= 2
      if (run > column.length) fail('a run is longer than its block')
      continue
    }
    if (run > 0) put(front[0] as number, run)
    run = 0
    weight = 1
    if (symbol === end) return { columns: column.subarray(0, length), counts }
    front.unshift(...front.splice(symbol - 1, 1))
    put(front[0] as number, 1)
  }
}

/** Undoes the Burrows-Wheeler transform, then the run lengths: four equal bytes are followed by how many more. */
function expandRuns(column: Uint8Array, counts: Uint32Array, origin: number, out: Output): void {
  const starts = new Uint32Array(256)
  for (let byte = 1; byte < 256; byte++) {
    starts[byte] = (starts[byte - 1] as number) + (counts[byte - 1] as number)
  }
  const next = new Uint32Array(column.length)
  for (let i = 0; i < column.length; i++) {
    const byte = column[i] as number
    next[starts[byte] as number] = i
    starts[byte] = (starts[byte] as number) + 1
  }
  let at = next[origin] as number
  let same = 0
  let last = -1
  for (let i = 0; i < column.length; i++) {
    const byte = column[at] as number
    at = next[at] as number
    if (same === 4) {
      out.reserve(byte)
      out.bytes.fill(last, out.length, out.length + byte)
      out.length += byte
      same = 0
      last = -1
      continue
    }
    same = byte === last ? same + 1 : 1
    last = byte
    out.push(byte)
  }
}

const CRC = new Uint32Array(256)
for (let n = 0; n < 256; n++) {
  let c = n << 24
  for (let k = 0; k < 8; k++) c = c & 0x80000000 ? (c << 1) ^ 0x04c11db7 : c << 1
  CRC[n] = c
}

/** CRC-32, most significant bit first. */
function checksum(bytes: Uint8Array, start: number, end: number): number {
  let c = 0xffffffff
  for (let i = start; i < end; i++) c = (c << 8) ^ (CRC[(c >>> 24) ^ (bytes[i] as number)] as number)
  return ~c >>> 0
}
