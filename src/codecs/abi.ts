/**
 * Solidity's contract ABI (https://docs.soliditylang.org/en/latest/abi-spec.html) over ox, which writes and follows
 * heads and tails but checks little. Here it is made as strict as eth-abi, which upstream decodes with: padding is
 * zero, an integer fits its type, a bool is 0 or 1, text is UTF-8. Trailing bytes are tolerated, and so is decoding a
 * prefix of a tuple.
 *
 * Limits on untrusted input: an offset or a count may be anything up to 2^256-1, or point back at itself. Both are
 * compared with the bytes that are there before ox follows them, so time and memory stay in proportion to the payload
 * however often two fields share a tail (a tuple has five fields at most, and no type nests).
 */
import * as AbiParameters from 'ox/AbiParameters'
import { type InferError, messageOf, show } from '../errors.ts'
import { notA, refusal } from './refusal.ts'

type AbiInteger = `${'u' | ''}int${8 | 16 | 32 | 64 | 128 | 256}`

/** What fits one word: an integer, or a bool, which is here an integer of 0 or 1. */
export type AbiWord = AbiInteger | 'bool'
type AbiType = AbiWord | `${AbiWord}[]` | 'bytes' | 'string'

/** Integers are bigints whatever their width; `bytes` are hex without `0x`. */
type AbiValue<T extends AbiType> = T extends `${string}[]`
  ? readonly bigint[]
  : T extends 'bytes' | 'string'
    ? string
    : bigint
type AbiValues<T extends readonly AbiType[]> = { -readonly [I in keyof T]: AbiValue<T[I]> }

const WORD_BYTES = 32
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Hex without `0x`. */
export function encode<const T extends readonly AbiType[]>(types: T, values: AbiValues<T>): string {
  const fields = types.map((type, i) => {
    const value = values[i] as bigint | string | readonly bigint[]
    const misfit = misfitOf(type, value)
    if (misfit !== undefined) throw refusal(`${show(misfit)} cannot go on chain as ${type.replace('[]', '')}`)
    return type === 'bytes' ? `0x${value}` : value
  })
  const parameters = types.map((type) => ({ type: type.replace('bool', 'uint8') }))
  return AbiParameters.encode(parameters as AbiParameters.AbiParameters, fields as never).slice(2)
}

/** The values of `hex`, which errors call `what`. */
export function decode<const T extends readonly AbiType[]>(types: T, hex: string, what = `(${types})`): AbiValues<T> {
  const bytes = Buffer.from(hex, 'hex')
  const refuse = (why: string) => notA(what, why)
  if (bytes.length < types.length * WORD_BYTES) {
    throw refuse(`it has ${bytes.length} bytes, and ${types.length} fields take ${types.length * WORD_BYTES}`)
  }
  for (const [i, type] of types.entries()) {
    const fault = isDynamic(type) ? tailFault(bytes, type, i) : undefined
    if (fault !== undefined) throw refuse(`field ${i + 1} (${type}) ${fault}`)
  }
  const values = followed(types, bytes, refuse)
  return types.map((type, i) => {
    const value = values[i] as bigint | `0x${string}` | readonly bigint[]
    const misfit = misfitOf(type, value)
    if (misfit !== undefined) throw refuse(`field ${i + 1} (${type}) holds ${show(misfit)}`)
    if (typeof value !== 'string') return value
    return type === 'bytes' ? value.slice(2) : textOf(value, () => refuse(`field ${i + 1} (${type}) is not UTF-8`))
  }) as AbiValues<T>
}

const isDynamic = (type: AbiType): boolean => type === 'bytes' || type === 'string' || type.endsWith('[]')

const wordAt = (bytes: Buffer, at: number): bigint => BigInt(`0x${bytes.toString('hex', at, at + WORD_BYTES)}`)

/** What is wrong with the tail that head `i` points to: offset, then count, then `count` words or padded bytes. */
function tailFault(bytes: Buffer, type: AbiType, i: number): string | undefined {
  const offset = wordAt(bytes, i * WORD_BYTES)
  if (offset > bytes.length - WORD_BYTES) return `starts at byte ${show(offset)} of ${bytes.length}`
  const start = Number(offset) + WORD_BYTES
  const count = wordAt(bytes, Number(offset))
  const words = type.endsWith('[]') ? count : (count + 31n) / 32n
  const left = Math.floor((bytes.length - start) / WORD_BYTES)
  if (words > left) return `has a length of ${show(count)} where ${left} words of 32 bytes are left`
  if (type.endsWith('[]')) return undefined
  const padding = bytes.subarray(start + Number(count), start + Number(words) * WORD_BYTES)
  return padding.every((byte) => byte === 0) ? undefined : `is padded with 0x${padding.toString('hex')}, not with zeros`
}

/** Integers are asked for in full width, so that nothing is masked before `misfitOf` sees it; text as its bytes. */
function followed(types: readonly AbiType[], bytes: Buffer, refuse: (why: string) => InferError): readonly unknown[] {
  const parameters = types.map((type) => ({
    type: type
      .replace('string', 'bytes')
      .replace(/^bool|^u?int\d+/, (word) => (word.startsWith('i') ? 'int256' : 'uint256')),
  }))
  try {
    return AbiParameters.decode(parameters as AbiParameters.AbiParameters, bytes)
  } catch (thrown) {
    throw refuse(messageOf(thrown).split('\n', 1)[0] as string)
  }
}

/** The first integer that is out of the range of its type, if any. */
function misfitOf(type: AbiType, value: bigint | string | readonly bigint[]): bigint | undefined {
  if (typeof value === 'string') return undefined
  const [lowest, highest] = rangeOf(type.replace('[]', '') as AbiWord)
  const integers = typeof value === 'bigint' ? [value] : value
  return integers.find((integer) => integer < lowest || integer > highest)
}

function rangeOf(type: AbiWord): readonly [bigint, bigint] {
  if (type === 'bool') return [0n, 1n]
  const bits = BigInt(type.replace(/\D/g, ''))
  return type.startsWith('u') ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
}

function textOf(hex: `0x${string}`, refuse: () => InferError): string {
  try {
    return utf8.decode(Buffer.from(hex.slice(2), 'hex'))
  } catch {
    throw refuse()
  }
}
