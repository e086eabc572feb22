import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crc64 } from './crc64.ts'
import { Cursor } from './cursor.ts'
import { outputLimit } from './inflate.ts'
import { LzmaModel, propertiesOf } from './lzma.ts'
import { Output } from './output.ts'

/**
 * xz (https://tukaani.org/xz/xz-file-format.txt) with LZMA2, and LZMA-alone, which has no magic and no checksum.
 *
 * Limits on a file from a stranger: the output; every length is held against what is left. Filters besides LZMA2 are
 * refused: they are for machine code. CRC32, CRC64 and SHA-256 are checked; the format has no others.
 */
const HEAD = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
const LZMA2 = 0x21
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]
const CHECKS: ReadonlyMap<number, (content: Uint8Array, sum: Buffer) => boolean> = new Map([
  [1, (content: Uint8Array, sum: Buffer) => sum.readUInt32LE() === crc32(content)],
  [4, (content: Uint8Array, sum: Buffer) => sum.readBigUInt64LE() === crc64(content)],
  [10, (content: Uint8Array, sum: Buffer) => createHash('sha256').update(content).digest().equals(sum)],
])

/** LZMA-alone: properties, the size of the dictionary, the size of the content or -1, and the code. */
export function decompressLzmaAlone(bytes: Uint8Array): Uint8Array {
  const file = new Cursor(bytes, 'lzma')
  const properties = propertiesOf(file.u8())
  file.skip(4)
  const size = file.i64()
  if (size < -1n || size > BigInt(outputLimit(bytes.length))) file.fail(`a content of ${size} bytes`)
  const out = new Output('lzma', outputLimit(bytes.length))
  new LzmaModel(out, properties, 0).decode(bytes, file.at, size < 0n ? undefined : Number(size))
  return out.finish()
}

/** The content of one or several xz streams. */
export function decompressXz(bytes: Uint8Array): Uint8Array {
  const file = new Cursor(bytes, 'xz')
  const out = new Output('xz', outputLimit(bytes.length))
  while (file.left > 0) {
    readStream(file, out)
    while (file.left >= 4 && file.file[file.at] === 0) if (file.u32() !== 0) file.fail('padding is not zero')
  }
  return out.finish()
}

function readStream(file: Cursor, out: Output): void {
  const start = file.at
  if (HEAD.some((byte) => file.u8() !== byte)) file.fail('a stream has no signature', start)
  const [reserved, check] = [file.u8(), file.u8()]
  if (reserved !== 0 || check > 15) file.fail('a stream has flags that are not known', start)
  checked(file, start + 6, 2)
  while (file.file[file.at] !== 0) readBlock(file, out, check)
  readIndex(file)
  const [crc, flags] = [file.u32(), file.bytes(6)]
  if (crc32(flags) !== crc) file.fail('the end of a stream does not match its checksum')
  if (file.u8() !== 0x59 || file.u8() !== 0x5a) file.fail('a stream does not end with YZ')
}

/** The CRC32 at the cursor must be that of the `size` bytes from `start`. */
function checked(file: Cursor, start: number, size: number): void {
  const crc = file.u32()
  if (crc32(file.file.subarray(start, start + size)) !== crc) file.fail('a head does not match its checksum', start)
}

function readBlock(file: Cursor, out: Output, check: number): void {
  const start = file.at
  const headBytes = 4 * (file.u8() + 1)
  const flags = file.u8()
  if ((flags & 0x3f) !== 0) file.fail('a block uses other filters than LZMA2', start)
  if (flags & 0x40) readVarint(file)
  if (flags & 0x80) readVarint(file)
  const [filter, properties] = [readVarint(file), readVarint(file)]
  if (filter !== LZMA2 || properties !== 1) file.fail('a block uses other filters than LZMA2', start)
  file.skip(1)
  const end = start + headBytes - 4
  if (end < file.at) file.fail('a head is longer than it says', start)
  file.seek(end)
  checked(file, start, headBytes - 4)
  const [from, content] = [file.at, out.length]
  readLzma2(file, out)
  file.skip((4 - ((file.at - from) % 4)) % 4)
  verify(file, check, out.bytes.subarray(content, out.length))
}

function verify(file: Cursor, check: number, content: Uint8Array): void {
  const at = file.at
  const sum = Buffer.from(file.bytes(CHECK_BYTES[check] as number))
  const matches = CHECKS.get(check)?.(content, sum) ?? true
  if (!matches) file.fail('a block does not match its checksum', at)
}

/** Chunks, each of which may start the dictionary, the model, or its properties anew. */
function readLzma2(file: Cursor, out: Output): void {
  let model: LzmaModel | undefined
  let properties = propertiesOf(0)
  let dictionary = -1
  for (;;) {
    const at = file.at
    const control = file.u8()
    if (control === 0) return
    if (control === 1 || control >= 0xe0) dictionary = out.length
    if (dictionary < 0) file.fail('a chunk has no dictionary', at)
    if (control < 0x80) {
      if (control > 2) file.fail(`a chunk of kind ${control}`, at)
      out.append(file.bytes(bigEndian16(file) + 1))
      if (control === 1) model = undefined
      continue
    }
    const size = ((control & 0x1f) << 16) + bigEndian16(file) + 1
    const packed = bigEndian16(file) + 1
    if (control >= 0xc0) properties = propertiesOf(file.u8())
    // LZMA2's own rule; it also keeps a new model, which a dozen bytes can ask for, small.
    if (properties.lc + properties.lp > 4) file.fail('a chunk has properties that LZMA2 forbids', at)
    if (control >= 0xa0) model = new LzmaModel(out, properties, dictionary)
    if (model === undefined) file.fail('a chunk goes on with nothing', at)
    const chunk = file.bytes(packed)
    if (model.decode(chunk, 0, size) !== packed) file.fail('a chunk is longer than its content', at)
  }
}

const bigEndian16 = (file: Cursor): number => (file.u8() << 8) | file.u8()

/** The sizes of the blocks: read over, as the blocks told them. */
function readIndex(file: Cursor): void {
  const start = file.at
  file.skip(1)
  const records = readVarint(file)
  if (records > file.left) file.fail(`an index of ${records} blocks`, start)
  for (let i = 0; i < 2 * records; i++) readVarint(file)
  file.skip((4 - ((file.at - start) % 4)) % 4)
  checked(file, start, file.at - start)
}

function readVarint(file: Cursor): number {
  let value = 0
  for (let i = 0; i < 7; i++) {
    const byte = file.u8()
    value += (byte & 0x7f) * 128 ** i
    if (byte < 0x80) return value
  }
  return file.fail('a number is too long')
}
