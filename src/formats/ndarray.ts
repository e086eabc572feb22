import { createData, type DType, type NumericArray } from '../tensor/dtype.ts'
import { broken } from './cursor.ts'
import { columnMajor, countElements, gatherBytes, positions } from './strided.ts'
import type { ArrayDType, NdArray, NumpyDType, Value } from './values.ts'

/**
 * Bytes, a dtype and a shape to an array. Limits on a file from a stranger: the bytes must be exactly those that shape
 * and dtype ask for, so an array is never larger than what is in the file; elements without bytes, which would be
 * free, are few.
 */
const MAX_EMPTY_ITEMS = 65_536

const fail = (what: string): never => {
  throw broken('numpy', what)
}

export type Order = 'C' | 'F'

/** Our names of numpy's number types; long doubles and pairs of them have none. */
// biome-ignore format: one row per kind
const NUMBERS: Readonly<Record<string, DType>> = {
  b1: 'bool',
  i1: 'int8', i2: 'int16', i4: 'int32', i8: 'int64',
  u1: 'uint8', u2: 'uint16', u4: 'uint32', u8: 'uint64',
  f2: 'float16', f4: 'float32', f8: 'float64',
  c8: 'complex64', c16: 'complex128',
}

export const emptyArray = (): NdArray => ({
  kind: 'ndarray',
  dtype: 'void',
  shape: [0],
  data: new Uint8Array(0),
  fields: new Map(),
  unit: '',
})

/** How many bytes an array of this dtype and shape has; refused where it cannot be. */
export function bytesNeeded(dtype: NumpyDType, shape: readonly number[]): number {
  const count = countElements(shape, 'numpy')
  if (dtype.itemBytes === 0 && count > MAX_EMPTY_ITEMS) fail(`${count} elements of no bytes`)
  return count * dtype.itemBytes
}

/** Fills `array` from the memory of a numpy array. */
export function fillFromBytes(
  array: NdArray,
  bytes: Uint8Array,
  dtype: NumpyDType,
  shape: readonly number[],
  order: Order,
): NdArray {
  const needed = bytesNeeded(dtype, shape)
  if (bytes.length !== needed) fail(`[${shape.join(', ')}] of ${dtype.itemBytes} bytes each has ${bytes.length} bytes`)
  if (holdsObjects(dtype)) fail('an array of objects is given as memory')
  const columns = order === 'F' && shape.length > 1
  const rows = columns ? gatherBytes(bytes, dtype.itemBytes, positions(shape, columnMajor(shape))) : bytes
  return Object.assign(array, decode(rows, dtype, shape))
}

/** Fills `array` with objects, which came as values; numpy lists them row-major even from a Fortran array. */
export function fillFromValues(array: NdArray, values: readonly Value[], shape: readonly number[]): NdArray {
  const count = countElements(shape, 'numpy')
  if (values.length !== count) fail(`[${shape.join(', ')}] has ${values.length} objects`)
  return Object.assign(array, { dtype: 'object', shape, data: values })
}

export const holdsObjects = (dtype: NumpyDType): boolean =>
  dtype.letter === 'O' ||
  (dtype.sub !== undefined && holdsObjects(dtype.sub.dtype)) ||
  dtype.fields.some((field) => holdsObjects(field.dtype))

/** Row-major bytes to an array. */
function decode(bytes: Uint8Array, dtype: NumpyDType, shape: readonly number[]): NdArray {
  if (dtype.sub !== undefined) return decode(bytes, dtype.sub.dtype, [...shape, ...dtype.sub.shape])
  if (dtype.fields.length > 0) return structure(bytes, dtype, shape)
  const plain = (name: ArrayDType, data: NdArray['data']): NdArray => ({
    kind: 'ndarray',
    dtype: name,
    shape,
    data,
    fields: new Map(),
    unit: dtype.unit,
  })
  const { letter, itemBytes } = dtype
  const number = NUMBERS[letter + itemBytes]
  if (number !== undefined) return plain(number, numbers(bytes, number, dtype))
  if (letter === 'm' || letter === 'M') {
    return plain(letter === 'M' ? 'datetime64' : 'timedelta64', numbers(bytes, 'int64', dtype))
  }
  if (letter === 'U') return plain('string', texts(bytes, dtype, shape))
  if (letter === 'S') return plain('bytes', items(bytes, itemBytes, shape).map(withoutZeros))
  return plain('void', bytes.slice())
}

/** One array a field. */
function structure(bytes: Uint8Array, dtype: NumpyDType, shape: readonly number[]): NdArray {
  const count = countElements(shape, 'numpy')
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const fields = new Map<string, NdArray>()
  for (const { name, dtype: type, offset } of dtype.fields) {
    bytesNeeded(type, shape)
    const column = columnOf(aligned, offset, type.itemBytes, dtype.itemBytes, count)
    fields.set(name, decode(column, type, shape))
  }
  return { kind: 'ndarray', dtype: 'struct', shape, data: [], fields, unit: '' }
}

/** `width` bytes of every `step`; four at a time where all is so aligned, as compilers and numpy do. */
function columnOf(bytes: Uint8Array, offset: number, width: number, step: number, count: number): Uint8Array {
  const column = new Uint8Array(count * width)
  if ((bytes.byteOffset | offset | width | step) % 4 === 0) {
    const from = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    gather(from, new Uint32Array(column.buffer), offset / 4, width / 4, step / 4)
  } else gather(bytes, column, offset, width, step)
  return column
}

function gather<T extends Uint8Array | Uint32Array>(from: T, to: T, offset: number, width: number, step: number): void {
  for (let i = 0, start = offset; i < to.length; start += step) {
    for (let j = 0; j < width; j++) to[i++] = from[start + j] as number
  }
}

/** A copy, aligned and in this machine's order. */
function numbers(bytes: Uint8Array, name: DType, { letter, itemBytes, bigEndian }: NumpyDType): NumericArray {
  const width = letter === 'c' ? itemBytes / 2 : itemBytes
  const data = createData(name, bytes.length / itemBytes) as NumericArray
  const memory = new Uint8Array(data.buffer)
  memory.set(bytes)
  if (bigEndian && width > 1)
    for (let at = 0; at < memory.length; at += width) memory.subarray(at, at + width).reverse()
  if (name === 'bool') for (let i = 0; i < memory.length; i++) memory[i] = memory[i] === 0 ? 0 : 1
  return data
}

function items(bytes: Uint8Array, itemBytes: number, shape: readonly number[]): Uint8Array[] {
  return Array.from({ length: countElements(shape, 'numpy') }, (_, i) =>
    bytes.subarray(i * itemBytes, (i + 1) * itemBytes),
  )
}

function withoutZeros(item: Uint8Array): Uint8Array {
  let end = item.length
  while (end > 0 && item[end - 1] === 0) end--
  return item.subarray(0, end)
}

/** UTF-32, filled up with zeros. */
function texts(bytes: Uint8Array, { itemBytes, bigEndian }: NumpyDType, shape: readonly number[]): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return items(bytes, itemBytes, shape).map((_, i) => {
    let text = ''
    let zeros = ''
    for (let at = i * itemBytes; at < (i + 1) * itemBytes; at += 4) {
      const code = view.getUint32(at, !bigEndian)
      if (code > 0x10ffff) fail(`a text has the character ${code}`)
      if (code === 0) zeros += '\0'
      else {
        text += zeros + String.fromCodePoint(code)
        zeros = ''
      }
    }
    return text
  })
}
