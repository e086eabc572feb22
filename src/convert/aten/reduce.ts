import type { Expr } from '../../onnx/expr.ts'
import { ints } from '../../onnx/numbers.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { Args, Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { computedAs, floatFor, isFloat } from './dtypes.ts'
import { log1p } from './functions.ts'
import { knownSize, productOf, type Size } from './size.ts'
import { SymTensor } from './symbolic.ts'

/** Reductions (aten's ReduceOps.cpp, Sorting.cpp). */

interface Over {
  readonly axes: readonly number[]
  readonly keep: boolean
  readonly dims: readonly Size[]
}

/** What is reduced: all axes where none are named. */
function over(a: Args, x: SymTensor): Over {
  const named = a.axes('dim', x.rank) ?? []
  const axes = named.length === 0 ? x.dims.map((_, i) => i) : [...named]
  const keep = a.has('keepdim') && a.flag('keepdim')
  return { axes, keep, dims: reduced(x.dims, axes, keep) }
}

const reduced = (dims: readonly Size[], axes: readonly number[], keep: boolean): Size[] =>
  keep ? dims.map((dim, i) => (axes.includes(i) ? 1 : dim)) : dims.filter((_, i) => !axes.includes(i))

/** @param op of ONNX */
export function reduceBy(t: Aten, op: string, value: Expr, axes: readonly number[], keep: boolean): Expr {
  if (axes.length === 0) return value
  return t.node(op, [value, ints(axes)], { keepdims: Number(keep) })
}

const reduction =
  (op: string, dtypeOf: (dtype: DType) => DType): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const dtype = (a.has('dtype') ? a.dtype('dtype') : undefined) ?? dtypeOf(x.dtype)
    const { axes, keep, dims } = over(a, x)
    return t.made(reduceBy(t, op, t.in(x, dtype), axes, keep), dtype, dims)
  }
const summed = (dtype: DType): DType => (isFloat(dtype) ? dtype : 'int64')

/** [values, indices] along an axis; the largest of two tensors; the largest of all. */
const extreme =
  (name: 'max' | 'min'): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const second = a.get('dim')
    if (second instanceof SymTensor) return t.call(name === 'max' ? 'maximum' : 'minimum', [x, second])
    if (second === null) return t.call(`a${name}`, [x])
    const values = t.op(`a${name}`, [x, [second], a.get('keepdim')])
    return [values, t.op(`arg${name}`, [x, second, a.get('keepdim')])]
  }

/** ONNX Runtime reduces no bools. */
const extremes =
  (op: string): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const { axes, keep, dims } = over(a, x)
    const given = x.dtype === 'bool' ? t.in(x, 'int32') : t.value(x)
    const found = reduceBy(t, op, given, axes, keep)
    const value = isFloat(x.dtype) && axes.length > 0 ? orNaN(t, given, found, axes, keep) : found
    return t.castTo(t.made(value, x.dtype === 'bool' ? 'int32' : x.dtype, dims), x.dtype)
  }

/** 1 where it is not a number: ONNX Runtime reduces as if that were not there, where torch passes it on. */
const missingIn = (t: Aten, value: Expr): Expr =>
  t.node('Cast', [t.node('Not', [t.node('Equal', [value, value])])], { to: 'int32' })

function orNaN(t: Aten, value: Expr, found: Expr, axes: readonly number[], keep: boolean): Expr {
  const some = t.node('Cast', [reduceBy(t, 'ReduceMax', missingIn(t, value), axes, keep)], { to: 'bool' })
  return t.node('Where', [some, t.graph.operand(Number.NaN, value.dtype), found])
}

/** The first of the largest, which what is not a number is to torch. */
const position =
  (op: 'ArgMax' | 'ArgMin'): AtenFunction =>
  (t, a) => {
    const given = a.tensor('self')
    const x = a.has('dim') ? given : t.op('ravel', [given])
    const axis = a.has('dim') ? a.axis('dim', x.rank) : 0
    const keep = a.flag('keepdim')
    const value = given.dtype === 'bool' ? t.in(x, 'int32') : t.value(x)
    if (x.rank === 0) return t.scalar(0n)
    const options = { axis, keepdims: Number(keep && a.has('dim')) }
    const best = t.node(op, [value], options)
    const index = isFloat(x.dtype) ? orFirstNaN(t, value, best, options) : best
    const dims = reduced(x.dims, [axis], keep && a.has('dim'))
    return keep && !a.has('dim')
      ? t.reshaped(
          t.moved(index, 'int64', []),
          given.dims.map(() => 1),
        )
      : t.moved(index, 'int64', dims)
  }

function orFirstNaN(t: Aten, value: Expr, best: Expr, options: { axis: number; keepdims: number }): Expr {
  const missing = missingIn(t, value)
  const some = t.node('Cast', [reduceBy(t, 'ReduceMax', missing, [options.axis], options.keepdims === 1)], {
    to: 'bool',
  })
  return t.node('Where', [some, t.node('ArgMax', [missing], options), best])
}

const truth =
  (op: 'ReduceMax' | 'ReduceMin'): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const { axes, keep, dims } = over(a, x)
    const bits = t.in(t.castTo(x, 'bool'), 'int32')
    return t.moved(t.node('Cast', [reduceBy(t, op, bits, axes, keep)], { to: 'bool' }), 'bool', dims)
  }

/** Σ (x - mean)² / (n - correction), and the mean. */
export function variance(
  t: Aten,
  x: SymTensor,
  axes: readonly number[],
  correction: number,
): { variance: Expr; mean: Expr } {
  const value = t.value(x)
  const mean = reduceBy(t, 'ReduceMean', value, axes, true)
  const off = t.node('Sub', [value, mean])
  const square = t.node('Mul', [off, off])
  if (correction === 0) return { variance: reduceBy(t, 'ReduceMean', square, axes, true), mean }
  const count = productOf(axes.map((axis) => x.dims[axis] as Size))
  const sum = reduceBy(t, 'ReduceSum', square, axes, true)
  const divisor =
    typeof count === 'number'
      ? Math.max(0, count - correction)
      : t.node('Sub', [t.node('Cast', [t.size(count)], { to: computedAs(x.dtype) }), correction])
  return { variance: t.node('Div', [sum, divisor]), mean }
}

const spread =
  (root: boolean, withMean: boolean): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const unbiased = typeof a.get('dim') === 'boolean' ? a.flag('dim') : a.get('unbiased')
    const named = typeof a.get('dim') === 'boolean' || !a.has('dim') ? [] : (a.axes('dim', x.rank) ?? [])
    const axes = named.length === 0 ? x.dims.map((_, i) => i) : named
    const correction = a.has('correction') ? a.number('correction') : unbiased === false ? 0 : 1
    const keep = a.flag('keepdim')
    const dims = reduced(x.dims, axes, keep)
    const found = variance(t, x, axes, correction)
    const shaped = (value: Expr) => t.made(keep ? value : t.reshape(value, dims), x.dtype, dims)
    const result = shaped(root ? t.node('Sqrt', [found.variance]) : found.variance)
    return withMean ? [result, shaped(found.mean)] : result
  }

/** (Σ |x|ᵖ)^(1/p), and its limits at 0 and ±∞. */
export function normOf(t: Aten, value: Expr, p: number, axes: readonly number[], keep: boolean): Expr {
  const size = t.node('Abs', [value])
  if (p === Number.POSITIVE_INFINITY) return reduceBy(t, 'ReduceMax', size, axes, keep)
  if (p === Number.NEGATIVE_INFINITY) return reduceBy(t, 'ReduceMin', size, axes, keep)
  if (p === 1) return reduceBy(t, 'ReduceSum', size, axes, keep)
  if (p === 0) {
    const present = t.node('Cast', [t.node('Greater', [size, 0])], { to: value.dtype as DType })
    return reduceBy(t, 'ReduceSum', present, axes, keep)
  }
  if (p === 2) return t.node('Sqrt', [reduceBy(t, 'ReduceSum', t.node('Mul', [value, value]), axes, keep)])
  return t.node('Pow', [reduceBy(t, 'ReduceSum', t.node('Pow', [size, p]), axes, keep), 1 / p])
}

const norm: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const power = a.get('p')
  if (power !== null && power !== 'fro' && typeof power === 'string')
    throw a.error(`of order ${power} is not supported`)
  const { axes, keep, dims } = over(a, x)
  const dtype = a.dtype('dtype') ?? floatFor(x.dtype)
  const p = power === null || power === 'fro' ? 2 : a.number('p')
  return t.made(normOf(t, t.in(x, dtype), p, axes, keep), dtype, dims)
}

/** max + log Σ e^(x - max), where max is finite. */
const logsumexp: AtenFunction = (t, a) => {
  const x = t.castTo(a.tensor('self'), floatFor(a.tensor('self').dtype))
  const { axes, keep, dims } = over(a, x)
  return t.made(reduceBy(t, 'ReduceLogSumExp', t.value(x), axes, keep), x.dtype, dims)
}

const running =
  (op: 'CumSum' | 'CumProd'): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const dtype = a.dtype('dtype') ?? summed(x.dtype)
    const axis = a.axis('dim', x.rank)
    if (x.rank === 0) return t.castTo(x, dtype)
    if (op === 'CumSum') return t.made(t.node(op, [t.in(x, dtype), ints(axis)]), dtype, x.dims)
    const length = knownSize(x.dims[axis], 'cumprod')
    const parts: Expr[] = []
    for (let i = 0; i < length; i++) {
      const item = t.node('Slice', [t.in(x, dtype), ints([i]), ints([i + 1]), ints([axis])])
      parts.push(i === 0 ? item : t.node('Mul', [parts[i - 1] as Expr, item]))
    }
    return t.made(t.node('Concat', parts, { axis }), dtype, x.dims)
  }

const topk: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  if (x.rank === 0) return [x, t.scalar(0n)]
  const axis = a.axis('dim', x.rank)
  const count = a.size('k')
  const value = x.dtype === 'bool' ? t.in(x, 'int32') : t.value(x)
  const attributes = { axis, largest: Number(a.flag('largest')), sorted: 1 }
  const [values, indices] = t.nodes('TopK', [value, t.shape([count])], 2, attributes) as [Expr, Expr]
  const dims = x.dims.map((dim, i) => (i === axis ? count : dim))
  return [
    t.castTo(t.moved(values, x.dtype === 'bool' ? 'int32' : x.dtype, dims), x.dtype),
    t.moved(indices, 'int64', dims),
  ]
}

const sort: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  const size = x.dims[axis] ?? 1
  return t.call('topk', [x, typeof size === 'number' ? BigInt(size) : size, BigInt(axis), a.get('descending')])
}

const median: AtenFunction = (t, a) => {
  const given = a.tensor('self')
  const x = a.has('dim') ? given : t.op('ravel', [given])
  const axis = a.has('dim') ? a.axis('dim', x.rank) : 0
  const middle = BigInt(Math.floor((knownSize(x.dims[axis], 'a median') - 1) / 2))
  const sorted = t.call('sort', [x, BigInt(axis)]) as readonly SymTensor[]
  const keep = a.has('dim') && a.flag('keepdim')
  const [value, index] = sorted.map((part) => {
    const item = t.op('select', [part, BigInt(axis), middle])
    return keep ? t.op('unsqueeze', [item, BigInt(axis)]) : item
  }) as [SymTensor, SymTensor]
  return a.has('dim') ? [value, index] : value
}

const countNonzero: AtenFunction = (t, a) => t.call('sum', [t.op('ne', [a.tensor('self'), 0n]), a.get('dim')])
const logcumsumexp: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  const top = reduceBy(t, 'ReduceMax', t.value(x), [axis], true)
  const sums = t.node('CumSum', [t.node('Exp', [t.node('Sub', [t.value(x), top])]), ints(axis)])
  return t.made(t.node('Add', [log1p(t, t.node('Sub', [sums, 1])), top]), x.dtype, x.dims)
}

// biome-ignore format: one row per operator
export const REDUCTIONS = {
  all: { parameters: 'self, dim=None, keepdim=False', run: truth('ReduceMin') },
  amax: { parameters: 'self, dim=[], keepdim=False', run: extremes('ReduceMax') },
  amin: { parameters: 'self, dim=[], keepdim=False', run: extremes('ReduceMin') },
  any: { parameters: 'self, dim=None, keepdim=False', run: truth('ReduceMax') },
  argmax: { parameters: 'self, dim=None, keepdim=False', run: position('ArgMax') },
  argmin: { parameters: 'self, dim=None, keepdim=False', run: position('ArgMin') },
  argsort: { parameters: 'self, dim=-1, descending=False, stable=False', run: (t, a) => (t.call('sort', [a.tensor('self'), a.get('dim'), a.get('descending')]) as readonly Datum[])[1] as Datum },
  count_nonzero: { parameters: 'self, dim=None', run: countNonzero },
  cumprod: { parameters: 'self, dim, *, dtype=None', run: running('CumProd') },
  cumsum: { parameters: 'self, dim, *, dtype=None', run: running('CumSum') },
  frobenius_norm: { parameters: 'self, dim=[], keepdim=False', run: (t, a) => t.call('linalg_vector_norm', [a.get('self'), 2, a.get('dim'), a.get('keepdim')]) },
  linalg_norm: { parameters: 'self, p|ord=None, dim=None, keepdim=False, dtype=None', run: norm },
  linalg_vector_norm: { parameters: 'self, p|ord=2, dim=None, keepdim=False, dtype=None', run: norm },
  logcumsumexp: { parameters: 'self, dim', run: logcumsumexp },
  logsumexp: { parameters: 'self, dim, keepdim=False', run: logsumexp },
  max: { parameters: 'self, dim=None, keepdim=False', run: extreme('max') },
  mean: { parameters: 'self, dim=None, keepdim=False, *, dtype=None', run: reduction('ReduceMean', floatFor) },
  median: { parameters: 'self, dim=None, keepdim=False', run: median },
  min: { parameters: 'self, dim=None, keepdim=False', run: extreme('min') },
  norm: { parameters: 'self, p=2, dim=None, keepdim=False, dtype=None', run: norm },
  prod: { parameters: 'self, dim=None, keepdim=False, *, dtype=None', run: reduction('ReduceProd', summed) },
  sort: { parameters: 'self, dim=-1, descending=False, stable=False', run: sort },
  std: { parameters: 'self, dim=None, unbiased=None, keepdim=False, *, correction=None', run: spread(true, false) },
  std_mean: { parameters: 'self, dim=None, unbiased=None, keepdim=False, *, correction=None', run: spread(true, true) },
  sum: { parameters: 'self, dim=None, keepdim=False, *, dtype=None', run: reduction('ReduceSum', summed) },
  topk: { parameters: 'self, k, dim=-1, largest=True, sorted=True', run: topk },
  var: { parameters: 'self, dim=None, unbiased=None, keepdim=False, *, correction=None', run: spread(false, false) },
  var_mean: { parameters: 'self, dim=None, unbiased=None, keepdim=False, *, correction=None', run: spread(false, true) },
} as const satisfies Record<string, AtenOperator>
