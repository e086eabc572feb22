/** CRC-64 of xz (ECMA-182, reflected), as two halves: BigInt would take a hundred times as long. */
const POLYNOMIAL_HIGH = 0xc96c5795
const POLYNOMIAL_LOW = 0xd7870f42
const HIGH = new Uint32Array(256)
const LOW = new Uint32Array(256)
for (let n = 0; n < 256; n++) {
  let [high, low] = [0, n]
  for (let k = 0; k < 8; k++) {
    const carry = low & 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (carry) {
      high ^= POLYNOMIAL_HIGH
      low ^= POLYNOMIAL_LOW
    }
  }
  HIGH[n] = high
  LOW[n] = low
}

export function crc64(bytes: Uint8Array): bigint {
  let [high, low] = [-1, -1]
  for (let i = 0; i < bytes.length; i++) {
    const n = (low ^ (bytes[i] as number)) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ (LOW[n] as number)
    high = (high >>> 8) ^ (HIGH[n] as number)
  }
  return (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)
}
