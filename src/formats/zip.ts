import { crc32 } from 'node:zlib'
import { broken, Cursor } from './cursor.ts'
import { inflateRaw, outputLimit } from './inflate.ts'

/**
 * Zip archives (PKWARE's APPNOTE 6.3), by their central directory: stored and deflated entries, zip64.
 *
 * Limits on a file from a stranger: entries, as each costs an object; names, as they become keys and messages; the
 * sum of the sizes, by the ratio that real archives stay under; no two entries in the same bytes or under the same
 * name, and the local headers say what the directory says, so that no other reader can see another archive than we do.
 * An entry's content is read only when asked for, and its CRC is checked then.
 */
const MAX_ENTRIES = 65_536
const MAX_NAME_BYTES = 1024
/** A comment of the archive may follow its end record. */
const MAX_COMMENT = 65_535

const END64 = 0x06064b50
const LOCATOR64 = 0x07064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const STORED = 0
const DEFLATED = 8
const ENCRYPTED = 0x2041
const PATCHED = 0x20
const UNIX = 3
const SYMLINK = 0xa000

export interface ZipEntry {
  readonly name: string
  readonly size: number
  /** The content, inflated and checked; a view when it is stored. */
  readonly read: () => Uint8Array
}

interface Listed {
  readonly name: string
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly header: number
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
const fail = (what: string, at?: number): never => {
  throw broken('zip', what, at)
}

/**
 * The entries of a zip archive by name, folders left out.
 * @throws InferError bad_model naming what is wrong and where
 */
export function readZip(bytes: Uint8Array): ReadonlyMap<string, ZipEntry> {
  const { count, offset, size, end } = findDirectory(bytes)
  if (count > MAX_ENTRIES) fail(`${count} entries, more than ${MAX_ENTRIES}`)
  if (offset + size > end) fail(`its directory ends at byte ${offset + size} of ${end}`)
  const cursor = new Cursor(bytes, 'zip', offset, offset + size)
  const entries: Listed[] = []
  for (let i = 0; i < count; i++) entries.push(readListed(cursor))
  if (cursor.left > 0) fail(`${cursor.left} bytes follow the last entry of its directory`, cursor.at)
  checkSizes(entries, bytes.length)
  checkPlaces(entries, bytes, offset)
  return byName(entries, bytes)
}

/** From the end record; where that is full, from zip64's. */
function findDirectory(bytes: Uint8Array): { count: number; offset: number; size: number; end: number } {
  const last = bytes.length - 22
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (bytes[at] !== 0x50 || bytes[at + 1] !== 0x4b || bytes[at + 2] !== 5 || bytes[at + 3] !== 6) continue
    const cursor = new Cursor(bytes, 'zip', at + 4)
    const disks = cursor.u16() + cursor.u16()
    const [here, count, size, offset, comment] = [cursor.u16(), cursor.u16(), cursor.u32(), cursor.u32(), cursor.u16()]
    if (comment !== cursor.left) continue
    const full = count === 0xffff || size === 0xffffffff || offset === 0xffffffff
    if (full) return findDirectory64(bytes, at)
    if (disks > 0 || here !== count) fail('it is one of several parts', at)
    return { count, offset, size, end: at }
  }
  return fail('it has no end record: it is cut short, or no zip')
}

function findDirectory64(bytes: Uint8Array, end: number): ReturnType<typeof findDirectory> {
  const locator = new Cursor(bytes, 'zip', Math.max(0, end - 20))
  if (locator.u32() !== LOCATOR64) fail('a size is missing, and no zip64 record has it', end)
  locator.skip(4)
  const at = locator.u64()
  if (at > end - 56 - 20) fail(`its zip64 record is said to be at byte ${at}`, end)
  const cursor = new Cursor(bytes, 'zip', at)
  if (cursor.u32() !== END64) fail('its zip64 record is missing', at)
  cursor.skip(20)
  const [here, count, size, offset] = [cursor.u64(), cursor.u64(), cursor.u64(), cursor.u64()]
  if (here !== count) fail('it is one of several parts', at)
  return { count, offset, size, end: at }
}

function readListed(cursor: Cursor): Listed {
  const start = cursor.at
  if (cursor.u32() !== CENTRAL) cursor.fail('an entry of its directory has no signature', start)
  const [system, , flags, method] = [cursor.u16() >> 8, cursor.u16(), cursor.u16(), cursor.u16()]
  cursor.skip(4)
  const [crc, packed, size] = [cursor.u32(), cursor.u32(), cursor.u32()]
  const [nameBytes, extraBytes, commentBytes, disk] = [cursor.u16(), cursor.u16(), cursor.u16(), cursor.u16()]
  cursor.skip(2)
  const [attributes, header] = [cursor.u32(), cursor.u32()]
  const name = readName(cursor, nameBytes)
  if (flags & ENCRYPTED) cursor.fail(`${name} is encrypted`, start)
  if (flags & PATCHED) cursor.fail(`${name} is a patch`, start)
  if (method !== STORED && method !== DEFLATED) cursor.fail(`${name} is compressed by method ${method}`, start)
  if (disk !== 0 && disk !== 0xffff) cursor.fail(`${name} is on another disk`, start)
  if (system === UNIX && ((attributes >>> 16) & 0xf000) === SYMLINK) cursor.fail(`${name} is a link`, start)
  const wide = wideSizes(cursor, extraBytes, [size, packed, header])
  cursor.skip(commentBytes)
  return { name, method, crc, size: wide[0], packed: wide[1], header: wide[2] }
}

function readName(cursor: Cursor, size: number): string {
  const at = cursor.at
  if (size > MAX_NAME_BYTES) cursor.fail(`a name of ${size} bytes`)
  let name = ''
  try {
    name = utf8.decode(cursor.bytes(size))
  } catch {
    cursor.fail('a name is no UTF-8', at)
  }
  const outside = /^[/\\]|^[a-zA-Z]:|\0/.test(name) || name.split(/[/\\]/).includes('..')
  if (name === '' || outside) cursor.fail(`an entry is called ${JSON.stringify(name)}`, at)
  return name
}

/** What does not fit 32 bits stands in the zip64 extra field, in this order, if and only if it is full here. */
function wideSizes(cursor: Cursor, extraBytes: number, sizes: [number, number, number]): [number, number, number] {
  const extra = new Cursor(cursor.bytes(extraBytes), 'zip')
  if (!sizes.includes(0xffffffff)) return sizes
  while (extra.left >= 4) {
    const [id, length] = [extra.u16(), extra.u16()]
    const field = new Cursor(extra.bytes(length), 'zip')
    if (id === 1) return sizes.map((size) => (size === 0xffffffff ? field.u64() : size)) as [number, number, number]
  }
  return sizes
}

function checkSizes(entries: readonly Listed[], fileSize: number): void {
  let total = 0
  for (const { name, method, packed, size } of entries) {
    if (method === STORED && packed !== size) fail(`${name} is stored, but in ${packed} bytes for ${size}`)
    if (size > outputLimit(packed)) fail(`${name} has ${packed} bytes that expand to ${size}`)
    total += size
  }
  if (total > outputLimit(fileSize)) fail(`its entries come to ${total} bytes in a file of ${fileSize}`)
}

/** Each local header must be there, tell the same name, and leave its bytes to this entry alone. */
function checkPlaces(entries: readonly Listed[], bytes: Uint8Array, directory: number): void {
  let end = 0
  for (const entry of [...entries].sort((a, b) => a.header - b.header)) {
    if (entry.header < end) fail(`${entry.name} overlaps another entry`, entry.header)
    end = contentStart(entry, bytes) + entry.packed
    if (end > directory) fail(`${entry.name} ends at byte ${end}, within the directory`, entry.header)
  }
}

function contentStart({ name, header, method }: Listed, bytes: Uint8Array): number {
  const cursor = new Cursor(bytes, 'zip', Math.min(header, bytes.length))
  if (cursor.u32() !== LOCAL) fail(`${name} has no local header`, header)
  cursor.skip(2)
  const [flags, localMethod] = [cursor.u16(), cursor.u16()]
  cursor.skip(16)
  const [nameBytes, extraBytes] = [cursor.u16(), cursor.u16()]
  const localName = Buffer.from(cursor.bytes(nameBytes)).toString()
  if (localName !== name) fail(`${name} is called ${JSON.stringify(localName)} in its local header`, header)
  if (localMethod !== method || flags & ENCRYPTED) fail(`${name} is otherwise stored by its local header`, header)
  cursor.skip(extraBytes)
  return cursor.at
}

function byName(entries: readonly Listed[], bytes: Uint8Array): ReadonlyMap<string, ZipEntry> {
  const found = new Map<string, ZipEntry>()
  for (const entry of entries) {
    const { name, size } = entry
    if (found.has(name)) fail(`two entries are called ${name}`)
    if (!name.endsWith('/')) found.set(name, { name, size, read: () => readEntry(entry, bytes) })
  }
  return found
}

function readEntry(entry: Listed, bytes: Uint8Array): Uint8Array {
  const start = contentStart(entry, bytes)
  const packed = bytes.subarray(start, start + entry.packed)
  const content = entry.method === STORED ? packed : inflateRaw(packed, entry.size)
  if (crc32(content) !== entry.crc) fail(`${entry.name} does not match its checksum`)
  return content
}
