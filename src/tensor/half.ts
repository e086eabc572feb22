/**
 * IEEE 754 half precision, rounded to nearest even from the double (as torch and numpy do from a Python float:
 * numpy rounds once, torch by way of float32; both agree but for double-rounding ties, where torch's rule is kept).
 */
const f32 = new Float32Array(1)
const u32 = new Uint32Array(f32.buffer)

/** Bits of the half nearest to `value`; beyond 65519.99 it is an infinity. */
export function toHalfBits(value: number): number {
  f32[0] = value
  const bits = u32[0] as number
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude < 0x38800000) {
    const scaled = Math.abs(f32[0] as number) * 2 ** 24
    return sign | roundHalfToEven(scaled)
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
  return sign | ((rounded - 0x38000000) >>> 13)
}

export function fromHalfBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** The bfloat16 nearest to `value` (ties to even, by way of float32 as torch does), as a number. */
export function roundToBfloat16(value: number): number {
  f32[0] = value
  const bits = u32[0] as number
  if ((bits & 0x7fffffff) > 0x7f800000) return Number.NaN
  u32[0] = (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000
  return f32[0] as number
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
