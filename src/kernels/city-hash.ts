/**
 * CityHash64 of 2011 (version 1.0, https://github.com/google/cityhash), which CatBoost keeps for the hashes of
 * categories (util/digest/city.h): later versions of CityHash give other numbers.
 */
const K0 = 0xc3a5c85c97cb3127n
const K1 = 0xb492b66fbe98f273n
const K2 = 0x9ae16a3b2f90404fn
const K3 = 0xc949d7c7509e6557n
const MULTIPLIER = 0x9ddfea08eb382d69n

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
const rotate = (value: bigint, by: number): bigint =>
  by === 0 ? value : u64((value >> BigInt(by)) | (value << BigInt(64 - by)))
const mix = (value: bigint): bigint => value ^ (value >> 47n)

/** An unsigned 64-bit hash. */
export function cityHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { length } = bytes
  if (length <= 16) return hashUpTo16(bytes, view)
  if (length <= 32) return hashUpTo32(view, BigInt(length))
  return length <= 64 ? hashUpTo64(view, BigInt(length)) : hashLong(view, length)
}

function hash16(low: bigint, high: bigint): bigint {
  const a = mix(u64((low ^ high) * MULTIPLIER))
  return u64(mix(u64((high ^ a) * MULTIPLIER)) * MULTIPLIER)
}

function hashUpTo16(bytes: Uint8Array, view: DataView): bigint {
  const { length } = bytes
  const size = BigInt(length)
  if (length > 8) {
    const [a, b] = [view.getBigUint64(0, true), view.getBigUint64(length - 8, true)]
    return hash16(a, rotate(u64(b + size), length)) ^ b
  }
  if (length >= 4) {
    const a = BigInt(view.getUint32(0, true))
    return hash16(size + (a << 3n), BigInt(view.getUint32(length - 4, true)))
  }
  if (length === 0) return K2
  const [a, b, c] = [bytes[0], bytes[length >> 1], bytes[length - 1]] as [number, number, number]
  const [y, z] = [BigInt(a + (b << 8)), BigInt(length + (c << 2))]
  return u64(mix(u64(y * K2) ^ u64(z * K3)) * K2)
}

function hashUpTo32(view: DataView, size: bigint): bigint {
  const end = Number(size)
  const a = u64(view.getBigUint64(0, true) * K1)
  const b = view.getBigUint64(8, true)
  const c = u64(view.getBigUint64(end - 8, true) * K2)
  const d = u64(view.getBigUint64(end - 16, true) * K0)
  return hash16(u64(rotate(u64(a - b), 43) + rotate(c, 30) + d), u64(a + rotate(b ^ K3, 20) - c + size))
}

/** Four words at `at`, chained. */
function quarter(view: DataView, at: number, first: bigint, z: bigint): readonly [bigint, bigint] {
  let a = first
  let b = rotate(u64(a + z), 52)
  let c = rotate(a, 37)
  a = u64(a + view.getBigUint64(at + 8, true))
  c = u64(c + rotate(a, 7))
  a = u64(a + view.getBigUint64(at + 16, true))
  b = u64(b + rotate(a, 31) + c)
  return [u64(a + z), b]
}

function hashUpTo64(view: DataView, size: bigint): bigint {
  const end = Number(size)
  const first = u64(view.getBigUint64(0, true) + (size + view.getBigUint64(end - 16, true)) * K0)
  const [vf, vs] = quarter(view, 0, first, view.getBigUint64(24, true))
  const second = u64(view.getBigUint64(16, true) + view.getBigUint64(end - 32, true))
  const [wf, ws] = quarter(view, end - 32, second, view.getBigUint64(end - 8, true))
  const r = mix(u64((vf + ws) * K2 + (wf + vs) * K0))
  return u64(mix(u64(r * K0 + vs)) * K2)
}

/** 32 bytes at `at` with two seeds. */
function seeded(view: DataView, at: number, seedA: bigint, seedB: bigint): readonly [bigint, bigint] {
  const z = view.getBigUint64(at + 24, true)
  let a = u64(seedA + view.getBigUint64(at, true))
  let b = rotate(u64(seedB + a + z), 21)
  const c = a
  a = u64(a + view.getBigUint64(at + 8, true) + view.getBigUint64(at + 16, true))
  b = u64(b + rotate(a, 44))
  return [u64(a + z), u64(b + c)]
}

function hashLong(view: DataView, length: number): bigint {
  let x = view.getBigUint64(0, true)
  let y = view.getBigUint64(length - 16, true) ^ K1
  let z = view.getBigUint64(length - 56, true) ^ K0
  let v = seeded(view, length - 64, BigInt(length), y)
  let w = seeded(view, length - 32, u64(BigInt(length) * K1), K0)
  z = u64(z + mix(v[1]) * K1)
  x = u64(rotate(u64(z + x), 39) * K1)
  y = u64(rotate(y, 33) * K1)
  for (let at = 0; at < ((length - 1) & ~63); at += 64) {
    x = u64(rotate(u64(x + y + v[0] + view.getBigUint64(at + 16, true)), 37) * K1)
    y = u64(rotate(u64(y + v[1] + view.getBigUint64(at + 48, true)), 42) * K1)
    x ^= w[1]
    y ^= v[0]
    z = rotate(z ^ w[0], 33)
    v = seeded(view, at, u64(v[1] * K1), u64(x + w[0]))
    w = seeded(view, at + 32, u64(z + w[1]), y)
    ;[z, x] = [x, z]
  }
  return hash16(u64(hash16(v[0], w[0]) + mix(y) * K1 + z), u64(hash16(v[1], w[1]) + x))
}
