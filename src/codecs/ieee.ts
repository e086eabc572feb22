import { fromHalfBits, toHalfBits } from '../tensor/half.ts'

/** A binary floating-point format of IEEE 754: a number and its bits, as an unsigned integer of `width` bits. */
export interface Ieee {
  readonly width: 16 | 32 | 64
  readonly toBits: (value: number) => bigint
  readonly fromBits: (bits: bigint) => number
}

const view = new DataView(new ArrayBuffer(8))

export const half: Ieee = {
  width: 16,
  toBits: (value) => BigInt(toHalfBits(value)),
  fromBits: (bits) => fromHalfBits(Number(bits)),
}

export const single: Ieee = {
  width: 32,
  toBits: (value) => {
    view.setFloat32(0, value)
    return BigInt(view.getUint32(0))
  },
  fromBits: (bits) => {
    view.setUint32(0, Number(bits))
    return view.getFloat32(0)
  },
}

export const double: Ieee = {
  width: 64,
  toBits: (value) => {
    view.setFloat64(0, value)
    return view.getBigUint64(0)
  },
  fromBits: (bits) => {
    view.setBigUint64(0, bits)
    return view.getFloat64(0)
  },
}
