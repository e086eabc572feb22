import { InferError } from '../errors.ts'
import type { DType } from '../tensor/dtype.ts'
import type { HostType } from '../tensor/host-value.ts'
import type { Expr } from './expr.ts'
import type { Attributes } from './node.ts'

/** Operators that answer yes or no. */
const BOOLEAN = new Set([
  ...['And', 'Or', 'Xor', 'Not', 'Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'],
  ...['IsNaN', 'IsInf', 'RegexFullMatch'],
])
/** Operators that answer positions and lengths. */
const POSITIONS = new Set(['ArgMax', 'ArgMin', 'Shape', 'Size', 'NonZero'])
/** Operators whose first input is not of the type of what they give. */
const TYPED_BY: Readonly<Record<string, number>> = { Where: 1, OneHot: 2 }
/** Operators whose outputs differ in type, by output: what the first input has where the row says nothing. */
const MIXED: Readonly<Record<string, readonly (DType | undefined)[]>> = {
  TopK: [undefined, 'int64'],
  MaxPool: [undefined, 'int64'],
  Unique: [undefined, 'int64', 'int64', 'int64'],
  Dropout: [undefined, 'bool'],
  MatMulInteger: ['int32'],
  ConvInteger: ['int32'],
  DynamicQuantizeLinear: ['uint8', 'float32', 'uint8'],
}

/**
 * dtypes of an operator's outputs (onnx's own rules; https://onnx.ai/onnx/operators): for most that of the first input.
 * @throws InferError internal for the operators whose subgraphs say it, which the caller has to do for them
 */
export function outputTypes(
  op: string,
  inputs: readonly (Expr | null)[],
  attributes: Attributes,
  count: number,
): HostType[] {
  if (op === 'Cast') return [attributes.to as DType]
  if (BOOLEAN.has(op)) return [...new Array<DType>(count).fill('bool')]
  if (POSITIONS.has(op)) return [...new Array<DType>(count).fill('int64')]
  if (op === 'ConstantOfShape') return [(attributes.value as { dtype: DType } | undefined)?.dtype ?? 'float32']
  const first = inputs[TYPED_BY[op] ?? 0]?.dtype
  if (first === undefined) throw new InferError('internal', `${op} has no operand that says its dtype`)
  return Array.from({ length: count }, (_, i) => MIXED[op]?.[i] ?? first)
}
