import type { Expr } from '../../onnx/expr.ts'
import { binaryOf } from './arithmetic.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { broadcast, dimsOf, exprOf, type Operand, operand } from './broadcast.ts'
import { isFloat } from './dtypes.ts'
import type { SymTensor } from './symbolic.ts'

/** What is so of elements, and what follows of it (aten/src/ATen/native/{BinaryOps,TensorCompare}.cpp). */

type Test = (t: Aten, x: Expr) => Expr

const comparison = (op: string, negate = false): AtenOperator => ({
  parameters: 'self, other',
  run: (t, a) => {
    const [x, y] = [operand(a, 'self'), operand(a, 'other')]
    const dtype = t.resultType([x, y])
    let [left, right] = [exprOf(t, x, dtype), exprOf(t, y, dtype)]
    if (dtype === 'bool' && op !== 'Equal')
      [left, right] = [left, right].map((value) => t.node('Cast', [value], { to: 'int32' })) as [Expr, Expr]
    const value = t.node(op, [left, right])
    return t.moved(negate ? t.node('Not', [value]) : value, 'bool', broadcast(dimsOf(x), dimsOf(y)))
  },
})

const logical = (op: string): AtenOperator => ({
  parameters: 'self, other',
  run: (t, a) => {
    const [x, y] = [operand(a, 'self'), operand(a, 'other')]
    return t.moved(t.node(op, [exprOf(t, x, 'bool'), exprOf(t, y, 'bool')]), 'bool', broadcast(dimsOf(x), dimsOf(y)))
  },
})

/** On bools logic, on integers bits. */
const bitwise = (op: string): AtenOperator =>
  binaryOf({ op: (t, a, b, dtype) => t.node(dtype === 'bool' ? op : `Bitwise${op}`, [a, b]) })

/** Where works in this type on values of that dtype: ONNX Runtime has none for bool. */
export function where(t: Aten, condition: SymTensor, yes: Operand, no: Operand): SymTensor {
  const dtype = t.resultType([yes, no])
  const dims = broadcast(condition.dims, dimsOf(yes), dimsOf(no))
  const test = t.in(condition, 'bool')
  const [a, b] = [exprOf(t, yes, dtype), exprOf(t, no, dtype)]
  if (dtype !== 'bool') return t.moved(t.node('Where', [test, a, b]), dtype, dims)
  const either = t.node('Or', [t.node('And', [test, a]), t.node('And', [t.node('Not', [test]), b])])
  return t.moved(either, dtype, dims)
}

const isnan: Test = (t, x) => t.node('Not', [t.node('Equal', [x, x])])

const isinf: Test = (t, x) => t.node('Equal', [t.node('Abs', [x]), Number.POSITIVE_INFINITY])

const test = (f: Test, ofInteger: boolean): AtenOperator => ({
  parameters: 'self',
  run: (t, a) => {
    const x = a.tensor('self')
    const value = isFloat(x.dtype) ? f(t, t.value(x)) : t.node('Equal', [t.value(x), t.value(x)])
    return t.moved(isFloat(x.dtype) || ofInteger ? value : t.node('Not', [value]), 'bool', x.dims)
  },
})

const nanToNum: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  if (!isFloat(x.dtype)) return x
  const [low, high] = LIMITS[x.dtype as keyof typeof LIMITS]
  const value = t.value(x)
  const to = (name: string, otherwise: number): number => (a.has(name) ? a.number(name) : otherwise)
  const infinite = (limit: number) => t.node('Equal', [value, limit])
  let result = t.node('Where', [isnan(t, value), t.in(t.scalar(to('nan', 0)), x.dtype), value])
  result = t.node('Where', [infinite(Number.POSITIVE_INFINITY), t.in(t.scalar(to('posinf', high)), x.dtype), result])
  result = t.node('Where', [infinite(Number.NEGATIVE_INFINITY), t.in(t.scalar(to('neginf', low)), x.dtype), result])
  return t.made(result, x.dtype, x.dims)
}

const LIMITS = {
  float16: [-65504, 65504],
  bfloat16: [-3.3895313892515355e38, 3.3895313892515355e38],
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
  float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
} as const

const bitwiseNot: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  return t.made(t.node(x.dtype === 'bool' ? 'Not' : 'BitwiseNot', [t.value(x)]), x.dtype, x.dims)
}

const logicalNot: AtenFunction = (t, a) =>
  t.moved(t.node('Not', [t.in(a.tensor('self'), 'bool')]), 'bool', a.tensor('self').dims)

// biome-ignore format: one row per operator
export const COMPARISONS = {
  bitwise_and: bitwise('And'),
  bitwise_not: { parameters: 'self', run: bitwiseNot },
  bitwise_or: bitwise('Or'),
  bitwise_xor: bitwise('Xor'),
  eq: comparison('Equal'),
  ge: comparison('GreaterOrEqual'),
  gt: comparison('Greater'),
  isfinite: test((t, x) => t.node('Less', [t.node('Abs', [x]), Number.POSITIVE_INFINITY]), true),
  isinf: test(isinf, false),
  isnan: test(isnan, false),
  le: comparison('LessOrEqual'),
  logical_and: logical('And'),
  logical_not: { parameters: 'self', run: logicalNot },
  logical_or: logical('Or'),
  logical_xor: logical('Xor'),
  lt: comparison('Less'),
  nan_to_num: { parameters: 'self, nan=None, posinf=None, neginf=None', run: nanToNum },
  ne: comparison('Equal', true),
  where: { parameters: 'condition, self, other', run: (t, a) => where(t, a.tensor('condition'), operand(a, 'self'), operand(a, 'other')) },
} as const satisfies Record<string, AtenOperator>
