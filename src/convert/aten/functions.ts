import type { Expr } from '../../onnx/expr.ts'
import type { Operand } from '../../onnx/node.ts'
import type { Aten } from './aten.ts'

/**
 * Functions that ONNX Runtime has in float32 only, written out for float64: to a few units in the last place, where
 * the result is not tiny.
 */
type Unary = (t: Aten, x: Expr) => Expr

/** ONNX's operator in float32, the formula in float64. */
const either =
  (op: string, formula: Unary): Unary =>
  (t, x) =>
    x.dtype === 'float32' ? t.node(op, [x]) : formula(t, x)

const add = (t: Aten, a: Operand, b: Operand): Expr => t.node('Add', [a, b])
const sub = (t: Aten, a: Operand, b: Operand): Expr => t.node('Sub', [a, b])
const mul = (t: Aten, a: Operand, b: Operand): Expr => t.node('Mul', [a, b])
const div = (t: Aten, a: Operand, b: Operand): Expr => t.node('Div', [a, b])
const abs = (t: Aten, x: Expr): Expr => t.node('Abs', [x])
const sqrt = (t: Aten, x: Expr): Expr => t.node('Sqrt', [x])

/** A value that is `yes` where the condition holds; numbers take the type of the other. */
export const choose = (t: Aten, condition: Expr, yes: Operand, no: Operand): Expr =>
  t.node('Where', [condition, ...alike(t, yes, no)])

function alike(t: Aten, yes: Operand, no: Operand): [Operand, Operand] {
  const typed = [yes, no].find((value) => typeof value === 'object' && 'dtype' in value) as { dtype: Expr['dtype'] }
  const one = (value: Operand): Operand => (typeof value === 'number' ? t.graph.operand(value, typed.dtype) : value)
  return [one(yes), one(no)]
}

/** Σ cᵢ xⁱ by Horner's rule. */
export function polynomial(t: Aten, x: Expr, coefficients: readonly number[]): Expr {
  const last = coefficients.length - 1
  let value: Expr = add(t, mul(t, x, coefficients[last] as number), coefficients[last - 1] as number)
  for (let i = last - 2; i >= 0; i--) value = add(t, mul(t, value, x), coefficients[i] as number)
  return value
}

/** erf(x)/x in x², for |x| ≤ 1: interpolated at Chebyshev's points, error 1.4e-19. */
// biome-ignore format: coefficients
const ERF_SMALL = [
  1.1283791670955126, -0.3761263890318375, 0.11283791670954879, -0.026866170645076792, 0.0052239776248180145,
  -0.000854832698083379, 0.0001205533111164271, -1.4925595266831182e-5, 1.6461000484121368e-6, -1.6350312701054695e-7,
  1.4659775274047436e-8, -1.1372848856791674e-9, 5.957176147748911e-11,
]
/** x·exp(x²)·erfc(x) in (x-3)/(x+3), for 1 ≤ x ≤ 6.2: error 1.9e-17. */
// biome-ignore format: coefficients
const ERFC_LARGE = [
  0.5370034535441699, 0.09530622695922818, -0.14658304803290312, 0.1398805476017287, -0.09546975030518207,
  0.0463502633349172, -0.014019825690856235, 0.000910822536433572, 0.0012428775314522183, -0.00041254038157161407,
  -8.462290063482317e-5, 6.893878117893437e-5, 6.536865675012051e-6, -1.0853834057885941e-5, -1.0820755988492574e-6,
  1.197881712696848e-6,
]

export const erf = either('Erf', (t, x) => {
  const size = t.node('Min', [abs(t, x), 6.2])
  const small = mul(t, x, polynomial(t, t.node('Min', [mul(t, x, x), 1]), ERF_SMALL))
  const place = div(t, sub(t, size, 3), add(t, size, 3))
  const decay = t.node('Exp', [t.node('Neg', [mul(t, size, size)])])
  const tail = mul(t, decay, div(t, polynomial(t, place, ERFC_LARGE), t.node('Max', [size, 1])))
  const large = mul(t, t.node('Sign', [x]), sub(t, t.graph.operand(1), tail))
  return choose(t, t.node('Less', [abs(t, x), 1]), small, large)
})

/** eˣ - 1 = 2τ/(1-τ) with τ = tanh(x/2), where eˣ is near 1. */
export const expm1: Unary = (t, x) => {
  const tanh = t.node('Tanh', [mul(t, x, 0.5)])
  const near = div(t, add(t, tanh, tanh), sub(t, t.graph.operand(1, x.dtype), tanh))
  return choose(t, t.node('Less', [abs(t, x), 1]), near, sub(t, t.node('Exp', [x]), 1))
}

/** log(1+x) = log(u)·x/(u-1) with u = 1+x rounded, which undoes the rounding (Kahan). */
export const log1p: Unary = (t, x) => {
  const u = add(t, x, 1)
  const log = t.node('Log', [u])
  const exact = mul(t, log, div(t, x, sub(t, u, 1)))
  const plain = t.node('Greater', [x, 1e10])
  return choose(t, t.node('Equal', [u, 1]), x, choose(t, plain, log, exact))
}

export const sinh = either('Sinh', (t, x) => {
  const e = expm1(t, abs(t, x))
  return mul(t, mul(t, t.node('Sign', [x]), 0.5), add(t, e, div(t, e, add(t, e, 1))))
})
export const cosh = either('Cosh', (t, x) =>
  mul(t, add(t, t.node('Exp', [x]), t.node('Exp', [t.node('Neg', [x])])), 0.5),
)
export const tan = either('Tan', (t, x) => div(t, t.node('Sin', [x]), t.node('Cos', [x])))

/** Σ (-1)ᵏ y²ᵏ/(2k+1), after two halvings of the angle: y ≤ 0.199. */
const ATAN = Array.from({ length: 13 }, (_, k) => (k % 2 === 0 ? 1 : -1) / (2 * k + 1))

export const atan = either('Atan', (t, x) => {
  const size = abs(t, x)
  const isLarge = t.node('Greater', [size, 1])
  const inverse = div(t, t.graph.operand(1), t.node('Max', [size, 1]))
  let y = choose(t, isLarge, inverse, size)
  for (let i = 0; i < 2; i++) y = div(t, y, add(t, sqrt(t, add(t, mul(t, y, y), 1)), 1))
  const angle = mul(t, mul(t, y, 4), polynomial(t, mul(t, y, y), ATAN))
  const whole = choose(t, isLarge, sub(t, t.graph.operand(Math.PI / 2), angle), angle)
  return mul(t, t.node('Sign', [x]), whole)
})

export const asin = either('Asin', (t, x) => {
  const rest = sqrt(t, mul(t, sub(t, t.graph.operand(1), x), add(t, x, 1)))
  return mul(t, atan(t, div(t, x, add(t, rest, 1))), 2)
})
export const acos = either('Acos', (t, x) =>
  mul(t, atan(t, sqrt(t, div(t, sub(t, t.graph.operand(1), x), add(t, x, 1)))), 2),
)
export const asinh = either('Asinh', (t, x) => {
  const size = abs(t, x)
  const square = mul(t, x, x)
  const grown = add(t, size, div(t, square, add(t, sqrt(t, add(t, square, 1)), 1)))
  return mul(t, t.node('Sign', [x]), log1p(t, grown))
})
export const acosh = either('Acosh', (t, x) => t.node('Log', [add(t, x, sqrt(t, mul(t, sub(t, x, 1), add(t, x, 1))))]))
export const atanh = either('Atanh', (t, x) =>
  mul(t, log1p(t, div(t, add(t, x, x), sub(t, t.graph.operand(1), x))), 0.5),
)

/** The angle of (x, y): atan(y/x), turned by half a circle where x is negative. */
export function atan2(t: Aten, y: Expr, x: Expr): Expr {
  const angle = atan(t, div(t, y, x))
  const turn = choose(t, t.node('Less', [y, 0]), mul(t, t.node('Sign', [t.node('Abs', [x])]), -Math.PI), Math.PI)
  const whole = choose(t, t.node('Less', [x, 0]), add(t, angle, turn), angle)
  const isOrigin = t.node('And', [t.node('Equal', [x, 0]), t.node('Equal', [y, 0])])
  return choose(t, isOrigin, mul(t, y, 0), whole)
}

/** log(1 + eᵝˣ)/β, and x where that is the same: max(x,0) + log1p(e^-|x|). */
export function softplus(t: Aten, x: Expr): Expr {
  const decay = t.node('Exp', [t.node('Neg', [abs(t, x)])])
  return add(t, t.node('Max', [x, 0]), log1p(t, decay))
}

/** Towards zero. */
export const truncate: Unary = (t, x) => mul(t, t.node('Sign', [x]), t.node('Floor', [abs(t, x)]))
