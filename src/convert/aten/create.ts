import { ints, numbers } from '../../onnx/numbers.ts'
import type { DType } from '../../tensor/dtype.ts'
import { createTensor } from '../../tensor/tensor.ts'
import { type Args, type Datum, isScalar, type Scalar } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { computedAs } from './dtypes.ts'
import { knownIn } from './known.ts'
import { isStatic, knownSize, type Size, SymSize } from './size.ts'
import { SymTensor } from './symbolic.ts'

/** Tensors made of nothing (aten's TensorFactories.cpp). */

export function full(t: Aten, dims: readonly Size[], value: Scalar, dtype: DType): SymTensor {
  const one = t.scalar(value, dtype)
  return dims.length === 0 ? one : t.expand(one, dims)
}

const filled =
  (value: Scalar): AtenFunction =>
  (t, a) =>
    full(t, a.get('size') === null ? [] : a.sizes('size'), value, a.dtype('dtype') ?? 'float32')

const filledLike =
  (value: Scalar): AtenFunction =>
  (t, a) =>
    full(t, a.tensor('self').dims, value, a.dtype('dtype') ?? a.tensor('self').dtype)

const scalarOf = (a: Args, name: string): Scalar => {
  const value = a.get(name)
  if (isScalar(value)) return value
  if (value instanceof SymTensor && value.known !== undefined) return value.known
  return a.fail(name, 'a number')
}

const natural = (value: Scalar): DType =>
  typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'float32' : 'int64'

const fullOf: AtenFunction = (t, a) => {
  const value = scalarOf(a, 'fill_value')
  return full(t, a.sizes('size'), value, a.dtype('dtype') ?? natural(value))
}
const fullLike: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  return full(t, x.dims, scalarOf(a, 'fill_value'), a.dtype('dtype') ?? x.dtype)
}
const newFilled =
  (value?: Scalar): AtenFunction =>
  (t, a) =>
    full(t, a.sizes('size'), value ?? scalarOf(a, 'fill_value'), a.dtype('dtype') ?? a.tensor('self').dtype)

/** [start, end) by step; arange(end) and arange(start, end) too. */
const arange: AtenFunction = (t, a) => {
  const given = ['start', 'end', 'step'].filter((name) => a.has(name))
  const bounds = given.map((name) => scalarOf(a, name))
  const [start, end, step] =
    bounds.length === 1 ? [0n, bounds[0] as Scalar, 1n] : [bounds[0] as Scalar, bounds[1] as Scalar, bounds[2] ?? 1n]
  const dtype = a.dtype('dtype') ?? (bounds.some((bound) => typeof bound === 'number') ? 'float32' : 'int64')
  if (end instanceof SymSize && start === 0n && step === 1n) {
    const value = t.node('Range', [ints(0), t.size(end), ints(1)])
    return t.castTo(t.moved(value, 'int64', [end]), dtype)
  }
  if ([start, end, step].some((bound) => bound instanceof SymSize)) knownSize(end as SymSize, 'arange')
  const [from, to, by] = [start, end, step].map(Number) as [number, number, number]
  const count = Math.max(0, Math.ceil((to - from) / by))
  t.reserve(count)
  return listed(
    t,
    Array.from({ length: count }, (_, i) => from + i * by),
    dtype,
    [count],
  )
}

function listed(t: Aten, list: readonly number[], dtype: DType, dims: readonly number[]): SymTensor {
  const tensor = t.makeup({ ...numbers(computedAs(dtype), list), dims })
  return t.made(t.graph.constant(tensor), dtype, dims)
}

const linspace: AtenFunction = (t, a) => {
  const [start, end, steps] = [a.number('start'), a.number('end'), a.int('steps')]
  t.reserve(steps)
  const by = steps > 1 ? (end - start) / (steps - 1) : 0
  const half = Math.floor(steps / 2)
  const list = Array.from({ length: steps }, (_, i) => (i < half ? start + by * i : end - by * (steps - 1 - i)))
  return listed(t, steps === 1 ? [start] : list, a.dtype('dtype') ?? 'float32', [steps])
}

const eye: AtenFunction = (t, a) => {
  const n = a.int('n')
  const m = a.has('m') ? a.int('m') : n
  t.reserve(n * m)
  const list = Array.from({ length: n * m }, (_, i) => Number(Math.floor(i / m) === i % m))
  return listed(t, list, a.dtype('dtype') ?? 'float32', [n, m])
}

/** The elements above (`tril`) or below the k-th diagonal become 0. */
const triangle =
  (upper: boolean): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const dims = x.dims.slice(-2)
    if (!isStatic(dims))
      return knownSize(
        dims.find((dim) => typeof dim !== 'number'),
        'a triangle',
      ) as never
    const [rows, columns] = dims as number[] as [number, number]
    const k = a.int('diagonal')
    t.reserve(rows * columns)
    const mask = Uint8Array.from({ length: rows * columns }, (_, i) => {
      const gap = (i % columns) - Math.floor(i / columns)
      return Number(upper ? gap >= k : gap <= k)
    })
    const kept = t.constant(t.makeup(createTensor('bool', [rows, columns], mask)))
    return t.op('where', [kept, x, t.scalar(0n, x.dtype)])
  }

/** A number, or nested lists of numbers. */
const tensor: AtenFunction = (t, a) => {
  const data = a.get('data')
  const wanted = a.dtype('dtype')
  if (data instanceof SymTensor) return wanted ? t.castTo(data, wanted) : data
  if (isScalar(data)) return t.scalar(data, wanted)
  const dims: number[] = []
  for (let level = data; Array.isArray(level); level = level[0]) dims.push(level.length)
  const items = flat(data)
  if (items.some((item) => item instanceof SymTensor)) {
    const stacked = items.map((item) => t.op('tensor', [item]))
    return t.op('reshape', [t.op('stack', [stacked]), dims.map(BigInt)])
  }
  if (!items.every((item) => typeof item === 'number' || typeof item === 'bigint' || typeof item === 'boolean'))
    return a.fail('data', 'numbers')
  const types = new Set(items.map((item) => natural(item as Scalar)))
  const dtype =
    wanted ?? (types.has('float32') || items.length === 0 ? 'float32' : types.has('int64') ? 'int64' : 'bool')
  return listed(t, items.map(Number), dtype, dims)
}
const flat = (data: Datum): readonly Datum[] => (Array.isArray(data) ? data.flatMap(flat) : [data])

const oneHot: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const count = a.int('num_classes')
  if (count < 0) throw a.error('wants num_classes: how many there are is not known before a request')
  const classes = listed(
    t,
    Array.from({ length: count }, (_, i) => i),
    'int64',
    [count],
  )
  return t.castTo(t.op('eq', [t.op('unsqueeze', [x, -1n]), classes]), 'int64')
}

const fill: AtenFunction = (t, a) =>
  t.expand(t.castTo(asTensor(t, a.get('value'), a), a.tensor('self').dtype), a.tensor('self').dims)
const asTensor = (t: Aten, value: Datum, a: Args): SymTensor =>
  value instanceof SymTensor ? value : isScalar(value) ? t.scalar(value) : a.fail('value', 'a number')

/** The values of another tensor, in the dtype and sizes of this: `copy_` writes them. */
const copy: AtenFunction = (t, a) => t.expand(t.castTo(a.tensor('src'), a.tensor('self').dtype), a.tensor('self').dims)

const dropout: AtenFunction = (_t, a) => {
  if (a.flag('train') && a.number('p') > 0) throw a.error('in training is random')
  return a.tensor('self')
}

/** The number in a tensor of one element, where it is known before a request. */
const item: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const known = knownIn(t, x)
  if (known === undefined) throw a.error('asks for a number that is not known before a request')
  return known
}

// biome-ignore format: one row per operator
export const CREATORS = {
  alpha_dropout: { parameters: 'self, p=0.5, train|training=False', run: dropout },
  arange: { parameters: 'start, end=None, step=None, *, dtype=None', run: arange },
  copy: { parameters: 'self, src', run: copy },
  dropout: { parameters: 'self, p=0.5, train|training=False', run: dropout },
  empty: { parameters: 'size, *, dtype=None', run: filled(0n) },
  empty_like: { parameters: 'self, *, dtype=None', run: filledLike(0n) },
  empty_permuted: { parameters: 'size, physical_layout=None, *, dtype=None', run: filled(0n) },
  eye: { parameters: 'n, m=None, *, dtype=None', run: eye },
  feature_alpha_dropout: { parameters: 'self, p=0.5, train|training=False', run: dropout },
  feature_dropout: { parameters: 'self, p=0.5, train|training=False', run: dropout },
  fill: { parameters: 'self, value', run: fill },
  full: { parameters: 'size, fill_value, *, dtype=None', run: fullOf },
  full_like: { parameters: 'self, fill_value, *, dtype=None', run: fullLike },
  item: { parameters: 'self', run: item },
  linspace: { parameters: 'start, end, steps, *, dtype=None', run: linspace },
  new_full: { parameters: 'self, size, fill_value, *, dtype=None', run: newFilled() },
  new_ones: { parameters: 'self, size, *, dtype=None', run: newFilled(1n) },
  new_zeros: { parameters: 'self, size, *, dtype=None', run: newFilled(0n) },
  one_hot: { parameters: 'self, num_classes=-1', run: oneHot },
  ones: { parameters: 'size, *, dtype=None', run: filled(1n) },
  ones_like: { parameters: 'self, *, dtype=None', run: filledLike(1n) },
  scalar_tensor: { parameters: 'data|s, *, dtype=None', run: tensor },
  tensor: { parameters: 'data, *, dtype=None', run: tensor },
  tril: { parameters: 'self, diagonal=0', run: triangle(false) },
  triu: { parameters: 'self, diagonal=0', run: triangle(true) },
  zero: { parameters: 'self, *, dtype=None', run: filledLike(0n) },
  zeros: { parameters: 'size, *, dtype=None', run: filled(0n) },
  zeros_like: { parameters: 'self, *, dtype=None', run: filledLike(0n) },
} as const satisfies Record<string, AtenOperator>
