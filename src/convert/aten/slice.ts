import type { Expr } from '../../onnx/expr.ts'
import { ints } from '../../onnx/numbers.ts'
import { createTensor } from '../../tensor/tensor.ts'
import type { Args } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { addSizes, alike, knownSize, lessSize, type Size, subSizes } from './size.ts'
import { SymTensor } from './symbolic.ts'
import { view } from './view.ts'

/** Views of a part of an axis, and what writes through them (aten's TensorShape.cpp). */

/** [start, end) of an axis by Python's rules. */
function range(size: Size, start: Size | null, end: Size | null): [start: Size, length: Size] {
  const place = (at: Size): Size => {
    if (typeof at === 'number' && at >= FAR) return size
    const from = typeof at === 'number' && at < 0 ? addSizes(size, at) : at
    if (typeof from === 'number' && from <= 0) return 0
    if (lessSize(from, 0)) return 0
    return lessSize(size, from) ? size : from
  }
  const [first, last] = [start === null ? 0 : place(start), end === null ? size : place(end)]
  const length = subSizes(last, first)
  return [first, alike(last, first) || lessSize(length, 0) ? 0 : length]
}

/** Python's sys.maxsize stands for "to the end". */
const FAR = 2 ** 62

export function sliceView(
  t: Aten,
  x: SymTensor,
  axis: number,
  start: Size | null,
  end: Size | null,
  step = 1,
): SymTensor {
  const size = x.dims[axis] as Size
  const [first, length] = range(size, start, end)
  if (step === 1 && alike(length, size)) return x
  const count = step === 1 ? length : Math.ceil(knownSize(length, 'a slice with a step') / step)
  const dims = x.dims.map((dim, i) => (i === axis ? count : dim))
  const last = addSizes(first, length)
  const bound = (at: Size) => t.shape([at])
  const read = (base: Expr): Expr => t.node('Slice', [base, bound(first), bound(last), ints([axis]), ints([step])])
  const write = (base: Expr, value: Expr): Expr => {
    if (step !== 1) {
      const at = Array.from({ length: count as number }, (_, i) => (first as number) + i * step)
      return putAlong(t, base, value, axis, knownSize(size, 'writing to a slice with a step'), at)
    }
    const parts = [value]
    if (first !== 0) parts.unshift(t.node('Slice', [base, ints([0]), bound(first), ints([axis])]))
    if (!alike(last, size)) parts.push(t.node('Slice', [base, bound(last), bound(size), ints([axis])]))
    return parts.length === 1 ? value : t.node('Concat', parts, { axis })
  }
  return view(x, dims, read, write)
}

/** `base` with `value` at the positions `at` of an axis. */
export function putAlong(t: Aten, base: Expr, value: Expr, axis: number, size: number, at: readonly number[]): Expr {
  const source = Array.from({ length: size }, (_, i) => i)
  at.forEach((place, i) => {
    source[place] = size + i
  })
  const index = createTensor('int64', [size], BigInt64Array.from(source, BigInt))
  return t.node('Gather', [t.node('Concat', [base, value], { axis }), t.makeup(index)], { axis })
}

/** An element of a list that is known, which code may want as a number. */
function elementOf(t: Aten, base: Expr, at: Size): Expr | undefined {
  const list = typeof at === 'number' ? t.graph.constantOf(base) : undefined
  if (list?.dims.length !== 1) return undefined
  return t.graph.constant(createTensor(list.dtype, [], list.data.slice(at as number, (at as number) + 1)))
}

export function selectView(t: Aten, x: SymTensor, axis: number, index: Size): SymTensor {
  const size = x.dims[axis] as Size
  const at = typeof index === 'number' && index < 0 ? addSizes(size, index) : index
  if (!lessSize(at, size) || lessSize(at, 0))
    throw new RangeError(`index ${index} is out of bounds for dimension ${axis} with size ${size}`)
  const dims = x.dims.filter((_, i) => i !== axis)
  const one = ints([axis])
  const read = (base: Expr): Expr =>
    elementOf(t, base, at) ?? t.node('Gather', [base, typeof at === 'number' ? ints(at) : t.size(at)], { axis })
  const write = (base: Expr, value: Expr): Expr => {
    const copy = new SymTensor(base, x.dtype, x.dims)
    const slot = sliceView(t, copy, axis, at, addSizes(at, 1))
    slot.assign(t.node('Unsqueeze', [value, one]), t.graph)
    return t.value(copy)
  }
  return view(x, dims, read, write)
}

const select: AtenFunction = (t, a) => {
  const x = dimensional(a)
  try {
    return selectView(t, x, a.axis('dim', x.rank), a.size('index'))
  } catch (error) {
    throw error instanceof RangeError ? a.error(`: ${error.message}`) : error
  }
}

const slice: AtenFunction = (t, a) => {
  const x = dimensional(a)
  const bound = (name: string): Size | null => (a.has(name) ? a.size(name) : null)
  const step = a.int('step')
  if (step < 1) throw a.error(`: a step of ${step}, which must be positive`)
  return sliceView(t, x, a.axis('dim', x.rank), bound('start'), bound('end'), step)
}

function dimensional(a: Args): SymTensor {
  const x = a.tensor('self')
  if (x.rank === 0) throw a.error(': a tensor of no dimensions has no parts')
  return x
}

const narrow: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const start = a.size('start')
  const from = typeof start === 'number' && start < 0 ? addSizes(x.dims[a.axis('dim', x.rank)] as Size, start) : start
  return sliceView(t, x, a.axis('dim', x.rank), from, addSizes(from, a.size('length')))
}

/** The elements (i, i + offset) of two axes, last. */
const diagonal: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const [i, j] = [a.axis('dim1', x.rank), a.axis('dim2', x.rank)]
  const offset = a.int('offset')
  const [rows, columns] = [i, j].map((axis) => knownSize(x.dims[axis], 'a diagonal')) as [number, number]
  const first = Math.max(0, -offset)
  const count = Math.max(0, Math.min(rows - first, columns - first - offset))
  const at = Array.from({ length: count }, (_, k) => (first + k) * columns + first + k + offset)
  const rest = x.dims.map((_, axis) => axis).filter((axis) => axis !== i && axis !== j)
  const outer = rest.map((axis) => x.dims[axis] as Size)
  const perm = [...rest, i, j]
  const back = perm.map((_, axis) => perm.indexOf(axis))
  const flat = (base: Expr): Expr => t.reshape(t.transpose(base, perm), [...outer, rows * columns])
  return view(
    x,
    [...outer, count],
    (base) => t.node('Gather', [flat(base), ints(at)], { axis: rest.length }),
    (base, value) => {
      const put = putAlong(t, flat(base), value, rest.length, rows * columns, at)
      return t.transpose(t.reshape(put, [...outer, rows, columns]), back)
    },
  )
}

/** A copy in which `src` stands where a view would look. */
const scattered =
  (name: string, names: readonly string[]): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const copy = t.moved(t.value(x), x.dtype, x.dims)
    const window = t.op(name, [copy, ...names.map((key) => a.get(key))])
    t.assign(window, a.tensor('src'))
    return copy
  }

// biome-ignore format: one row per operator
export const SLICES = {
  diagonal: { parameters: 'self, offset=0, dim1=0, dim2=1', run: diagonal },
  narrow: { parameters: 'self, dim, start, length', run: narrow },
  select: { parameters: 'self, dim, index', run: select },
  select_scatter: { parameters: 'self, src, dim, index', run: scattered('select', ['dim', 'index']) },
  slice: { parameters: 'self, dim=0, start=None, end=None, step=1', run: slice },
  slice_scatter: { parameters: 'self, src, dim=0, start=None, end=None, step=1', run: scattered('slice', ['dim', 'start', 'end', 'step']) },
} as const satisfies Record<string, AtenOperator>
