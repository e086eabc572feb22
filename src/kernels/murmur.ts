const encoder = new TextEncoder()

/**
 * MurmurHash3 (x86, 32 bits) of a text's UTF-8, as a signed integer: Austin Appleby's public-domain algorithm
 * (https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp), with seed 0 as scikit-learn has it.
 */
export function murmur3(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return hashOf(encoder.encode(text))
  if (text.length > scratch.length) return hashOf(encoder.encode(text))
  for (let i = 0; i < text.length; i++) scratch[i] = text.charCodeAt(i)
  return hashOf(scratch, text.length)
}

/** For texts of ASCII, which most are. */
const scratch = new Uint8Array(256)

function hashOf(bytes: Uint8Array, length = bytes.length): number {
  const whole = length - (length % 4)
  const byte = (i: number): number => (i < length ? (bytes[i] as number) : 0)
  let hash = 0
  for (let i = 0; i < whole; i += 4) {
    hash ^= scrambled(byte(i) | (byte(i + 1) << 8) | (byte(i + 2) << 16) | (byte(i + 3) << 24))
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  if (whole < length) hash ^= scrambled(byte(whole) | (byte(whole + 1) << 8) | (byte(whole + 2) << 16))
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) | 0
}

function scrambled(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}

/**
 * The column that a text is hashed to, counted from 1, negative where it counts as -1.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/feature_extraction/_hashing_fast.pyx
 */
export function hashedPlace(text: string, columns: number, isSigned: boolean): number {
  const hash = murmur3(text)
  const column = hash === -(2 ** 31) ? (2 ** 31 - 1 - (columns - 1)) % columns : Math.abs(hash) % columns
  return isSigned && hash < 0 ? -(column + 1) : column + 1
}
