import { InferError } from '../errors.ts'

/** The caller's mistake, in one sentence with the value in it. */
export const refusal = (sentence: string): InferError => new InferError('bad_request', sentence)

/** A chain payload that is not `what`, and why. */
export const notA = (what: string, why: string): InferError => refusal(`the chain payload is not ${what}: ${why}`)
