import { decompressBzip2 } from './bzip2.ts'
import { broken } from './cursor.ts'
import { inflateGzip, inflateZlib } from './inflate.ts'
import { decompressLz4 } from './lz4.ts'
import { decompressLzmaAlone, decompressXz } from './xz.ts'

/** Codecs that joblib wraps its files in, by their first bytes. */
// biome-ignore format: one row per codec
const CODECS: readonly (readonly [name: string, magic: readonly number[], unpack: (bytes: Uint8Array) => Uint8Array])[] = [
  ['bz2', [0x42, 0x5a, 0x68], decompressBzip2],
  ['gzip', [0x1f, 0x8b], inflateGzip],
  ['lz4', [0x04, 0x22, 0x4d, 0x18], decompressLz4],
  ['lzma', [0x5d, 0x00, 0x00], decompressLzmaAlone],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], decompressXz],
]

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte)

/** A zlib head as joblib knows it: deflate with a window of 32 kB, and a check that divides by 31. No opcode is `x`. */
const isZlib = (bytes: Uint8Array): boolean =>
  bytes.length > 2 && bytes[0] === 0x78 && (0x7800 | (bytes[1] as number)) % 31 === 0

/** joblib 0.9 and older (`write_zfile` in joblib/numpy_pickle_compat.py): ZF, the size in 19 letters of hex, zlib. */
const OLD_MAGIC = [0x5a, 0x46, 0x30, 0x78]
const OLD_SIZE = 19
const isOldJoblib = (bytes: Uint8Array): boolean => startsWith(bytes, OLD_MAGIC)

function inflateOldJoblib(bytes: Uint8Array): Uint8Array {
  const size = Number(
    Buffer.from(bytes.subarray(2, 2 + OLD_SIZE))
      .toString('latin1')
      .trim()
      .replace(/L$/, ''),
  )
  const content = inflateZlib(bytes.subarray(2 + OLD_SIZE))
  if (content.length !== size) throw broken('joblib', `a content of ${content.length} bytes says ${size}`)
  return content
}

/** Which codec packed these bytes; `undefined` for none. */
export const codecOf = (bytes: Uint8Array): string | undefined =>
  CODECS.find(([, magic]) => startsWith(bytes, magic))?.[0] ??
  (isZlib(bytes) || isOldJoblib(bytes) ? 'zlib' : undefined)

/** The bytes, unpacked if they were packed. */
export function decompress(bytes: Uint8Array): Uint8Array {
  if (isOldJoblib(bytes)) return inflateOldJoblib(bytes)
  const codec = CODECS.find(([, magic]) => startsWith(bytes, magic))
  if (codec !== undefined) return codec[2](bytes)
  return isZlib(bytes) ? inflateZlib(bytes) : bytes
}
