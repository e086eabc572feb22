import type { Expr } from '../../onnx/expr.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { floatFor, isFloat } from './dtypes.ts'
import { acos, acosh, asin, asinh, atan, atanh, cosh, erf, expm1, log1p, sinh, tan, truncate } from './functions.ts'
import { SymTensor } from './symbolic.ts'

/** Operators of each element, and casts (aten/src/ATen/native/UnaryOps.cpp). */

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

const toInteger: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  return isFloat(x.dtype) ? t.made(truncate(t, t.value(x)), x.dtype, x.dims) : x
}

// biome-ignore format: one row per operator
export const ELEMENTWISE = {
  abs: same((t, x) => t.node('Abs', [x])),
  acos: floating(acos),
  acosh: floating(acosh),
  asin: floating(asin),
  asinh: floating(asinh),
  atan: floating(atan),
  atanh: floating(atanh),
  ceil: rounding('Ceil'),
  clone: { parameters: 'self, *, memory_format=None', run: (t, a) => copyOf(t, a.tensor('self')) },
  contiguous: identity,
  cos: floating(simple('Cos')),
  cosh: floating(cosh),
  detach: identity,
  double: cast('float64'),
  erf: floating(erf),
  erfc: floating((t, x) => t.node('Sub', [1, erf(t, x)])),
  exp: floating(simple('Exp')),
  exp2: floating((t, x) => t.node('Exp', [t.node('Mul', [x, Math.LN2])])),
  expm1: floating(expm1),
  float: cast('float32'),
  floor: rounding('Floor'),
  frac: same((t, x) => t.node('Sub', [x, truncate(t, x)])),
  half: cast('float16'),
  int: cast('int32'),
  log: floating(simple('Log')),
  log10: floating((t, x) => t.node('Div', [t.node('Log', [x]), Math.LN10])),
  log1p: floating(log1p),
  log2: floating((t, x) => t.node('Div', [t.node('Log', [x]), Math.LN2])),
  long: cast('int64'),
  neg: same(simple('Neg')),
  reciprocal: floating(simple('Reciprocal')),
  round: rounding('Round'),
  rsqrt: floating((t, x) => t.node('Reciprocal', [t.node('Sqrt', [x])])),
  sign: same(simple('Sign')),
  sin: floating(simple('Sin')),
  sinh: floating(sinh),
  sqrt: floating(simple('Sqrt')),
  square: same((t, x) => t.node('Mul', [x, x])),
  tan: floating(tan),
  tanh: floating(simple('Tanh')),
  to: { parameters: 'self, dtype=None, second=None, third=None, d=None, e=None, f=None', run: to },
  trunc: { parameters: 'self', run: toInteger },
  type_as: { parameters: 'self, other', run: (t, a) => t.castTo(a.tensor('self'), a.tensor('other').dtype) },
} as const satisfies Record<string, AtenOperator>
