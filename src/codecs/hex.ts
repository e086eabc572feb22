/**
 * The hex text of a chain payload (infernet contract 1.3, 6.9): bare from the Python node, `0x…` from the TypeScript
 * one.
 *
 * Limits on untrusted input: none of its own. The text was bounded by the body limit, and it is gone through once.
 */
import { show } from '../errors.ts'
import { refusal } from './refusal.ts'

/** Lower-case hex without `0x`, and whether it came with one: an answer mirrors that. */
export interface HexText {
  readonly hex: string
  readonly prefixed: boolean
}

export function readHex(text: string): HexText {
  const trimmed = text.trim().toLowerCase()
  const prefixed = trimmed.startsWith('0x')
  const hex = prefixed ? trimmed.slice(2) : trimmed
  if (hex === '') throw refusal(`the chain payload is empty: ${show(text)}`)
  const at = hex.search(/[^0-9a-f]/)
  if (at >= 0) throw refusal(`the chain payload is not hex from digit ${at} on: ${show(hex.slice(at))}`)
  if (hex.length % 2 === 1) {
    throw refusal(`the chain payload has an odd number of hex digits, ${hex.length}: ${show(hex)}`)
  }
  return { hex, prefixed }
}
