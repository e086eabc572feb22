import { createTensor } from '../../tensor/tensor.ts'
import type { Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { knownSize, sameSize } from './size.ts'
import type { SymTensor } from './symbolic.ts'

/** Diagonals, triangles and grids of tensors, and products that others are made of (aten's TensorShape.cpp, LinearAlgebra.cpp). */

/** [..., n] on the `offset`-th diagonal of [..., n + |offset|, n + |offset|], 0 elsewhere. */
function diagonalOf(t: Aten, x: SymTensor, offset: number): SymTensor {
  const n = knownSize(x.dims.at(-1), 'a diagonal')
  const [size, shift] = [n + Math.abs(offset), Math.abs(offset)]
  const on = new Uint8Array(n * size)
  for (let i = 0; i < n; i++) on[i * size + i + shift] = 1
  const mask = t.constant(t.makeup(createTensor('bool', [n, size], on)))
  const wide = t.op('where', [mask, t.op('unsqueeze', [x, -1n]), t.scalar(0n, x.dtype)])
  const square = t.op('constant_pad_nd', [wide, [0n, 0n, 0n, BigInt(shift)]])
  return offset < 0 ? t.op('transpose', [square, -1n, -2n]) : square
}

const diag: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  return x.rank === 1 ? diagonalOf(t, x, a.int('diagonal')) : t.op('diagonal', [x, a.get('diagonal')])
}

const diagEmbed: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const made = diagonalOf(t, x, a.int('offset'))
  const [one, two] = [a.axis('dim1', made.rank), a.axis('dim2', made.rank)]
  return t.op('movedim', [made, [-2n, -1n], [BigInt(one), BigInt(two)]])
}

const diagonalScatter: AtenFunction = (t, a) => {
  const made = t.op('clone', [a.tensor('self')])
  const diagonal = t.op('diagonal', [made, a.get('offset'), a.get('dim1'), a.get('dim2')])
  t.assign(diagonal, a.tensor('src'))
  return made
}

/** The places of a triangle: two rows of indices. */
const triangle =
  (lower: boolean): AtenFunction =>
  (t, a) => {
    const [rows, columns, offset] = [a.int('row'), a.int('col'), a.int('offset')]
    t.reserve(2 * rows * columns)
    const places: [number, number][] = []
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) if (lower ? j <= i + offset : j >= i + offset) places.push([i, j])
    const data = BigInt64Array.from([...places.map(([i]) => i), ...places.map(([, j]) => j)], BigInt)
    return t.castTo(t.constant(createTensor('int64', [2, places.length], data)), a.dtype('dtype') ?? 'int64')
  }

/** a × b along an axis of 3. */
const cross: AtenFunction = (t, a) => {
  const [x, y] = [a.tensor('self'), a.tensor('other')]
  const axis = BigInt(a.has('dim') ? a.axis('dim', x.rank) : x.dims.findIndex((dim) => sameSize(dim, 3)))
  const rolled = (v: SymTensor, by: bigint) => t.op('roll', [v, by, axis])
  const [one, two] = [t.op('mul', [rolled(x, -1n), rolled(y, -2n)]), t.op('mul', [rolled(x, -2n), rolled(y, -1n)])]
  return t.op('sub', [one, two])
}

const inner: AtenFunction = (t, a) => {
  const [x, y] = [a.tensor('self'), a.tensor('other')]
  return x.rank === 0 || y.rank === 0 ? t.op('mul', [x, y]) : t.op('tensordot', [x, y, [-1n], [-1n]])
}

const chained: AtenFunction = (t, a) => {
  const [first, ...rest] = a.tensors('tensors')
  return rest.reduce<SymTensor>((product, each) => t.op('matmul', [product, each]), first as SymTensor)
}

/** Tensors of one dimension, each along an axis of its own; with `xy` the first two change places. */
const meshgrid: AtenFunction = (t, a) => {
  const tensors = a.tensors('tensors').map((x) => t.op('reshape', [x, [-1n]]))
  const swaps = a.text('indexing') === 'xy' && tensors.length > 1
  const axisOf = (i: number): number => (swaps && i < 2 ? 1 - i : i)
  const dims = tensors.map((_, i) => tensors[axisOf(i)]?.dims[0] ?? 1)
  return tensors.map((x, i) => {
    const shape = dims.map((_, axis) => (axis === axisOf(i) ? -1n : 1n))
    return t.expand(t.op('reshape', [x, shape]), dims)
  })
}

const cartesian: AtenFunction = (t, a) => {
  const grid = t.call('meshgrid', [a.tensors('tensors')]) as readonly SymTensor[]
  if (grid.length === 1) return grid[0] as SymTensor
  return t.op('stack', [grid.map((x) => t.op('ravel', [x])), -1n])
}

/** Σ over `sumdim` of the product of three, each with axes of 1 where it has none. */
const trilinear: AtenFunction = (t, a) => {
  const parts = [1, 2, 3].map((i) =>
    a.ints(`expand${i}`).reduce<SymTensor>((x, axis) => t.op('unsqueeze', [x, BigInt(axis)]), a.tensor(`i${i}`)),
  ) as [SymTensor, SymTensor, SymTensor]
  return t.op('sum', [t.op('mul', [t.op('mul', [parts[0], parts[1]]), parts[2]]), a.get('sumdim')])
}

const matrixNorm: AtenFunction = (t, a) => {
  if (a.get('ord') !== 'fro') throw a.error(`of order ${String(a.get('ord'))} is not supported`)
  const dim = a.has('dim') ? a.get('dim') : list(-2n, -1n)
  return t.call('linalg_vector_norm', [a.tensor('self'), 2, dim, a.get('keepdim'), a.get('dtype')])
}

const inverseWithInfo: AtenFunction = (t, a) => [t.op('linalg_inv', [a.tensor('A')]), t.scalar(0n, 'int32')]

const list = (...items: readonly Datum[]): Datum => items

// biome-ignore format: one row per operator
export const MATRICES = {
  _trilinear: { parameters: 'i1, i2, i3, expand1, expand2, expand3, sumdim, unroll_dim=1', run: trilinear },
  cartesian_prod: { parameters: 'tensors', run: cartesian },
  chain_matmul: { parameters: 'tensors|matrices', run: chained },
  cross: { parameters: 'self, other, dim=None', run: cross },
  diag: { parameters: 'self, diagonal=0', run: diag },
  diag_embed: { parameters: 'self, offset=0, dim1=-2, dim2=-1', run: diagEmbed },
  diagonal_scatter: { parameters: 'self, src, offset=0, dim1=0, dim2=1', run: diagonalScatter },
  fliplr: { parameters: 'self', run: (t, a) => t.op('flip', [a.tensor('self'), list(1n)]) },
  flipud: { parameters: 'self', run: (t, a) => t.op('flip', [a.tensor('self'), list(0n)]) },
  inner: { parameters: 'self, other', run: inner },
  linalg_cross: { parameters: 'self, other, dim=-1', run: cross },
  linalg_inv_ex: { parameters: 'A, check_errors=False', run: inverseWithInfo },
  linalg_matrix_norm: { parameters: 'self, ord=fro, dim=None, keepdim=False, dtype=None', run: matrixNorm },
  linalg_multi_dot: { parameters: 'tensors', run: chained },
  mT: { parameters: 'self', run: (t, a) => t.op('transpose', [a.tensor('self'), -2n, -1n]) },
  meshgrid: { parameters: 'tensors, indexing=ij', run: meshgrid },
  numpy_T: { parameters: 'self', run: (t, a) => t.op('permute', [a.tensor('self'), a.tensor('self').dims.map((_, i) => BigInt(i)).reverse()]) },
  trace: { parameters: 'self', run: (t, a) => t.op('sum', [t.op('diagonal', [a.tensor('self')])]) },
  tril_indices: { parameters: 'row, col, offset=0, *, dtype=None', run: triangle(true) },
  triu_indices: { parameters: 'row, col, offset=0, *, dtype=None', run: triangle(false) },
} as const satisfies Record<string, AtenOperator>
