import { createData, type DType, elementBytes, type NumericArray } from '../tensor/dtype.ts'
import { Cursor } from './cursor.ts'
import type { Json } from './json.ts'

/**
 * Universal Binary JSON, draft 12 (https://ubjson.org), big-endian, as XGBoost writes it.
 *
 * Limits on a file from a stranger: depth, since reading recurses; items without bytes of their own (`[$T#`) are
 * refused, as a count alone would make them any number.
 */
const MAX_DEPTH = 512

/** Types of fixed size: an array of one of them is an array of numbers. */
const NUMBERS: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['i', 'int8'],
  ['U', 'uint8'],
  ['I', 'int16'],
  ['l', 'int32'],
  ['L', 'int64'],
  ['d', 'float32'],
  ['D', 'float64'],
])
const CONSTANTS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['Z', null],
  ['T', true],
  ['F', false],
])
const NOTHING = 'N'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The one value of a UBJSON file; arrays that name their type are typed arrays. */
export function readUbjson(bytes: Uint8Array): Json {
  const file = new Cursor(bytes, 'ubjson')
  const value = readValue(file, typeAt(file), 0)
  if (file.left > 0) file.fail(`${file.left} bytes follow its end`)
  return value
}

const typeAt = (file: Cursor): string => {
  let type = String.fromCharCode(file.u8())
  while (type === NOTHING) type = String.fromCharCode(file.u8())
  return type
}

function readValue(file: Cursor, type: string, depth: number): Json {
  if (depth > MAX_DEPTH) file.fail(`it is nested deeper than ${MAX_DEPTH}`)
  const constant = CONSTANTS.get(type)
  if (constant !== undefined) return constant
  const number = NUMBERS.get(type)
  if (number !== undefined) return single(readNumber(file, number))
  if (type === 'S' || type === 'H') return readText(file)
  if (type === 'C') return String.fromCharCode(file.u8())
  if (type === '[') return readArray(file, depth)
  if (type === '{') return readObject(file, depth)
  return file.fail(`${JSON.stringify(type)} is no type`, file.at - 1)
}

const single = (value: number | bigint): number | bigint =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value

function readNumbers(file: Cursor, dtype: DType, count: number): NumericArray {
  const width = elementBytes(dtype)
  const bytes = file.bytes(count * width)
  const data = createData(dtype, count) as NumericArray
  const memory = Buffer.from(data.buffer)
  memory.set(bytes)
  if (width === 2) memory.swap16()
  else if (width === 4) memory.swap32()
  else if (width === 8) memory.swap64()
  return data
}

const scratch = new DataView(new ArrayBuffer(8))

/** One number: a length, most often. */
function readNumber(file: Cursor, dtype: DType): number | bigint {
  const width = elementBytes(dtype)
  for (let i = 0; i < width; i++) scratch.setUint8(i, file.u8())
  if (dtype === 'uint8') return scratch.getUint8(0)
  if (dtype === 'int8') return scratch.getInt8(0)
  if (dtype === 'int16') return scratch.getInt16(0)
  if (dtype === 'int32') return scratch.getInt32(0)
  if (dtype === 'int64') return scratch.getBigInt64(0)
  return dtype === 'float32' ? scratch.getFloat32(0) : scratch.getFloat64(0)
}

function readCount(file: Cursor): number {
  const type = typeAt(file)
  const dtype = NUMBERS.get(type) ?? file.fail('a length is no integer')
  const count = Number(readNumber(file, dtype))
  return Number.isSafeInteger(count) && count >= 0 ? count : file.fail(`a length of ${count}`)
}

function readText(file: Cursor): string {
  const bytes = file.bytes(readCount(file))
  try {
    return utf8.decode(bytes)
  } catch {
    return file.fail('a text is no UTF-8')
  }
}

/** What may stand before the items: `$` and their type, `#` and their number. */
function readHead(file: Cursor): { type: string | undefined; count: number | undefined } {
  let type: string | undefined
  if (peek(file) === '$') {
    file.skip(1)
    type = String.fromCharCode(file.u8())
    if (peek(file) !== '#') file.fail('a type of items comes without their number')
    if (!NUMBERS.has(type) && !'SHC[{'.includes(type)) file.fail(`items of type ${JSON.stringify(type)}`)
  }
  if (peek(file) !== '#') return { type, count: undefined }
  file.skip(1)
  return { type, count: readCount(file) }
}

const peek = (file: Cursor): string => (file.left > 0 ? String.fromCharCode(file.file[file.at] as number) : '')

function readArray(file: Cursor, depth: number): Json {
  const { type, count } = readHead(file)
  const dtype = NUMBERS.get(type ?? '')
  if (dtype !== undefined && count !== undefined) return readNumbers(file, dtype, count)
  const items: Json[] = []
  if (count !== undefined && count > file.left)
    file.fail(`${count} items are claimed where ${file.left} bytes are left`)
  for (;;) {
    if (count !== undefined && items.length === count) return items
    const next = type ?? typeAt(file)
    if (count === undefined && next === ']') return items
    items.push(readValue(file, next, depth + 1))
  }
}

function readObject(file: Cursor, depth: number): Map<string, Json> {
  const { type, count } = readHead(file)
  const map = new Map<string, Json>()
  for (;;) {
    if (count !== undefined && map.size === count) return map
    if (count === undefined && peek(file) === '}') {
      file.skip(1)
      return map
    }
    const key = readText(file)
    if (map.has(key)) file.fail(`the key ${JSON.stringify(key).slice(0, 60)} comes twice`)
    map.set(key, readValue(file, type ?? typeAt(file), depth + 1))
  }
}
