import { childrenOf } from '../formats/depth.ts'
import { storedBytes } from '../formats/raw-tensor.ts'
import { isArray, isTensor, type NdArray, type TorchTensor, type Value } from '../formats/values.ts'
import type { DType } from '../tensor/dtype.ts'
import { byCount, type Parameters } from './inspection.ts'

/** Adds up arrays of numbers. */
export class ParameterCount {
  #count = 0
  #bytes = 0
  readonly #dtypes = new Map<string, number>()

  add(dtype: string, count: number, bytes: number): void {
    this.#count += count
    this.#bytes += bytes
    this.#dtypes.set(dtype, (this.#dtypes.get(dtype) ?? 0) + count)
  }

  get sum(): Parameters {
    return { count: this.#count, bytes: this.#bytes, dtypes: byCount(this.#dtypes) }
  }
}

/** The numbers of all arrays and tensors in a value, what is shared counted once; a loop, as values may be deep. */
export function parametersOf(...roots: readonly Value[]): Parameters {
  const sum = new ParameterCount()
  const seen = new Set<Value | string>()
  const open: Value[] = [...roots]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || seen.has(value)) continue
    seen.add(value)
    if (isTensor(value)) addTensor(sum, value, seen)
    else {
      if (isArray(value)) addArray(sum, value)
      for (const child of childrenOf(value)) open.push(child)
    }
  }
  return sum.sum
}

function addTensor(
  sum: ParameterCount,
  { dtype, shape, storage, offset }: TorchTensor,
  seen: Set<Value | string>,
): void {
  const window = `${storage.key}/${offset}/${shape.join()}`
  if (seen.has(window)) return
  seen.add(window)
  const count = shape.reduce((product, dim) => product * dim, 1)
  sum.add(dtype, count, count * storedBytes(dtype))
}

const NO_NUMBERS: ReadonlySet<string> = new Set(['object', 'struct', 'void', 'bytes'])

function addArray(sum: ParameterCount, { dtype, data }: NdArray): void {
  if (NO_NUMBERS.has(dtype) || !ArrayBuffer.isView(data)) return
  const pair = dtype === 'complex64' || dtype === 'complex128' ? 2 : 1
  sum.add(dtype, data.length / pair, data.byteLength)
}

/** What a dtype takes in a file. */
export const bytesOfDType = (dtype: DType): number => storedBytes(dtype)
