/** xxHash of 32 bits with the seed 0, as LZ4 frames have it (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md). */
const P1 = 0x9e3779b1
const P2 = 0x85ebca77
const P3 = 0xc2b2ae3d
const P4 = 0x27d4eb2f
const P5 = 0x165667b1

const rotated = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))
const round = (lane: number, word: number): number => Math.imul(rotated(lane + Math.imul(word, P2), 13), P1)

export function xxhash32(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const word = (at: number): number => view.getInt32(at, true)
  let at = 0
  let hash = P5
  if (bytes.length >= 16) {
    let [a, b, c, d] = [(P1 + P2) | 0, P2, 0, -P1]
    for (; at + 16 <= bytes.length; at += 16) {
      a = round(a, word(at))
      b = round(b, word(at + 4))
      c = round(c, word(at + 8))
      d = round(d, word(at + 12))
    }
    hash = rotated(a, 1) + rotated(b, 7) + rotated(c, 12) + rotated(d, 18)
  }
  hash = (hash + bytes.length) | 0
  for (; at + 4 <= bytes.length; at += 4) hash = Math.imul(rotated(hash + Math.imul(word(at), P3), 17), P4)
  for (; at < bytes.length; at++) hash = Math.imul(rotated(hash + Math.imul(bytes[at] as number, P5), 11), P1)
  hash = Math.imul(hash ^ (hash >>> 15), P2)
  hash = Math.imul(hash ^ (hash >>> 13), P3)
  return (hash ^ (hash >>> 16)) >>> 0
}
