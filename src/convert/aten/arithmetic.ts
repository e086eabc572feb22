import type { Expr } from '../../onnx/expr.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { broadcast, dimsOf, exprOf, type Operand, operand } from './broadcast.ts'
import { floatFor, isFloat, rankOfKind } from './dtypes.ts'
import { atan2, log1p, truncate } from './functions.ts'
import { addSizes, divSizes, mulSizes, type Size, SymSize, subSizes } from './size.ts'
import { type Known, SymTensor } from './symbolic.ts'

/** Arithmetic of elements in pairs (aten/src/ATen/native/{BinaryOps,PointwiseOps}.cpp). */

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

export const binaryOf = (rule: Binary): AtenOperator => ({
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

const logaddexp: Binary = {
  op: (t, a, b) => {
    const top = t.node('Max', [a, b])
    const gap = t.node('Neg', [t.node('Abs', [t.node('Sub', [a, b])])])
    return t.node('Add', [top, log1p(t, t.node('Exp', [gap]))])
  },
  dtype: floatFor,
}

// biome-ignore format: one row per operator
export const ARITHMETIC = {
  add: { parameters: 'self, other, *, alpha=1', run: scaled(ADD) },
  addcdiv: { parameters: 'self, tensor1, tensor2, *, value=1', run: added(DIV) },
  addcmul: { parameters: 'self, tensor1, tensor2, *, value=1', run: added(MUL) },
  atan2: binaryOf({ op: atan2, dtype: floatFor }),
  clamp: { parameters: 'self, min=None, max=None', run: clamp('min', 'max') },
  clamp_max: { parameters: 'self, max', run: clamp('', 'max') },
  clamp_min: { parameters: 'self, min', run: clamp('min', '') },
  div: { parameters: 'self, other, *, rounding_mode=None', run: div },
  floor_divide: binaryOf(FLOOR_DIV),
  fmod: binaryOf({ op: (t, a, b) => t.node('Mod', [a, b], { fmod: 1 }) }),
  lerp: { parameters: 'self, end, weight', run: lerp },
  logaddexp: binaryOf(logaddexp),
  maximum: binaryOf(extreme('Max')),
  minimum: binaryOf(extreme('Min')),
  mul: binaryOf(MUL),
  pow: { parameters: 'self, exponent', run: (t, a) => binary(t, operand(a, 'self'), operand(a, 'exponent'), POW) },
  remainder: binaryOf(REMAINDER),
  rsub: { parameters: 'self, other, *, alpha=1', run: scaled(SUB, true) },
  sub: { parameters: 'self, other, *, alpha=1', run: scaled(SUB) },
  xlogy: binaryOf({ op: (t, a, b) => t.node('Where', [t.node('Equal', [a, 0]), t.node('Mul', [a, 0]), t.node('Mul', [a, t.node('Log', [b])])]), dtype: floatFor }),
} as const satisfies Record<string, AtenOperator>
