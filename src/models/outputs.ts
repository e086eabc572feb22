import type { Converted } from '../convert/sklearn/converter.ts'
import { InferError } from '../errors.ts'
import type { Expr } from '../onnx/expr.ts'

/** In the order in which one is the default. */
export const METHODS = [
  ...['predict', 'transform', 'score_samples'],
  ...['predict_proba', 'predict_log_proba', 'decision_function', 'apply', 'pred_contribs'],
] as const as readonly Method[]

export type Method = Exclude<keyof Converted, 'classes'>

/** The values of a method: one, or where Python returns a list, as many. @throws InferError bad_request without it */
export function columnsOf(made: Converted, method: Method): { list: readonly Expr[]; isList: boolean } {
  if (method === 'transform') {
    if (!made.transform) throw new InferError('bad_request', 'this model has no transform for such rows')
    const { isSparse, numbers, value } = made.transform
    return { list: [isSparse ? numbers : value], isList: false }
  }
  const output = made[method]
  if (output === undefined) throw new InferError('bad_request', `this model has no ${method} for such rows`)
  return Array.isArray(output) ? { list: output, isList: true } : { list: [output as Expr], isList: false }
}
