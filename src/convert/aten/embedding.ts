import { InferError } from '../../errors.ts'
import type { Expr } from '../../onnx/expr.ts'
import { ints } from '../../onnx/numbers.ts'
import type { Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { WrongDType } from './linear.ts'
import type { Size } from './size.ts'
import type { SymTensor } from './symbolic.ts'

const exact = (size: Size): Datum => (typeof size === 'number' ? BigInt(size) : size)

/** Rows of a table, and sums of them (aten's Embedding.cpp, EmbeddingBag.cpp). */

/** Places as int64; torch's own operators refuse negative ones, ONNX's count them from the end. */
export function places(t: Aten, index: SymTensor, what: string): Expr {
  if (index.dtype !== 'int64' && index.dtype !== 'int32' && index.dtype !== 'uint8')
    throw new WrongDType(what, 'int64', index.dtype)
  return t.in(index, 'int64')
}

export const nonNegative = (t: Aten, at: Expr): Expr => t.node('Where', [t.node('Less', [at, 0]), ints(2 ** 40), at])

export function embeddingOf(t: Aten, weight: SymTensor, index: SymTensor, what = 'an embedding'): SymTensor {
  const at = nonNegative(t, places(t, index, what))
  return t.moved(t.node('Gather', [t.value(weight), at], { axis: 0 }), weight.dtype, [
    ...index.dims,
    ...weight.dims.slice(1),
  ])
}

export interface Bag {
  readonly mode: 'sum' | 'mean' | 'max'
  readonly weights: SymTensor | null
  readonly padding: number | null
  readonly offsets: SymTensor | null
  readonly lastOffset: boolean
}

/** Sums, means or maxima of the rows of each bag: a row of indices, or what lies between two offsets. */
export function embeddingBagOf(t: Aten, weight: SymTensor, index: SymTensor, o: Bag): SymTensor {
  const rows = embeddingOf(t, weight, index, 'an embedding bag')
  const all = t.op('ones_like', [index], { dtype: 'bool' })
  const counted = o.padding === null ? all : t.op('ne', [index, BigInt(o.padding)])
  if (index.rank === 1) return offsetBags(t, rows, index, counted, o)
  return bagged(t, rows, t.op('unsqueeze', [counted, -1n]), o, 1)
}

/** Reduces an axis of rows to bags, by what is in them. */
function bagged(t: Aten, rows: SymTensor, inBag: SymTensor, o: Bag, axis: number): SymTensor {
  const at = BigInt(axis)
  const number = t.castTo(inBag, rows.dtype)
  if (o.mode === 'max') {
    const open = t.op('where', [inBag, rows, t.scalar(Number.NEGATIVE_INFINITY, rows.dtype)])
    const most = t.op('amax', [open, [at]])
    return t.op('where', [t.op('any', [inBag, at]), most, t.scalar(0, rows.dtype)])
  }
  const scaled = o.weights ? t.op('mul', [rows, t.op('unsqueeze', [o.weights, -1n])]) : rows
  const sum = t.op('sum', [t.op('mul', [scaled, number]), at])
  if (o.mode === 'sum') return sum
  return t.op('div', [sum, t.op('clamp_min', [t.op('sum', [number, at]), 1n])])
}

function offsetBags(t: Aten, rows: SymTensor, index: SymTensor, counted: SymTensor, o: Bag): SymTensor {
  if (!o.offsets) throw new InferError('bad_request', 'an embedding bag of one row of indices wants offsets')
  const starts = o.lastOffset ? t.op('slice', [o.offsets, 0n, 0n, -1n]) : o.offsets
  const position = t.op('arange', [exact(index.dims[0] as Size)])
  const begun = t.op('le', [t.op('unsqueeze', [starts, 1n]), position])
  const next = t.op('cat', [[t.op('slice', [starts, 0n, 1n]), t.op('full', [[1n], 2n ** 52n])]])
  const ended = t.op('le', [t.op('unsqueeze', [next, 1n]), position])
  const inBag = t.op('logical_and', [t.op('logical_and', [begun, t.op('logical_not', [ended])]), counted])
  const each: Bag = { ...o, weights: o.weights && t.op('unsqueeze', [o.weights, 0n]) }
  return bagged(t, t.op('unsqueeze', [rows, 0n]), t.op('unsqueeze', [inBag, -1n]), each, 1)
}

const BAG_MODES = ['sum', 'mean', 'max'] as const

const embeddingBag: AtenFunction = (t, a) => {
  const mode = BAG_MODES[a.int('mode')] ?? 'sum'
  const padding = a.has('padding_idx') && a.int('padding_idx') >= 0 ? a.int('padding_idx') : null
  const bags = embeddingBagOf(t, a.tensor('weight'), a.tensor('indices'), {
    mode,
    weights: a.optionalTensor('per_sample_weights'),
    padding,
    offsets: a.optionalTensor('offsets'),
    lastOffset: a.flag('include_last_offset'),
  })
  return [bags, t.scalar(0n), t.scalar(0n), t.scalar(0n)]
}

// biome-ignore format: one row per operator
export const EMBEDDINGS = {
  embedding: { parameters: 'weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False', run: (t, a) => embeddingOf(t, a.tensor('weight'), a.tensor('indices')) },
  embedding_bag: { parameters: 'weight, indices|input, offsets, scale_grad_by_freq=False, mode=0, sparse=False, per_sample_weights=None, include_last_offset=False, padding_idx=None', run: embeddingBag },
} as const satisfies Record<string, AtenOperator>
