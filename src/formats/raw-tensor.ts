import { createData, type DType, elementBytes, type NumericArray } from '../tensor/dtype.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { broken } from './cursor.ts'
import { countElements } from './strided.ts'

/** Bytes of an element in a file: as in memory, but that bfloat16 is half a float there. */
export const storedBytes = (dtype: DType): number => (dtype === 'bfloat16' ? 2 : elementBytes(dtype))

/** A tensor from little-endian, row-major bytes, which must be exactly its own. */
export function tensorFromBytes(format: string, dtype: DType, dims: readonly number[], bytes: Uint8Array): Tensor {
  const count = countElements(dims, format)
  if (bytes.length !== count * storedBytes(dtype)) {
    throw broken(format, `${dtype}[${dims.join(', ')}] has ${bytes.length} bytes`)
  }
  const data = createData(dtype, count) as NumericArray
  const memory = new Uint8Array(data.buffer)
  if (dtype === 'bfloat16') {
    // The upper half of a float32.
    for (let i = 0; i < count; i++) memory.set(bytes.subarray(2 * i, 2 * i + 2), 4 * i + 2)
  } else memory.set(bytes)
  if (dtype === 'bool') for (let i = 0; i < count; i++) memory[i] = memory[i] === 0 ? 0 : 1
  return { dtype, dims, data }
}
