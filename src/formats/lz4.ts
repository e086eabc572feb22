import { Cursor } from './cursor.ts'
import { outputLimit } from './inflate.ts'
import { Output } from './output.ts'
import { xxhash32 } from './xxhash32.ts'

/**
 * LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md, lz4_Block_format.md).
 *
 * Limits on a file from a stranger: the output, whatever the frame says of its size; a block is at most 4 MB by the
 * format. Its checksums, of the head and, where they are, of blocks and content, are checked.
 */
const MAGIC = 0x184d2204
const SKIPPABLE = 0x184d2a50
const MAX_BLOCK = 4 * 1024 * 1024
const UNCOMPRESSED = 0x80000000

/** The content of one or several LZ4 frames. */
export function decompressLz4(bytes: Uint8Array): Uint8Array {
  const file = new Cursor(bytes, 'lz4')
  const out = new Output('lz4', outputLimit(bytes.length))
  while (file.left > 0) {
    const at = file.at
    const magic = file.u32()
    if ((magic & 0xfffffff0) === SKIPPABLE) file.skip(file.u32())
    else if (magic === MAGIC) readFrame(file, out)
    else file.fail('it is no frame', at)
  }
  return out.finish()
}

function readFrame(file: Cursor, out: Output): void {
  const head = file.at
  const flags = file.u8()
  if (flags >>> 6 !== 1) file.fail(`a frame of version ${flags >>> 6}`)
  if (flags & 1) file.fail('a frame wants a dictionary that is not in the file')
  file.skip(1)
  const size = flags & 8 ? file.u64() : undefined
  const described = file.file.subarray(head, file.at)
  if (file.u8() !== ((xxhash32(described) >>> 8) & 0xff)) file.fail('a head does not match its checksum', head)
  const start = out.length
  for (let word = file.u32(); word !== 0; word = file.u32()) {
    const length = word & ~UNCOMPRESSED
    if (length > MAX_BLOCK) file.fail(`a block of ${length} bytes`)
    const block = file.bytes(length)
    if (word >= UNCOMPRESSED) out.append(block)
    else readBlock(new Cursor(block, 'lz4'), out, flags & 0x20 ? out.length : start)
    if (flags & 0x10) checked(file, block, 'a block')
  }
  if (flags & 4) checked(file, out.bytes.subarray(start, out.length), 'the content')
  if (size !== undefined && out.length - start !== size)
    file.fail(`a frame of ${out.length - start} bytes says ${size}`)
}

function checked(file: Cursor, content: Uint8Array, what: string): void {
  const at = file.at
  if (file.u32() !== xxhash32(content)) file.fail(`${what} does not match its checksum`, at)
}

/** Sequences of literals and a repetition; the last has literals alone. `floor` is how far back it may refer. */
function readBlock(block: Cursor, out: Output, floor: number): void {
  const end = out.length + MAX_BLOCK
  for (;;) {
    const token = block.u8()
    out.append(block.bytes(lengthOf(block, token >>> 4)))
    if (block.left === 0) return
    const distance = block.u16()
    if (distance > out.length - floor) block.fail('a repetition begins before its block')
    out.repeat(distance, lengthOf(block, token & 15) + 4)
    if (out.length > end) block.fail(`a block expands to more than ${MAX_BLOCK} bytes`)
  }
}

function lengthOf(block: Cursor, start: number): number {
  let length = start
  if (start === 15) {
    let byte = 255
    while (byte === 255) {
      byte = block.u8()
      length += byte
    }
  }
  return length
}
