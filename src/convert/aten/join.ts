import { ints } from '../../onnx/numbers.ts'
import type { DType } from '../../tensor/dtype.ts'
import { createTensor } from '../../tensor/tensor.ts'
import type { Args, Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { addSizes, knownSize, mulSizes, type Size, subSizes } from './size.ts'
import { selectView, sliceView } from './slice.ts'
import { SymTensor } from './symbolic.ts'

/** Tensors put together and taken apart (aten's TensorShape.cpp). */

const concat = (t: Aten, tensors: readonly SymTensor[], axis: number, dtype: DType): SymTensor => {
  const [first] = tensors as readonly [SymTensor]
  const size = tensors.reduce<Size>((sum, { dims }) => addSizes(sum, dims[axis] as Size), 0)
  const dims = first.dims.map((dim, i) => (i === axis ? size : dim))
  const values = tensors.map((x) => t.in(x, dtype))
  return t.moved(values.length === 1 ? (values[0] as never) : t.node('Concat', values, { axis }), dtype, dims)
}

const cat: AtenFunction = (t, a) => {
  const given = a.tensors('tensors')
  const kept = given.filter(({ dims }) => !(dims.length === 1 && dims[0] === 0))
  const tensors = kept.length > 0 ? kept : given.slice(0, 1)
  const [first] = tensors
  if (!first) throw a.error('of no tensors')
  return concat(t, tensors, a.axis('dim', first.rank), t.resultType(given))
}

const stack: AtenFunction = (t, a) => {
  const tensors = a.tensors('tensors')
  const [first] = tensors
  if (!first) throw a.error('of no tensors')
  const axis = a.axis('dim', first.rank + 1)
  const raised = tensors.map((x) => t.op('unsqueeze', [x, BigInt(axis)]))
  return concat(t, raised, axis, t.resultType(tensors))
}

/** hstack, vstack and the like: at least that rank, then along an axis. */
const stackAlong =
  (rank: number, axis: number): AtenFunction =>
  (t, a) => {
    const tensors = a.tensors('tensors').map((x) => atLeast(t, x, rank))
    return t.call('cat', [tensors, BigInt(tensors[0]?.rank === 1 ? 0 : axis)])
  }
const atLeast = (t: Aten, x: SymTensor, rank: number): SymTensor =>
  x.rank >= rank ? x : atLeast(t, t.op('unsqueeze', [x, 0n]), rank)

function pieces(t: Aten, x: SymTensor, axis: number, sizes: readonly Size[]): Datum {
  let at: Size = 0
  return sizes.map((size) => {
    const start = at
    at = addSizes(at, size)
    return sliceView(t, x, axis, start, at)
  })
}

const split: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  if (Array.isArray(a.get('split_size'))) return pieces(t, x, axis, a.sizes('split_size'))
  return pieces(t, x, axis, equal(knownSize(x.dims[axis], 'a split'), a.int('split_size')))
}

const equal = (total: number, size: number): number[] => {
  const count = Math.max(1, Math.ceil(total / size))
  return Array.from({ length: count }, (_, i) => (i < count - 1 ? size : total - size * (count - 1)))
}

const chunk: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  const total = knownSize(x.dims[axis], 'a chunk')
  return pieces(t, x, axis, equal(total, Math.max(1, Math.ceil(total / a.int('chunks')))))
}

const tensorSplit: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  const total = knownSize(x.dims[axis], 'tensor_split')
  if (Array.isArray(a.get('indices'))) {
    const ends = [...a.ints('indices').map((end) => Math.min(end < 0 ? end + total : end, total)), total]
    return pieces(
      t,
      x,
      axis,
      ends.map((end, i) => Math.max(0, end - (i === 0 ? 0 : (ends[i - 1] as number)))),
    )
  }
  const count = a.int('indices')
  return pieces(
    t,
    x,
    axis,
    Array.from({ length: count }, (_, i) => Math.floor(total / count) + Number(i < total % count)),
  )
}

const unbind: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  const count = knownSize(x.dims[axis], 'unbind')
  return Array.from({ length: count }, (_, i) => selectView(t, x, axis, i))
}

const repeat: AtenFunction = (t, a) => {
  const times = a.sizes('repeats')
  const x = atLeast(t, a.tensor('self'), times.length)
  const full = [...new Array<Size>(x.rank - times.length).fill(1), ...times]
  const dims = x.dims.map((dim, i) => mulSizes(dim, full[i] as Size))
  return t.moved(t.node('Tile', [t.value(x), t.shape(full)]), x.dtype, dims)
}

/** Each as often as a tensor says that is known before a request. */
function repeatedEach(t: Aten, a: Args, x: SymTensor, axis: number, counts: SymTensor): SymTensor {
  const known = t.graph.constantOf(t.value(counts))
  if (!known) throw a.error('by how often data says is not supported')
  const times = Array.from(known.data as ArrayLike<number | bigint>, Number)
  t.reserve(times.reduce((sum, count) => sum + count, 0))
  const places = times.flatMap((count, i) => new Array<bigint>(count).fill(BigInt(i)))
  return t.op('index_select', [x, BigInt(axis), t.op('tensor', [places])])
}

const repeatInterleave: AtenFunction = (t, a) => {
  const given = a.tensor('self')
  if (!a.has('repeats')) return repeatedEach(t, a, t.op('arange', [t.call('size', [given, 0n])]), 0, given)
  const x = a.has('dim') ? given : t.op('ravel', [given])
  const axis = a.has('dim') ? a.axis('dim', x.rank) : 0
  const counts = a.get('repeats')
  if (counts instanceof SymTensor && counts.rank > 0) return repeatedEach(t, a, x, axis, counts)
  const times = a.int('repeats')
  const raised = t.op('unsqueeze', [x, BigInt(axis + 1)])
  const wide = t.expand(
    raised,
    raised.dims.map((dim, i) => (i === axis + 1 ? times : dim)),
  )
  return t.reshaped(
    wide,
    x.dims.map((dim, i) => (i === axis ? mulSizes(dim, times) : dim)),
  )
}

const flip: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axes = a.axes('dim', x.rank) ?? []
  if (axes.length === 0) return x
  const all = (value: number) => ints(axes.map(() => value))
  const value = t.node('Slice', [t.value(x), all(-1), all(-(2 ** 52)), ints(axes), all(-1)])
  return t.moved(value, x.dtype, x.dims)
}

const roll: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const shifts = a.ints('shifts')
  const axes = a.axes('dim', x.rank) ?? []
  if (axes.length === 0) return t.reshaped(rollAlong(t, t.op('ravel', [x]), 0, shifts[0] as number), x.dims)
  return axes.reduce((value, axis, i) => rollAlong(t, value, axis, shifts[i] as number), x)
}

function rollAlong(t: Aten, x: SymTensor, axis: number, shift: number): SymTensor {
  const size = x.dims[axis] as Size
  const by = typeof size === 'number' && size > 0 ? ((shift % size) + size) % size : shift
  if (by === 0) return x
  const cut = by > 0 ? subSizes(size, by) : -by
  const [head, tail] = [sliceView(t, x, axis, 0, cut), sliceView(t, x, axis, cut, null)]
  return t.moved(t.node('Concat', [t.value(tail), t.value(head)], { axis }), x.dtype, x.dims)
}

const unfold: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axis = a.axis('dimension', x.rank)
  const [size, step] = [a.int('size'), a.int('step')]
  const count = Math.floor((knownSize(x.dims[axis], 'unfold') - size) / step) + 1
  const at = createTensor('int64', [count, size])
  at.data.forEach((_, i) => {
    ;(at.data as BigInt64Array)[i] = BigInt(Math.floor(i / size) * step + (i % size))
  })
  const value = t.node('Gather', [t.value(x), t.makeup(at)], { axis })
  const order = [...x.dims.map((_, i) => (i <= axis ? i : i + 1)), axis + 1]
  return t.moved(t.transpose(value, order), x.dtype, [...x.dims.map((dim, i) => (i === axis ? count : dim)), size])
}

const channelShuffle: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const groups = a.int('groups')
  const [batch, channels, ...space] = x.dims as readonly [Size, number, ...Size[]]
  const split5 = t.reshape(t.value(x), [batch, groups, channels / groups, ...space])
  const value = t.transpose(split5, [0, 2, 1, ...space.map((_, i) => i + 3)])
  return t.moved(t.reshape(value, x.dims), x.dtype, x.dims)
}

// biome-ignore format: one row per operator
export const JOINS = {
  cat: { parameters: 'tensors, dim=0', run: cat },
  channel_shuffle: { parameters: 'self, groups', run: channelShuffle },
  chunk: { parameters: 'self, chunks, dim=0', run: chunk },
  concat: { parameters: 'tensors, dim=0', run: cat },
  flip: { parameters: 'self, dim', run: flip },
  hstack: { parameters: 'tensors', run: stackAlong(1, 1) },
  repeat: { parameters: 'self, repeats', run: repeat },
  repeat_interleave: { parameters: 'self, repeats=None, dim=None, output_size=None', run: repeatInterleave },
  roll: { parameters: 'self, shifts, dim=[]', run: roll },
  split: { parameters: 'self|tensor, split_size|split_size_or_sections, dim=0', run: split },
  split_with_sizes: { parameters: 'self, split_size|split_sizes, dim=0', run: split },
  stack: { parameters: 'tensors, dim=0', run: stack },
  tensor_split: { parameters: 'self, indices|sections|indices_or_sections|tensor_indices_or_sections, dim=0', run: tensorSplit },
  tile: { parameters: 'self, repeats|dims', run: (t, a) => repeatTile(t, a) },
  unbind: { parameters: 'self, dim=0', run: unbind },
  unfold: { parameters: 'self, dimension, size, step', run: unfold },
  vstack: { parameters: 'tensors', run: stackAlong(2, 0) },
} as const satisfies Record<string, AtenOperator>

/** Like `repeat`, but the repeats may be fewer than the axes. */
function repeatTile(t: Aten, a: Args): Datum {
  const x = a.tensor('self')
  const times = a.ints('repeats')
  return t.call('repeat', [x, [...new Array<number>(Math.max(0, x.rank - times.length)).fill(1), ...times].map(BigInt)])
}
