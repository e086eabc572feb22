import type { Expr } from '../../onnx/expr.ts'
import { ints } from '../../onnx/numbers.ts'
import type { Args, Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { broadcast, operand } from './broadcast.ts'
import { where } from './comparison.ts'
import { floatFor } from './dtypes.ts'
import { nonNegative, places } from './embedding.ts'
import { knownSize, mulSizes, type Size } from './size.ts'
import { SymTensor } from './symbolic.ts'

/**Elements by their places (aten's TensorAdvancedIndexing.cpp, Embedding.cpp, EmbeddingBag.cpp). */

const indexSelect: AtenFunction = (t, a) => {
  const [x, index] = [a.tensor('self'), a.tensor('index')]
  const axis = a.axis('dim', x.rank)
  const at = t.op('reshape', [index, [-1n]])
  const value = t.node('Gather', [t.value(x), nonNegative(t, places(t, at, `torch's ${a.op}`))], { axis })
  return t.moved(
    value,
    x.dtype,
    x.dims.map((dim, i) => (i === axis ? (at.dims[0] as Size) : dim)),
  )
}

/** Of each axis but one the first `index.dims`, as GatherElements wants them alike. */
const cut = (t: Aten, x: SymTensor, index: SymTensor, axis: number): SymTensor =>
  x.dims.reduce<SymTensor>(
    (value, dim, i) =>
      i === axis || dim === index.dims[i] ? value : t.op('slice', [value, BigInt(i), 0n, exact(index.dims[i] as Size)]),
    x,
  )

const exact = (size: Size): Datum => (typeof size === 'number' ? BigInt(size) : size)

const gather: AtenFunction = (t, a) => {
  const [x, index] = [a.tensor('self'), a.tensor('index')]
  if (x.rank === 0) return x
  const axis = a.axis('dim', x.rank)
  const value = t.node('GatherElements', [t.value(cut(t, x, index, axis)), t.in(index, 'int64')], { axis })
  return t.moved(value, x.dtype, index.dims)
}

const takeAlongDim: AtenFunction = (t, a) => {
  const [x, index] = [a.tensor('self'), a.tensor('indices')]
  const axis = a.axis('dim', x.rank)
  const outer = broadcast(
    x.dims.map((dim, i) => (i === axis ? 1 : dim)),
    index.dims.map((dim, i) => (i === axis ? 1 : dim)),
  )
  const wide = (tensor: SymTensor) =>
    t.expand(
      tensor,
      outer.map((dim, i) => (i === axis ? (tensor.dims[axis] as Size) : dim)),
    )
  return t.call('gather', [wide(x), BigInt(axis), wide(index)])
}

const scatter =
  (reduction: string): AtenFunction =>
  (t, a) => {
    const [x, index] = [a.tensor('self'), a.tensor('index')]
    const axis = a.axis('dim', x.rank)
    const given = operand(a, 'src')
    const source =
      given instanceof SymTensor ? cut(t, given, index, -1) : t.expand(t.scalar(given, x.dtype), index.dims)
    const how = a.has('reduce')
      ? ({ add: 'add', sum: 'add', multiply: 'mul', prod: 'mul', amax: 'max', amin: 'min' }[a.text('reduce')] ?? 'none')
      : reduction
    const inputs = [t.value(x), t.in(index, 'int64'), t.in(source, x.dtype)]
    return t.made(t.node('ScatterElements', inputs, { axis, reduction: how }), x.dtype, x.dims)
  }

const masked: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const value = operand(a, 'value')
  const filled = value instanceof SymTensor ? t.castTo(value, x.dtype) : t.scalar(value, x.dtype)
  return where(t, a.tensor('mask'), filled, x)
}

/** The axes that x[i, :, j] indexes, and the broadcast indices. */
function indexed(t: Aten, x: SymTensor, a: Args): { axes: number[]; indices: SymTensor[]; shape: Size[] } {
  const list = a.get('indices')
  const given = Array.isArray(list) ? (list as readonly Datum[]) : [list]
  const axes: number[] = []
  const indices: SymTensor[] = []
  given.forEach((item, axis) => {
    if (item === null) return
    const index = item instanceof SymTensor ? item : t.op('tensor', [item])
    if (index.dtype === 'bool')
      throw a.error('by a mask gives as many elements as the data says, which is not supported')
    axes.push(axis)
    indices.push(index)
  })
  if (given.length > x.rank) throw a.error(`takes ${given.length} indices of [${x.dims.join(', ')}]`)
  return { axes, indices, shape: broadcast(...indices.map(({ dims }) => dims)) }
}

const index: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const { axes, indices, shape } = indexed(t, x, a)
  if (indices.length === 0) return x
  const rest = x.dims.map((_, i) => i).filter((axis) => !axes.includes(axis))
  const adjacent = axes.every((axis, i) => axis === (axes[0] as number) + i)
  const before = adjacent ? (axes[0] as number) : 0
  const restDims = rest.map((axis) => x.dims[axis] as Size)
  const dims = [...restDims.slice(0, before), ...shape, ...restDims.slice(before)]
  if (indices.length === 1) {
    const value = t.node('Gather', [t.value(x), t.in(indices[0] as SymTensor, 'int64')], { axis: axes[0] as number })
    return t.moved(value, x.dtype, dims)
  }
  const front = t.transpose(t.value(x), [...axes, ...rest])
  const value = t.node('GatherND', [front, together(t, indices, shape)])
  const order = dims.map((_, i) => (i < before ? shape.length + i : i < before + shape.length ? i - before : i))
  return t.moved(t.transpose(value, order), x.dtype, dims)
}

/** Indices of several axes: [..., axes]. */
const together = (t: Aten, indices: readonly SymTensor[], shape: readonly Size[]): Expr => {
  const columns = indices.map((item) =>
    t.node('Unsqueeze', [t.in(t.expand(item, shape), 'int64'), ints([shape.length])]),
  )
  return columns.length === 1 ? (columns[0] as Expr) : t.node('Concat', columns, { axis: shape.length })
}

const indexPut: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const list = a.get('indices')
  const [only] = Array.isArray(list) ? (list as readonly Datum[]) : [list]
  if (only instanceof SymTensor && only.dtype === 'bool' && a.tensor('values').rank === 0) {
    const mask = t.op('reshape', [only, [...only.dims.map(exact), ...x.dims.slice(only.rank).map(() => 1n)]])
    return where(t, mask, t.castTo(a.tensor('values'), x.dtype), x)
  }
  const { axes, indices, shape } = indexed(t, x, a)
  const rest = x.dims.map((_, i) => i).filter((axis) => !axes.includes(axis))
  if (axes.some((axis, i) => axis !== i)) return behind(t, a, x, axes, indices, shape)
  const values = t.expand(t.castTo(a.tensor('values'), x.dtype), [
    ...shape,
    ...rest.map((axis) => x.dims[axis] as Size),
  ])
  const reduction = a.flag('accumulate') ? 'add' : 'none'
  const value = t.node('ScatterND', [t.value(x), together(t, indices, shape), t.value(values)], { reduction })
  return t.made(value, x.dtype, x.dims)
}

/** The axes that are indexed first, the others after them; then as they were. */
function behind(
  t: Aten,
  a: Args,
  x: SymTensor,
  axes: readonly number[],
  indices: readonly SymTensor[],
  shape: readonly Size[],
): SymTensor {
  const rest = x.dims.map((_, i) => i).filter((axis) => !axes.includes(axis))
  const order = [...axes, ...rest].map(BigInt)
  const isTogether = axes.every((axis, i) => axis === (axes[0] as number) + i)
  const before = isTogether ? rest.filter((axis) => axis < (axes[0] as number)).length : 0
  const wide = t.expand(t.castTo(a.tensor('values'), x.dtype), [
    ...rest.slice(0, before).map((axis) => x.dims[axis] as Size),
    ...shape,
    ...rest.slice(before).map((axis) => x.dims[axis] as Size),
  ])
  const places = wide.dims.map((_, i) => i)
  const first = places.slice(before, before + shape.length)
  const values = t.op('permute', [wide, [...first, ...places.filter((i) => !first.includes(i))].map(BigInt)])
  const front = t.op('permute', [x, order])
  const made = t.op('index_put', [front, [...indices], values, a.get('accumulate')])
  return t.op('permute', [made, order.map((_, i) => BigInt(order.indexOf(BigInt(i))))])
}

const take: AtenFunction = (t, a) => t.call('index', [t.op('ravel', [a.tensor('self')]), [a.tensor('index')]])

/** Values at sorted boundaries: how many boundaries are less (or equal, with `right`). */
const searchsorted =
  (boundaries: string, values: string): AtenFunction =>
  (t, a) => {
    const [edges, x] = [a.tensor(boundaries), operand(a, values)]
    const wide = x instanceof SymTensor ? t.op('unsqueeze', [x, -1n]) : x
    const passed = t.op(a.flag('right') ? 'ge' : 'gt', [
      wide instanceof SymTensor ? wide : t.scalar(wide),
      edges.rank > 1 ? t.op('unsqueeze', [edges, -2n]) : edges,
    ])
    return t.castTo(t.op('sum', [passed, [-1n]]), a.flag('out_int32') ? 'int32' : 'int64')
  }

const pixelShuffle: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const r = a.int('upscale_factor')
  const [c, h, w] = x.dims.slice(-3).map((size) => knownSize(size, 'pixel_shuffle')) as [number, number, number]
  const outer = x.dims.slice(0, -3)
  const n = outer.length
  const split = t.reshape(t.value(x), [...outer, c / (r * r), r, r, h, w])
  const value = t.transpose(split, [...outer.map((_, i) => i), n, n + 3, n + 1, n + 4, n + 2])
  const dims = [...outer, c / (r * r), mulSizes(h, r), mulSizes(w, r)]
  return t.moved(t.reshape(value, dims), x.dtype, dims)
}

const pixelUnshuffle: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const r = a.int('downscale_factor')
  const [c, h, w] = x.dims.slice(-3).map((size) => knownSize(size, 'pixel_unshuffle')) as [number, number, number]
  const outer = x.dims.slice(0, -3)
  const n = outer.length
  const split = t.reshape(t.value(x), [...outer, c, h / r, r, w / r, r])
  const value = t.transpose(split, [...outer.map((_, i) => i), n, n + 2, n + 4, n + 1, n + 3])
  const dims = [...outer, c * r * r, h / r, w / r]
  return t.moved(t.reshape(value, dims), x.dtype, dims)
}

/** x₁·x₂ / (max(‖x₁‖, ε)·max(‖x₂‖, ε)) */
const cosineSimilarity: AtenFunction = (t, a) => {
  const [x, y] = [a.tensor('x1'), a.tensor('x2')]
  const axis = a.get('dim')
  const length = (v: SymTensor) =>
    t.op('clamp_min', [t.op('linalg_vector_norm', [v, 2, [axis], true]), a.number('eps')])
  return t.call('sum', [t.op('mul', [t.op('div', [x, length(x)]), t.op('div', [y, length(y)])]), axis])
}

const pairwiseDistance: AtenFunction = (t, a) => {
  const gap = t.op('add', [t.op('sub', [a.tensor('x1'), a.tensor('x2')]), a.number('eps')])
  return t.call('linalg_vector_norm', [t.castTo(gap, floatFor(gap.dtype)), a.get('p'), [-1n], a.get('keepdim')])
}

// biome-ignore format: one row per operator
export const INDEXING = {
  bucketize: { parameters: 'self, boundaries, *, out_int32=False, right=False', run: searchsorted('boundaries', 'self') },
  cosine_similarity: { parameters: 'x1, x2, dim=1, eps=1e-08', run: cosineSimilarity },
  gather: { parameters: 'self, dim, index, *, sparse_grad=False', run: gather },
  index: { parameters: 'self, indices', run: index },
  index_put: { parameters: 'self, indices, values, accumulate=False', run: indexPut },
  index_select: { parameters: 'self, dim, index', run: indexSelect },
  masked_fill: { parameters: 'self, mask, value', run: masked },
  pairwise_distance: { parameters: 'x1, x2, p=2, eps=1e-06, keepdim=False', run: pairwiseDistance },
  pixel_shuffle: { parameters: 'self, upscale_factor', run: pixelShuffle },
  pixel_unshuffle: { parameters: 'self, downscale_factor', run: pixelUnshuffle },
  scatter: { parameters: 'self, dim, index, src|value, *, reduce=None', run: scatter('none') },
  scatter_add: { parameters: 'self, dim, index, src', run: (t, a) => t.call('scatter', [a.tensor('self'), a.get('dim'), a.tensor('index'), a.tensor('src')], new Map([['reduce', 'add']])) },
  searchsorted: { parameters: 'sorted_sequence, self, *, out_int32=False, right=False', run: searchsorted('sorted_sequence', 'self') },
  take: { parameters: 'self, index', run: take },
  take_along_dim: { parameters: 'self, indices, dim', run: takeAlongDim },
} as const satisfies Record<string, AtenOperator>
