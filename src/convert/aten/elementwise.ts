import type { Expr } from '../../onnx/expr.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { Args, Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { broadcast, dimsOf, exprOf, type Operand, operand } from './broadcast.ts'
import { floatFor, isFloat, rankOfKind } from './dtypes.ts'
import { acos, acosh, asin, asinh, atan, atan2, atanh, cosh, erf, expm1, log1p, sinh, tan } from './functions.ts'
import { addSizes, divSizes, mulSizes, type Size, SymSize, subSizes } from './size.ts'
import { type Known, SymTensor } from './symbolic.ts'

/** Operators of each element (aten/src/ATen/native/{UnaryOps,BinaryOps,PointwiseOps}.cpp). */

type Unary = (t: Aten, x: Expr) => Expr

const simple =
  (op: string): Unary =>
  (t, x) =>
    t.node(op, [x])

/** Integers become floats. */
const floating = (f: Unary): AtenOperator => ({
  parameters: 'self',
  run: (t, a) => {
    const x = a.tensor('self')
    const dtype = floatFor(x.dtype)
    return t.made(f(t, t.in(x, dtype)), dtype, x.dims)
  },
})

/** Of the tensor's own dtype. */
const same = (f: Unary): AtenOperator => ({
  parameters: 'self',
  run: (t, a) => {
    const x = a.tensor('self')
    return t.made(f(t, t.value(x)), x.dtype, x.dims)
  },
})

/** Rounding: integers stay as they are. */
const rounding = (op: string): AtenOperator => ({
  parameters: 'self, *, decimals=0',
  run: (t, a) => {
    const x = a.tensor('self')
    if (!isFloat(x.dtype)) return x
    const decimals = a.int('decimals')
    if (decimals === 0) return t.made(t.node(op, [t.value(x)]), x.dtype, x.dims)
    const scale = 10 ** Math.abs(decimals)
    const [there, back] = decimals > 0 ? ['Mul', 'Div'] : ['Div', 'Mul']
    const value = t.node(back, [t.node(op, [t.node(there, [t.value(x), scale])]), scale])
    return t.made(value, x.dtype, x.dims)
  },
})

const truncate: Unary = (t, x) => t.node('Mul', [t.node('Sign', [x]), t.node('Floor', [t.node('Abs', [x])])])

/** Sizes that tensors of shape arithmetic stand for are computed at once. */
type Fold = (a: Size, b: Size) => Size | undefined

function fold(a: Operand, b: Operand, f: Fold | undefined): Known | undefined {
  const sizes = [a, b].map((value) => {
    const known = value instanceof SymTensor ? (value.rank === 0 ? value.known : undefined) : value
    return typeof known === 'bigint' ? Number(known) : known instanceof SymSize ? known : undefined
  })
  const [x, y] = sizes
  const size = f && x !== undefined && y !== undefined ? f(x, y) : undefined
  return typeof size === 'number' ? BigInt(size) : size
}

interface Binary {
  readonly op: (t: Aten, a: Expr, b: Expr, dtype: DType) => Expr
  readonly fold?: Fold
  /** The dtype of the result, of that of the operands. */
  readonly dtype?: (dtype: DType) => DType
}

export function binary(t: Aten, a: Operand, b: Operand, { op, fold: sizes, dtype: of = (d) => d }: Binary): SymTensor {
  const dims = broadcast(dimsOf(a), dimsOf(b))
  const dtype = of(t.resultType([a, b]))
  const known = rankOfKind(dtype) === 1 ? fold(a, b, sizes) : undefined
  if (known !== undefined && (typeof known === 'bigint' || known instanceof SymSize)) return t.scalar(known, dtype)
  return t.made(op(t, exprOf(t, a, dtype), exprOf(t, b, dtype), dtype), dtype, dims)
}

const binaryOf = (rule: Binary): AtenOperator => ({
  parameters: 'self, other',
  run: (t, a) => binary(t, operand(a, 'self'), operand(a, 'other'), rule),
})

const node =
  (name: string): Binary['op'] =>
  (t, a, b) =>
    t.node(name, [a, b])

const ADD: Binary = {
  op: (t, a, b, dtype) => (dtype === 'bool' ? t.node('Or', [a, b]) : t.node('Add', [a, b])),
  fold: addSizes,
}
const SUB: Binary = { op: node('Sub'), fold: subSizes }
const MUL: Binary = {
  op: (t, a, b, dtype) => (dtype === 'bool' ? t.node('And', [a, b]) : t.node('Mul', [a, b])),
  fold: mulSizes,
}
const DIV: Binary = { op: node('Div'), dtype: floatFor }
const FLOOR_DIV: Binary = {
  op: (t, a, b, dtype) => {
    if (isFloat(dtype)) return t.node('Floor', [t.node('Div', [a, b])])
    const rest = t.node('Mod', [a, b])
    return t.node('Div', [t.node('Sub', [a, rest]), b])
  },
  fold: divSizes,
}
const TRUNC_DIV: Binary = {
  op: (t, a, b, dtype) => (isFloat(dtype) ? truncate(t, t.node('Div', [a, b])) : t.node('Div', [a, b])),
  fold: (a, b) => (typeof a === 'number' && typeof b === 'number' ? Math.trunc(a / b) : divSizes(a, b)),
}
/** Python's `%`: of the sign of the divisor. */
const REMAINDER: Binary = {
  op: (t, a, b, dtype) => {
    if (!isFloat(dtype)) return t.node('Mod', [a, b])
    const rest = t.node('Mod', [a, b], { fmod: 1 })
    const differs = t.node('And', [
      t.node('Not', [t.node('Equal', [rest, 0])]),
      t.node('Xor', [t.node('Less', [rest, 0]), t.node('Less', [b, 0])]),
    ])
    return t.node('Where', [differs, t.node('Add', [rest, b]), rest])
  },
  fold: (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b * Math.floor(a / b) : undefined),
}

/** self + alpha · other, and the like. */
const scaled =
  (rule: Binary, swapped = false): AtenFunction =>
  (t, a) => {
    const [self, other] = [operand(a, 'self'), operand(a, 'other')]
    const [left, right] = swapped ? [other, self] : [self, other]
    const alpha = operand(a, 'alpha')
    if (alpha === 1n || alpha === 1) return binary(t, left, right, rule)
    const term = binary(t, right, alpha, MUL)
    return binary(t, left, term, rule)
  }

const div: AtenFunction = (t, a) => {
  const mode = a.get('rounding_mode')
  const rule = mode === 'floor' ? FLOOR_DIV : mode === 'trunc' ? TRUNC_DIV : DIV
  return binary(t, operand(a, 'self'), operand(a, 'other'), rule)
}

/** NaN is passed on, as ONNX's Max and Min do too. */
const extreme = (op: 'Max' | 'Min'): Binary => ({ op: (t, a, b, dtype) => extremeOf(t, op, a, b, dtype) })

function extremeOf(t: Aten, op: 'Max' | 'Min', a: Expr, b: Expr, dtype: DType): Expr {
  if (dtype === 'bool') return t.node(op === 'Max' ? 'Or' : 'And', [a, b])
  return t.node(op, [a, b])
}

export const maximum = binaryOf(extreme('Max'))
export const minimum = binaryOf(extreme('Min'))

const POW: Binary = {
  op: (t, a, b, dtype) => (rankOfKind(dtype) === 1 ? t.node('Pow', [a, b]) : power(t, a, b)),
}

/** x², √x and the like by what torch computes them with. */
function power(t: Aten, a: Expr, b: Expr): Expr {
  const constant = t.graph.constantOf(b)
  const exponent = constant?.dims.length === 0 ? Number(constant.data[0]) : undefined
  if (exponent === 2) return t.node('Mul', [a, a])
  if (exponent === 0.5) return t.node('Sqrt', [a])
  if (exponent === -1) return t.node('Reciprocal', [a])
  return t.node('Pow', [a, b])
}

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

const clamp =
  (low: string, high: string): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const bounds = [low, high].map((name) => (name !== '' && a.has(name) ? operand(a, name) : undefined))
    const given = bounds.filter((bound) => bound !== undefined)
    const dtype = t.resultType([x, ...given])
    let value = t.in(x, dtype)
    bounds.forEach((bound, i) => {
      if (bound !== undefined) value = t.node(i === 0 ? 'Max' : 'Min', [value, exprOf(t, bound, dtype)])
    })
    return t.made(value, dtype, broadcast(x.dims, ...given.map(dimsOf)))
  }

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

/** lerp, addcmul, addcdiv: self + value · f(a, b). */
const added =
  (rule: Binary): AtenFunction =>
  (t, a) => {
    const term = binary(t, a.tensor('tensor1'), a.tensor('tensor2'), rule)
    return binary(t, a.tensor('self'), binary(t, term, operand(a, 'value'), MUL), ADD)
  }

const lerp: AtenFunction = (t, a) => {
  const [start, end] = [a.tensor('self'), a.tensor('end')]
  return binary(t, start, binary(t, operand(a, 'weight'), binary(t, end, start, SUB), MUL), ADD)
}

const isnan: Unary = (t, x) => t.node('Not', [t.node('Equal', [x, x])])
const isinf: Unary = (t, x) => t.node('Equal', [t.node('Abs', [x]), Number.POSITIVE_INFINITY])

const test = (f: Unary, ofInteger: boolean): AtenOperator => ({
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

const logaddexp: Binary = {
  op: (t, a, b) => {
    const top = t.node('Max', [a, b])
    const gap = t.node('Neg', [t.node('Abs', [t.node('Sub', [a, b])])])
    return t.node('Add', [top, log1p(t, t.node('Exp', [gap]))])
  },
  dtype: floatFor,
}

const to: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  for (const name of ['dtype', 'second', 'third']) {
    const value = a.get(name)
    if (value instanceof SymTensor) return t.castTo(x, value.dtype)
    if (typeof value === 'bigint' || (typeof value === 'string' && !DEVICE.test(value)))
      return t.castTo(x, a.dtype(name) as DType)
  }
  return x
}
const DEVICE = /^(cpu|cuda|mps|meta|xpu)(:\d+)?$/

const cast = (dtype: DType): AtenOperator => ({ parameters: 'self', run: (t, a) => t.castTo(a.tensor('self'), dtype) })
const identity: AtenOperator = { parameters: 'self, a=None, b=None, c=None', run: (_t, a) => a.get('self') }

/** What is written to it is not written to the original. */
const copyOf = (t: Aten, x: SymTensor): SymTensor => t.moved(t.value(x), x.dtype, x.dims, x.known)

const leftOnly = (a: Args): Datum => a.get('self')

// biome-ignore format: one row per operator
export const ELEMENTWISE = {
  abs: same((t, x) => t.node('Abs', [x])),
  acos: floating(acos),
  acosh: floating(acosh),
  add: { parameters: 'self, other, *, alpha=1', run: scaled(ADD) },
  addcdiv: { parameters: 'self, tensor1, tensor2, *, value=1', run: added(DIV) },
  addcmul: { parameters: 'self, tensor1, tensor2, *, value=1', run: added(MUL) },
  asin: floating(asin),
  asinh: floating(asinh),
  atan: floating(atan),
  atan2: binaryOf({ op: atan2, dtype: floatFor }),
  atanh: floating(atanh),
  bitwise_and: bitwise('And'),
  bitwise_not: { parameters: 'self', run: bitwiseNot },
  bitwise_or: bitwise('Or'),
  bitwise_xor: bitwise('Xor'),
  ceil: rounding('Ceil'),
  clamp: { parameters: 'self, min=None, max=None', run: clamp('min', 'max') },
  clamp_max: { parameters: 'self, max', run: clamp('', 'max') },
  clamp_min: { parameters: 'self, min', run: clamp('min', '') },
  clone: { parameters: 'self, *, memory_format=None', run: (t, a) => copyOf(t, a.tensor('self')) },
  contiguous: identity,
  cos: floating(simple('Cos')),
  cosh: floating(cosh),
  detach: identity,
  div: { parameters: 'self, other, *, rounding_mode=None', run: div },
  double: cast('float64'),
  eq: comparison('Equal'),
  erf: floating(erf),
  erfc: floating((t, x) => t.node('Sub', [1, erf(t, x)])),
  exp: floating(simple('Exp')),
  exp2: floating((t, x) => t.node('Exp', [t.node('Mul', [x, Math.LN2])])),
  expm1: floating(expm1),
  float: cast('float32'),
  floor: rounding('Floor'),
  floor_divide: binaryOf(FLOOR_DIV),
  fmod: binaryOf({ op: (t, a, b) => t.node('Mod', [a, b], { fmod: 1 }) }),
  frac: same((t, x) => t.node('Sub', [x, truncate(t, x)])),
  ge: comparison('GreaterOrEqual'),
  gt: comparison('Greater'),
  half: cast('float16'),
  int: cast('int32'),
  isfinite: test((t, x) => t.node('Less', [t.node('Abs', [x]), Number.POSITIVE_INFINITY]), true),
  isinf: test(isinf, false),
  isnan: test(isnan, false),
  le: comparison('LessOrEqual'),
  lerp: { parameters: 'self, end, weight', run: lerp },
  log: floating(simple('Log')),
  log10: floating((t, x) => t.node('Div', [t.node('Log', [x]), Math.LN10])),
  log1p: floating(log1p),
  log2: floating((t, x) => t.node('Div', [t.node('Log', [x]), Math.LN2])),
  logaddexp: binaryOf(logaddexp),
  logical_and: logical('And'),
  logical_not: { parameters: 'self', run: logicalNot },
  logical_or: logical('Or'),
  logical_xor: logical('Xor'),
  long: cast('int64'),
  lt: comparison('Less'),
  maximum,
  minimum,
  mul: binaryOf(MUL),
  nan_to_num: { parameters: 'self, nan=None, posinf=None, neginf=None', run: nanToNum },
  ne: comparison('Equal', true),
  neg: same(simple('Neg')),
  pow: { parameters: 'self, exponent', run: (t, a) => binary(t, operand(a, 'self'), operand(a, 'exponent'), POW) },
  reciprocal: floating(simple('Reciprocal')),
  remainder: binaryOf(REMAINDER),
  round: rounding('Round'),
  rsqrt: floating((t, x) => t.node('Reciprocal', [t.node('Sqrt', [x])])),
  rsub: { parameters: 'self, other, *, alpha=1', run: scaled(SUB, true) },
  sign: same(simple('Sign')),
  sin: floating(simple('Sin')),
  sinh: floating(sinh),
  sqrt: floating(simple('Sqrt')),
  square: same((t, x) => t.node('Mul', [x, x])),
  sub: { parameters: 'self, other, *, alpha=1', run: scaled(SUB) },
  tan: floating(tan),
  tanh: floating(simple('Tanh')),
  to: { parameters: 'self, dtype=None, second=None, third=None, d=None, e=None, f=None', run: to },
  trunc: { parameters: 'self', run: (t, a) => (isFloat(a.tensor('self').dtype) ? t.made(truncate(t, t.value(a.tensor('self'))), a.tensor('self').dtype, a.tensor('self').dims) : leftOnly(a)) },
  type_as: { parameters: 'self, other', run: (t, a) => t.castTo(a.tensor('self'), a.tensor('other').dtype) },
  where: { parameters: 'condition, self, other', run: (t, a) => where(t, a.tensor('condition'), operand(a, 'self'), operand(a, 'other')) },
  xlogy: binaryOf({ op: (t, a, b) => t.node('Where', [t.node('Equal', [a, 0]), t.node('Mul', [a, 0]), t.node('Mul', [a, t.node('Log', [b])])]), dtype: floatFor }),
} as const satisfies Record<string, AtenOperator>
