import { show } from '../errors.ts'
import { refusal } from './refusal.ts'

/**
 * `value · 10^decimals`, the fraction cut off. A float is multiplied as a double, as Python's `int(v * 10**d)` does,
 * and not in exact decimals: 0.558 at 18 decimals is 558000000000000064 (infernet contract 3.2). An integer stays exact.
 */
export function toFixedPoint(value: number | bigint, decimals: number): bigint {
  if (typeof value === 'bigint') return value * 10n ** BigInt(decimals)
  const scaled = Math.trunc(value * Number(`1e${decimals}`))
  if (Number.isFinite(scaled)) return BigInt(scaled)
  throw refusal(`${value} cannot go on chain as a fixed-point number of ${show(decimals)} decimals`)
}

/** `word / 10^decimals`, rounded once: dividing doubles is off in a quarter of the cases (infernet contract 3.2). */
export const fromFixedPoint = (word: bigint, decimals: number): number => Number(`${word}e-${decimals}`)

/**
 * `value · 10^18` from the shortest decimal text of a float, digits beyond the 18th dropped: the SD59x18 of the
 * pre-0.1.0 `ml` package (infernet contract 3.1).
 */
export function toSd59x18(value: number): bigint {
  if (!Number.isFinite(value)) throw refusal(`${value} cannot go on chain as SD59x18`)
  const [mantissa = '', exponent = '0'] = String(value).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const shift = 18 + Number(exponent) - fraction.length
  const digits = BigInt(whole + fraction)
  return shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift)
}
