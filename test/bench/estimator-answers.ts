/** Whether an answer is Python's: labels equal, numbers within 1e-9. */
import type { Tensor } from '../../src/tensor/tensor.ts'

/** As Python's `tolist` says it in JSON. */
export type Answer = number | string | readonly Answer[]

const TOLERANCE = { relative: 1e-9, absolute: 1e-12 }
const EXACT = { relative: 0, absolute: 0 }

/** The first value that differs, in words; `undefined` where none does. `predict` gives labels. */
export function difference(method: string, [output]: readonly Tensor[], answer: Answer): string | undefined {
  const theirs = ([answer] as unknown[]).flat(Number.POSITIVE_INFINITY) as (number | string)[]
  if (output?.data.length !== theirs.length) return `${output?.data.length} values instead of ${theirs.length}`
  const allowed = method === 'predict' ? EXACT : TOLERANCE
  const at = theirs.findIndex((value, i) => !isSame(output.data[i] as number | bigint | string, value, allowed))
  return at < 0 ? undefined : `value ${at} is ${output.data[at]} instead of ${theirs[at]}`
}

function isSame(ours: number | bigint | string, theirs: number | string, allowed: typeof TOLERANCE): boolean {
  if (typeof theirs === 'string') return ours === theirs
  return Math.abs(Number(ours) - theirs) <= allowed.absolute + allowed.relative * Math.abs(theirs)
}
