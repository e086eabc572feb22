import { type Datum, isScalar } from './args.ts'
import type { Aten } from './aten.ts'
import { isFloat } from './dtypes.ts'
import { SymSize } from './size.ts'
import { type Known, SymTensor } from './symbolic.ts'

/** The number in a tensor of one element, where it is known before a request. */
export function knownIn(t: Aten, x: SymTensor): Known | undefined {
  if (x.known !== undefined) return x.known
  const constant = t.graph.constantOf(t.value(x))
  if (constant?.data.length !== 1) return undefined
  const value = constant.data[0] as number | bigint
  if (x.dtype === 'bool') return Number(value) === 1
  return isFloat(x.dtype) ? Number(value) : BigInt(value)
}

type Fold = (...numbers: number[]) => number

/** Operators on numbers that traces compute sizes with: floats too, where a size was divided and rounded. */
// biome-ignore format: one row per operator
const FOLDS: ReadonlyMap<string, Fold> = new Map<string, Fold>(Object.entries({
  abs: Math.abs,
  add: (a: number, b: number, alpha = 1) => a + b * alpha,
  ceil: Math.ceil,
  clamp: (x: number, low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY) => Math.min(Math.max(x, low), high),
  clamp_max: Math.min,
  clamp_min: Math.max,
  div: (a: number, b: number) => a / b,
  floor: Math.floor,
  floor_divide: (a: number, b: number) => Math.floor(a / b),
  maximum: Math.max,
  minimum: Math.min,
  mul: (a: number, b: number) => a * b,
  neg: (x: number) => -x,
  remainder: (a: number, b: number) => a - b * Math.floor(a / b),
  sqrt: Math.sqrt,
  sub: (a: number, b: number, alpha = 1) => a - b * alpha,
  true_divide: (a: number, b: number) => a / b,
  trunc: Math.trunc,
}))

/** What an operator gives of numbers that are known, as its dtype holds it; `undefined` of others. */
export function folded(
  t: Aten,
  op: string,
  args: readonly Datum[],
  kwargs: ReadonlyMap<string, Datum> | undefined,
  { dtype, rank }: SymTensor,
): Known | undefined {
  const fold = FOLDS.get(op)
  if (!fold || rank !== 0 || (kwargs && kwargs.size > 0)) return undefined
  const numbers: number[] = []
  for (const arg of args) {
    const known = arg instanceof SymTensor ? knownIn(t, arg) : arg
    if (!isScalar(known) || known instanceof SymSize || typeof known === 'boolean') return undefined
    numbers.push(Number(known))
  }
  const result = fold(...numbers)
  if (dtype === 'float64') return result
  if (dtype === 'float32') return Math.fround(result)
  return dtype === 'int64' && Number.isSafeInteger(result) && numbers.every(Number.isSafeInteger)
    ? BigInt(result)
    : undefined
}
