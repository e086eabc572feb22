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
  if (number !== undefined) return single(readNumbers(file, number, 1)[0] as number | bigint)
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
  const memory = new Uint8Array(data.buffer)
  for (let i = 0; i < bytes.length; i++) memory[i ^ (width - 1)] = bytes[i] as number
  return data
}

function readCount(file: Cursor): number {
  const type = typeAt(file)
  const dtype = NUMBERS.get(type) ?? file.fail('a length is no integer')
  const count = Number(readNumbers(file, dtype, 1)[0])
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
