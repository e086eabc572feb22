import { InferError } from '../../errors.ts'
import type { Expr } from '../../onnx/expr.ts'
import { ints } from '../../onnx/numbers.ts'
import type { DType } from '../../tensor/dtype.ts'
import { Args } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { broadcast } from './broadcast.ts'
import { computedAs, isFloat, rankOfKind } from './dtypes.ts'
import { alike, knownSize, type Size, sameSize } from './size.ts'
import type { SymTensor } from './symbolic.ts'

/** Products of matrices (aten's LinearAlgebra.cpp). torch wants one dtype of all operands, and says so. */

/** Thrown where torch refuses a dtype: what it would take, for those who may cast. */
export class WrongDType extends InferError {
  readonly wanted: DType

  constructor(what: string, wanted: DType, given: DType) {
    super('bad_request', `${what} wants ${wanted}, and is given ${given}`)
    this.wanted = wanted
  }
}

/** @throws WrongDType that says which dtype the model wants */
export function sameDType(what: string, x: SymTensor, weight: SymTensor): DType {
  if (x.dtype === weight.dtype) return x.dtype
  throw new WrongDType(what, weight.dtype, x.dtype)
}

/** ONNX Runtime multiplies matrices of 32 and 64 bit integers and of floats. */
const product = (t: Aten, a: Expr, b: Expr): Expr => t.node('MatMul', [a, b])

export function matmulOf(t: Aten, a: SymTensor, b: SymTensor): SymTensor {
  const dtype = sameDType('a product of matrices', a, b)
  const [inner, outer] = [a.dims.at(-1), b.rank === 1 ? b.dims[0] : b.dims.at(-2)]
  if (a.rank === 0 || b.rank === 0) throw new InferError('bad_model', 'a product of matrices has a number for one')
  if (!sameSize(inner as Size, outer as Size))
    throw new InferError('bad_request', `[${a.dims.join(', ')}] cannot be multiplied with [${b.dims.join(', ')}]`)
  const batch = broadcast(a.dims.slice(0, -2), b.dims.slice(0, -2))
  const dims = [
    ...batch,
    ...(a.rank > 1 ? [a.dims.at(-2) as Size] : []),
    ...(b.rank > 1 ? [b.dims.at(-1) as Size] : []),
  ]
  const left = narrowed(t, a, b, batch)
  const right = left === a ? narrowed(t, b, a, batch) : b
  return t.made(product(t, t.in(left, dtype), t.in(right, dtype)), dtype, dims)
}

/**
 * MatMul broadcasts by itself: a matrix that was expanded to a batch need not be, where the other operand has that batch.
 * (A weight that is expanded to each position of a sequence would take gigabytes, in a vision transformer.)
 */
function narrowed(t: Aten, x: SymTensor, other: SymTensor, batch: readonly Size[]): SymTensor {
  const source = t.unexpanded(x)
  const has = other.rank - 2 === batch.length && batch.every((size, i) => alike(size, other.dims[i] as Size))
  const isMatrix = source.rank >= 2 && [-1, -2].every((i) => alike(source.dims.at(i) as Size, x.dims.at(i) as Size))
  return has && isMatrix ? source : x
}

/** x · Wᵀ + b over the last axis. */
export function linearOf(
  t: Aten,
  x: SymTensor,
  weight: SymTensor,
  bias: SymTensor | null,
  what = 'a linear layer',
): SymTensor {
  const dtype = sameDType(what, x, weight)
  const [last, wanted] = [x.dims.at(-1), weight.dims.at(-1)]
  if (last === undefined || !sameSize(last, wanted as Size))
    throw new InferError('bad_request', `${what} wants ${wanted} features last, and is given [${x.dims.join(', ')}]`)
  const [value, w] = [t.value(x), t.value(weight)]
  const dims = [...x.dims.slice(0, -1), ...weight.dims.slice(0, -1)]
  if (bias) sameDType(what, x, bias)
  if (x.rank === 2 && weight.rank === 2 && bias?.rank === 1)
    return t.made(t.node('Gemm', [value, w, t.value(bias)], { transB: 1 }), dtype, dims)
  const y = product(t, value, weight.rank === 1 ? w : t.transpose(w, [1, 0]))
  return t.made(bias ? t.node('Add', [y, t.value(bias)]) : y, dtype, dims)
}

/** A linear layer, as decompositions have it: its weight transposed. */
function asLinear(t: Aten, a: Args): SymTensor | undefined {
  const [bias, x, w] = [a.tensor('self'), a.tensor('mat1'), a.tensor('mat2')]
  const weight = t.transposeOf(t.value(w))
  const fits = x.rank === 2 && bias.rank === 1 && alike(bias.dims[0] as Size, w.dims[1] as Size)
  if (!weight || !fits || !isFloat(w.dtype)) return undefined
  return linearOf(t, x, t.moved(weight, w.dtype, [...w.dims].reverse()), bias)
}

/** β·self + α·(a · b) */
const addmm: AtenFunction = (t, a) => {
  const [alpha, beta] = [a.get('alpha'), a.get('beta')]
  const layer = Number(alpha) === 1 && Number(beta) === 1 && asLinear(t, a)
  if (layer) return layer
  const y = matmulOf(t, a.tensor('mat1'), a.tensor('mat2'))
  const term = Number(alpha) === 1 ? y : t.op('mul', [y, alpha])
  if (Number(beta) === 0) return term
  const bias = Number(beta) === 1 ? a.tensor('self') : t.op('mul', [a.tensor('self'), beta])
  return t.op('add', [term, bias])
}

const matmul =
  (left: string, right: string): AtenFunction =>
  (t, a) =>
    matmulOf(t, a.tensor(left), a.tensor(right))

/** y = x₁ᵀ W x₂ + b over the last axes, by one matrix for each output. */
export function bilinearOf(
  t: Aten,
  x: SymTensor,
  y: SymTensor,
  weight: SymTensor,
  bias: SymTensor | null,
  what = 'a bilinear layer',
): SymTensor {
  sameDType(what, x, weight)
  sameDType(what, y, weight)
  const left = t.node('Unsqueeze', [t.node('Unsqueeze', [t.value(x), ints([-2])]), ints([-2])])
  const half = t.node('MatMul', [left, t.value(weight)])
  const right = t.node('Unsqueeze', [t.node('Unsqueeze', [t.value(y), ints([-2])]), ints([-1])])
  const both = t.node('MatMul', [half, right])
  const dims = [...x.dims.slice(0, -1), weight.dims[0] as Size]
  const value = t.reshape(both, dims)
  return t.made(bias ? t.node('Add', [value, t.value(bias)]) : value, x.dtype, dims)
}

const bilinear: AtenFunction = (t, a) =>
  bilinearOf(t, a.tensor('input1'), a.tensor('input2'), a.tensor('weight'), a.optionalTensor('bias'))

/** ONNX's Einsum has the same language; a sum over no axis is its own. */
/** The terms of an equation, and what it gives; `...` stands for as many axes as a term names too few. */
function withoutDots(equation: string, tensors: readonly SymTensor[]): [left: string, right: string | undefined] {
  const [left, right] = equation.split('->') as [string, string | undefined]
  if (!equation.includes('...')) return [left, right]
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !equation.includes(letter))
  const counts = left
    .split(',')
    .map((term, i) => (term.includes('...') ? (tensors[i]?.rank ?? 0) - term.length + 3 : 0))
  const most = Math.max(...counts)
  const dots = (count: number): string => free.slice(most - count, most).join('')
  const terms = left.split(',').map((term, i) => term.replace('...', dots(counts[i] as number)))
  const letters = terms.join('')
  const once = [...new Set(letters)].filter((letter) => /[a-zA-Z]/.test(letter) && !dots(most).includes(letter))
  const named = once.filter((letter) => letters.split(letter).length === 2).sort()
  return [terms.join(','), right === undefined ? dots(most) + named.join('') : right.replace('...', dots(most))]
}

const einsum: AtenFunction = (t, a) => {
  const tensors = a.tensors('tensors')
  const [left, right] = withoutDots(a.text('equation').replaceAll(' ', ''), tensors)
  const terms = left.split(',')
  const sizes = new Map<string, Size>()
  terms.forEach((term, i) => {
    for (const [axis, letter] of [...term].entries()) {
      const size = tensors[i]?.dims[axis] as Size
      if (sizes.get(letter) === undefined || sizes.get(letter) === 1) sizes.set(letter, size)
    }
  })
  const once = [...sizes.keys()].filter((letter) => left.split(letter).length === 2).sort()
  const output = right ?? once.join('')
  const dtype = t.resultType(tensors)
  const value = t.node(
    'Einsum',
    tensors.map((x) => t.in(x, dtype)),
    { equation: `${left}->${output}` },
  )
  return t.made(
    value,
    dtype,
    [...output].map((letter) => sizes.get(letter) as Size),
  )
}

/** Lists of axes, or how many: the last of one and the first of the other. */
function tensordotAxes(a: Args, rank: number): (readonly number[])[] {
  if (a.has('dims_other')) return [a.ints('dims_self'), a.ints('dims_other')]
  const given = a.get('dims_self')
  if (Array.isArray(given) && given.length === 2)
    return given.map((axes) => new Args('tensordot', [{ name: 'dims', aliases: [], byDefault: axes }], []).ints('dims'))
  const places = Array.from({ length: a.int('dims_self') }, (_, i) => i)
  return [places.map((i) => rank - places.length + i), places]
}

const tensordot: AtenFunction = (t, a) => {
  const [x, y] = [a.tensor('self'), a.tensor('other')]
  const [left, right] = tensordotAxes(a, x.rank).map((axes, i) =>
    axes.map((axis) => (axis < 0 ? axis + (i === 0 ? x : y).rank : axis)),
  ) as [number[], number[]]
  const letters = (rank: number, from: number) =>
    Array.from({ length: rank }, (_, i) => String.fromCharCode(97 + from + i))
  const one = letters(x.rank, 0)
  const two = letters(y.rank, x.rank)
  right.forEach((axis, i) => {
    two[axis] = one[left[i] as number] as string
  })
  const kept = [...one.filter((_, i) => !left.includes(i)), ...two.filter((_, i) => !right.includes(i))]
  return t.call('einsum', [`${one.join('')},${two.join('')}->${kept.join('')}`, [x, y]])
}

const outer: AtenFunction = (t, a) => t.call('mul', [t.op('unsqueeze', [a.tensor('self'), -1n]), a.tensor('vec2')])

/** ‖xᵢ - yⱼ‖ₚ of every pair of rows, by their differences. */
const cdist: AtenFunction = (t, a) => {
  const gap = t.op('sub', [t.op('unsqueeze', [a.tensor('x1'), -2n]), t.op('unsqueeze', [a.tensor('x2'), -3n])])
  return t.call('linalg_vector_norm', [gap, a.get('p'), [-1n]])
}

const inverse: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  knownSize(x.dims.at(-1), 'an inverse')
  return t.made(t.node('com.microsoft:Inverse', [t.value(x)]), x.dtype, x.dims)
}

const check = (a: Args, name: string, rank: number): SymTensor => {
  const x = a.tensor(name)
  if (x.rank !== rank) throw a.error(`wants ${rank} dimensions of ${name}, not [${x.dims.join(', ')}]`)
  return x
}

const baddbmm: AtenFunction = (t, a) => {
  check(a, 'mat1', 3)
  return addmm(t, a)
}

/** Sums of integers are of integers: `computedAs` says in what. */
const dot: AtenFunction = (t, a) => {
  const [x, y] = [check(a, 'self', 1), check(a, 'tensor', 1)]
  if (rankOfKind(x.dtype) === 1 && computedAs(x.dtype) !== 'int64') return t.call('sum', [t.op('mul', [x, y])])
  return matmulOf(t, x, y)
}

// biome-ignore format: one row per operator
export const PRODUCTS = {
  addbmm: { parameters: 'self, mat1|batch1, mat2|batch2, *, beta=1, alpha=1', run: (t, a) => t.call('add', [t.op('mul', [a.tensor('self'), a.get('beta')]), t.op('mul', [t.op('sum', [matmulOf(t, a.tensor('mat1'), a.tensor('mat2')), 0n]), a.get('alpha')])]) },
  addmm: { parameters: 'self, mat1, mat2, *, beta=1, alpha=1', run: addmm },
  addmv: { parameters: 'self, mat1|mat, mat2|vec, *, beta=1, alpha=1', run: addmm },
  baddbmm: { parameters: 'self, mat1|batch1, mat2|batch2, *, beta=1, alpha=1', run: baddbmm },
  bilinear: { parameters: 'input1, input2, weight, bias=None', run: bilinear },
  bmm: { parameters: 'self, mat2', run: matmul('self', 'mat2') },
  cdist: { parameters: 'x1, x2, p=2, compute_mode=None', run: cdist },
  dot: { parameters: 'self, tensor', run: dot },
  einsum: { parameters: 'equation, tensors, path=None', run: einsum },
  inverse: { parameters: 'self', run: inverse },
  linalg_inv: { parameters: 'self', run: inverse },
  linear: { parameters: 'self, weight, bias=None', run: (t, a) => linearOf(t, a.tensor('self'), a.tensor('weight'), a.optionalTensor('bias')) },
  matmul: { parameters: 'self, other', run: matmul('self', 'other') },
  mm: { parameters: 'self, mat2', run: matmul('self', 'mat2') },
  mv: { parameters: 'self, vec', run: matmul('self', 'vec') },
  outer: { parameters: 'self, vec2', run: outer },
  tensordot: { parameters: 'self|a, other|b, dims_self|dims=2, dims_other=None', run: tensordot },
} as const satisfies Record<string, AtenOperator>
