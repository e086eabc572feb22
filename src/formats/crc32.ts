/** CRC-32 with the polynomial of zip, gzip, xz (reflected 0x04C11DB7). */
const TABLES = Array.from({ length: 4 }, () => new Uint32Array(256))
const [T0, T1, T2, T3] = TABLES as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
for (let n = 0; n < 256; n++) {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  T0[n] = c
}
for (let n = 0; n < 256; n++) {
  const one = T0[n] as number
  const two = (T0[one & 0xff] as number) ^ (one >>> 8)
  const three = (T0[two & 0xff] as number) ^ (two >>> 8)
  T1[n] = two
  T2[n] = three
  T3[n] = (T0[three & 0xff] as number) ^ (three >>> 8)
}

/** node:zlib has one from Node 22 on; this one takes four bytes a step. */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff
  let i = 0
  for (const end = bytes.length - 3; i < end; i += 4) {
    c ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24)
    c =
      (T3[c & 0xff] as number) ^
      (T2[(c >>> 8) & 0xff] as number) ^
      (T1[(c >>> 16) & 0xff] as number) ^
      (T0[c >>> 24] as number)
  }
  for (; i < bytes.length; i++) c = (T0[(c ^ (bytes[i] as number)) & 0xff] as number) ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}
