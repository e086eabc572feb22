import { broken } from './cursor.ts'

/** Strides of a row-major array, in elements. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= Math.max(1, shape[axis] as number)
  }
  return strides
}

/** Strides of a column-major (Fortran) array. */
export const columnMajor = (shape: readonly number[]): number[] => rowMajor([...shape].reverse()).reverse()

/** The product of a shape from a stranger, exact or refused. */
export function countElements(shape: readonly number[], format: string): number {
  if (shape.includes(0)) return 0
  const count = shape.reduce((product, dim) => product * dim, 1)
  if (!(count <= 0xffffffff)) throw broken(format, `a shape of [${shape.join(', ')}] has too many elements`)
  return count
}

/** Where each element of a row-major reading lies in what has these strides. */
export function positions(shape: readonly number[], strides: readonly number[], offset = 0): Uint32Array {
  const count = shape.includes(0) ? 0 : shape.reduce((product, dim) => product * dim, 1)
  const at = new Uint32Array(count)
  if (count === 0) return at
  const rank = shape.length
  const width = rank === 0 ? 1 : (shape[rank - 1] as number)
  const step = rank === 0 ? 0 : (strides[rank - 1] as number)
  const index = new Array<number>(rank).fill(0)
  let from = offset
  for (let row = 0; row < count; row += width) {
    for (let i = 0; i < width; i++) at[row + i] = from + i * step
    for (let axis = rank - 2; axis >= 0; axis--) {
      from += strides[axis] as number
      index[axis] = (index[axis] as number) + 1
      if ((index[axis] as number) < (shape[axis] as number)) break
      from -= (strides[axis] as number) * (shape[axis] as number)
      index[axis] = 0
    }
  }
  return at
}

/** Items of `itemBytes` bytes, put into row-major order. */
export function gatherBytes(bytes: Uint8Array, itemBytes: number, at: Uint32Array): Uint8Array {
  const out = new Uint8Array(at.length * itemBytes)
  for (let i = 0; i < at.length; i++) {
    const from = (at[i] as number) * itemBytes
    for (let j = 0; j < itemBytes; j++) out[i * itemBytes + j] = bytes[from + j] as number
  }
  return out
}
