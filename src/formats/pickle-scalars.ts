import type { Cursor } from './cursor.ts'
import { decodeStringLine, decodeText, decodeUnicodeLine, longOf } from './pickle-text.ts'
import type { ByteArray } from './values.ts'

/**
 * The values that stand in a pickle itself. Limit on a file from a stranger: the size of an int, as turning digits
 * into one is quadratic; hashes and random states, the largest in real files, have 16 bytes.
 */
const MAX_LONG_BYTES = 256
const MAX_DIGITS = 620

const FLOATS = new Map([
  ['nan', Number.NaN],
  ['-nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
])

export function readFloatLine(file: Cursor): number {
  const line = file.line().trim()
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(line)) return Number(line)
  return FLOATS.get(line) ?? file.fail('FLOAT is followed by no number')
}

/** Protocol 0 spells True and False as the ints 01 and 00. */
export function readIntLine(file: Cursor): bigint | boolean {
  const line = file.line()
  return line === '00' || line === '01' ? line === '01' : integerOf(file, line)
}

export const readLongLine = (file: Cursor): bigint => integerOf(file, file.line().replace(/L$/, ''))

export const readInteger = (file: Cursor): bigint => integerOf(file, file.line())

function integerOf(file: Cursor, line: string): bigint {
  const [, sign, digits = ''] = /^\s*([+-]?)(\d+)\s*$/.exec(line) ?? file.fail('an int has other letters than digits')
  if (digits.length > MAX_DIGITS) file.fail(`an int of ${digits.length} digits, more than ${MAX_DIGITS}`)
  return sign === '-' ? -BigInt(digits) : BigInt(digits)
}

export function readLong(file: Cursor, size: number): bigint {
  if (size < 0 || size > MAX_LONG_BYTES) file.fail(`an int of ${size} bytes, more than ${MAX_LONG_BYTES}`)
  return longOf(file.bytes(size))
}

export const readText = (file: Cursor, size: number): string =>
  decodeText(file.bytes(size)) ?? file.fail('a str is no UTF-8')

/** A Python 2 str: text or bytes, which Latin-1 keeps both. */
export function readLatin1(file: Cursor, size: number): string {
  if (size < 0) file.fail(`a str of ${size} bytes`)
  return Buffer.from(file.bytes(size)).toString('latin1')
}

export const readStringLine = (file: Cursor): string =>
  decodeStringLine(file.lineBytes()) ?? file.fail('STRING is followed by no quoted text')

export const readUnicodeLine = (file: Cursor): string =>
  decodeUnicodeLine(file.lineBytes()) ?? file.fail('UNICODE is followed by a broken escape')

export const readByteArray = (file: Cursor, size: number): ByteArray => ({ kind: 'bytearray', bytes: file.bytes(size) })
