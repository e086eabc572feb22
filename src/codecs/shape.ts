/**
 * The `uint16[] shape` of both vector layouts.
 *
 * Limits on untrusted input: the product of the dimensions may overflow anything, so it is only followed until it
 * passes the number of values that came; the rank ends where numpy's does.
 */
import { show } from '../errors.ts'
import { notA } from './refusal.ts'

const MAX_RANK = 64

/** `shape` as dimensions, which hold exactly `count` values. Errors call the payload `what`. */
export function readShape(shape: readonly bigint[], count: number, what: string): number[] {
  const dims = shape.slice(0, MAX_RANK).map(Number)
  if (shape.length > MAX_RANK) throw notA(what, `it has ${shape.length} dimensions, over ${MAX_RANK}`)
  if (!holds(dims, count)) throw notA(what, `shape ${show(dims)} does not hold its ${count} values`)
  return dims
}

function holds(dims: readonly number[], count: number): boolean {
  if (dims.includes(0)) return count === 0
  let size = 1
  for (const dim of dims) {
    size *= dim
    if (size > count) return false
  }
  return size === count
}
