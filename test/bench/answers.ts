/** Whether an answer is Python's. */
import type { Tensor } from '../../src/tensor/tensor.ts'

/** As Python's `tolist` says it in JSON. */
export type Answer = number | string | readonly Answer[]

/** The first value that differs, in words; `undefined` where none does. Texts are equal or not. */
export function firstDifference(
  output: Tensor | undefined,
  answer: Answer,
  allowedFor: (values: readonly (number | string)[]) => { readonly relative: number; readonly absolute: number },
): string | undefined {
  const theirs = ([answer] as unknown[]).flat(Number.POSITIVE_INFINITY) as (number | string)[]
  if (output?.data.length !== theirs.length) return `${output?.data.length} values instead of ${theirs.length}`
  const { relative, absolute } = allowedFor(theirs)
  const at = theirs.findIndex((value, i) => {
    const ours = output.data[i] as number | bigint | string
    if (typeof value === 'string') return ours !== value
    return !(Math.abs(Number(ours) - value) <= absolute + relative * Math.abs(value))
  })
  return at < 0 ? undefined : `value ${at} is ${output.data[at]} instead of ${theirs[at]}`
}
