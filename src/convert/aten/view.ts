import { ints } from '../../onnx/numbers.ts'
import type { Args } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { alike, divSizes, mulSizes, productOf, type Size, SymSize, sameSize } from './size.ts'
import { SymTensor, type Window } from './symbolic.ts'

/**Views: what they read of their base, and how the base is written through them (aten's TensorShape.cpp). */

export const view = (base: SymTensor, dims: readonly Size[], read: Window['read'], write: Window['write']): SymTensor =>
  new SymTensor({ base, read, write }, base.dtype, dims, dims.length === 0 ? base.known : undefined)

export function reshapeView(t: Aten, x: SymTensor, dims: readonly Size[]): SymTensor {
  if (dims.length === x.rank && dims.every((dim, i) => alike(dim, x.dims[i] as Size))) return x
  return view(
    x,
    dims,
    (base) => t.reshape(base, dims),
    (_, value) => t.reshape(value, x.dims),
  )
}

export function permuteView(t: Aten, x: SymTensor, perm: readonly number[]): SymTensor {
  if (perm.every((axis, i) => axis === i)) return x
  const back = perm.map((_, i) => perm.indexOf(i))
  const dims = perm.map((axis) => x.dims[axis] as Size)
  return view(
    x,
    dims,
    (base) => t.transpose(base, perm),
    (_, value) => t.transpose(value, back),
  )
}

/** What `-1` among the sizes is, so that there are as many elements as before. */
export function inferSizes(x: SymTensor, wanted: readonly Size[], a: Args): Size[] {
  const open = wanted.indexOf(-1)
  const total = productOf(x.dims)
  if (open < 0) {
    if (!sameSize(productOf(wanted), total))
      throw a.error(`cannot make [${wanted.join(', ')}] of [${x.dims.join(', ')}]`)
    return [...wanted]
  }
  const rest = productOf(wanted.filter((_, i) => i !== open))
  if (rest === 0) throw a.error(`cannot tell what -1 is in [${wanted.join(', ')}]`)
  const size = divSizes(total, rest)
  if (!sameSize(mulSizes(size, rest), total))
    throw a.error(`cannot make [${wanted.join(', ')}] of [${x.dims.join(', ')}]`)
  return wanted.map((dim, i) => (i === open ? size : dim))
}

const reshape: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  return reshapeView(t, x, inferSizes(x, a.sizes('size'), a))
}

const flatten: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  if (x.rank === 0) return reshapeView(t, x, [1])
  const [start, end] = [a.axis('start_dim', x.rank), a.axis('end_dim', x.rank)]
  if (start > end) throw a.error(`has start_dim ${start} after end_dim ${end}`)
  const middle = productOf(x.dims.slice(start, end + 1))
  return reshapeView(t, x, [...x.dims.slice(0, start), middle, ...x.dims.slice(end + 1)])
}

const unflatten: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  const inner = reshapeSizes(x.dims[axis] as Size, a.sizes('sizes'), a)
  return reshapeView(t, x, [...x.dims.slice(0, axis), ...inner, ...x.dims.slice(axis + 1)])
}

function reshapeSizes(total: Size, wanted: readonly Size[], a: Args): Size[] {
  const open = wanted.indexOf(-1)
  const rest = productOf(wanted.filter((_, i) => i !== open))
  if (open < 0 ? !sameSize(rest, total) : rest === 0) throw a.error(`cannot make [${wanted.join(', ')}] of ${total}`)
  return wanted.map((dim, i) => (i === open ? divSizes(total, rest) : dim))
}

export function unsqueezeView(t: Aten, x: SymTensor, axis: number): SymTensor {
  const dims = [...x.dims.slice(0, axis), 1, ...x.dims.slice(axis)]
  const at = ints([axis])
  return view(
    x,
    dims,
    (base) => t.node('Unsqueeze', [base, at]),
    (_, value) => t.node('Squeeze', [value, at]),
  )
}

export function squeezeView(t: Aten, x: SymTensor, axes: readonly number[]): SymTensor {
  const gone = axes.filter((axis) => x.rank > 0 && sameSize(x.dims[axis] as Size, 1))
  if (gone.length === 0) return x
  const dims = x.dims.filter((_, i) => !gone.includes(i))
  const at = ints([...gone].sort((a, b) => a - b))
  return view(
    x,
    dims,
    (base) => t.node('Squeeze', [base, at]),
    (_, value) => t.node('Unsqueeze', [value, at]),
  )
}

const squeeze: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  return squeezeView(t, x, a.axes('dim', x.rank) ?? x.dims.map((_, i) => i))
}

const transpose: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  if (x.rank === 0) return x
  const [i, j] = [a.axis('dim0', x.rank), a.axis('dim1', x.rank)]
  const perm = x.dims.map((_, axis) => (axis === i ? j : axis === j ? i : axis))
  return permuteView(t, x, perm)
}

const matrixTranspose: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  return permuteView(
    t,
    x,
    x.dims.map((_, i) => x.rank - 1 - i),
  )
}

const permute: AtenFunction = (t, a) => permuteView(t, a.tensor('self'), a.axes('dim', a.tensor('self').rank) ?? [])

const movedim: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const [from, to] = [a.axes('source', x.rank) ?? [], a.axes('destination', x.rank) ?? []]
  const rest = x.dims.map((_, i) => i).filter((axis) => !from.includes(axis))
  const perm = x.dims.map((_, i) => (to.includes(i) ? (from[to.indexOf(i)] as number) : -1))
  return permuteView(
    t,
    x,
    perm.map((axis) => (axis < 0 ? (rest.shift() as number) : axis)),
  )
}

const expand: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const sizes = a.sizes('size')
  const added = sizes.length - x.rank
  const dims = sizes.map((size, i) => (size === -1 && i >= added ? (x.dims[i - added] as Size) : size))
  return t.expand(x, dims)
}

const inPlace =
  (name: string): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    x.become(t.op(name, [x, ...['dim', 'dim0', 'dim1'].filter((key) => a.has(key)).map((key) => a.get(key))]))
    return x
  }

const sizeOf: AtenFunction = (_t, a) => {
  const x = a.tensor('self')
  const exact = (size: Size) => (typeof size === 'number' ? BigInt(size) : size)
  if (a.has('dim')) return exact(x.dims[a.axis('dim', x.rank)] as Size)
  return x.dims.map(exact)
}

const numel: AtenFunction = (_t, a) => {
  const total = productOf(a.tensor('self').dims)
  return total instanceof SymSize ? total : BigInt(total)
}

// biome-ignore format: one row per operator
export const VIEWS = {
  alias: { parameters: 'self', run: (t, a) => reshapeView(t, a.tensor('self'), a.tensor('self').dims) },
  dim: { parameters: 'self', run: (_t, a) => BigInt(a.tensor('self').rank) },
  expand: { parameters: 'self, size, *, implicit=False', run: expand },
  expand_as: { parameters: 'self, other', run: (t, a) => t.expand(a.tensor('self'), a.tensor('other').dims) },
  flatten: { parameters: 'self, start_dim=0, end_dim=-1', run: flatten },
  movedim: { parameters: 'self, source, destination', run: movedim },
  numel: { parameters: 'self', run: numel },
  permute: { parameters: 'self, dim', run: permute },
  ravel: { parameters: 'self', run: (t, a) => reshapeView(t, a.tensor('self'), [productOf(a.tensor('self').dims)]) },
  reshape: { parameters: 'self, size|shape', run: reshape },
  size: { parameters: 'self, dim=None', run: sizeOf },
  squeeze: { parameters: 'self, dim=None', run: squeeze },
  squeeze_: { parameters: 'self, dim=None', run: inPlace('squeeze') },
  t: { parameters: 'self', run: matrixTranspose },
  swapaxes_: { parameters: 'self, dim0|axis0, dim1|axis1', run: inPlace('transpose') },
  swapdims_: { parameters: 'self, dim0, dim1', run: inPlace('transpose') },
  t_: { parameters: 'self', run: inPlace('t') },
  transpose: { parameters: 'self, dim0|axis0, dim1|axis1', run: transpose },
  transpose_: { parameters: 'self, dim0, dim1', run: inPlace('transpose') },
  unflatten: { parameters: 'self, dim, sizes, names=None', run: unflatten },
  unsqueeze: { parameters: 'self, dim', run: (t, a) => unsqueezeView(t, a.tensor('self'), a.axis('dim', a.tensor('self').rank + 1)) },
  unsqueeze_: { parameters: 'self, dim', run: inPlace('unsqueeze') },
  view: { parameters: 'self, size', run: reshape },
  reshape_as: { parameters: 'self, other', run: (t, a) => reshapeView(t, a.tensor('self'), a.tensor('other').dims) },
  view_as: { parameters: 'self, other', run: (t, a) => reshapeView(t, a.tensor('self'), a.tensor('other').dims) },
} as const satisfies Record<string, AtenOperator>
