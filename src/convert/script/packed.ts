import { BatchSizes, Packed, sizeDatum, stepsOf } from '../aten/packed.ts'
import { knownSize, type Size } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { toDatum } from './datum.ts'
import type { Machine } from './machine.ts'
import { type Call, type Kwargs, type Py, PyTuple } from './value.ts'

/** Packing and padding of rows of several lengths (torch/nn/utils/rnn.py, aten's PackedSequence.cpp). */

/** The fields of a PackedSequence. Rows are packed in their own order here, so nothing is sorted back. */
const FIELDS = ['data', 'batch_sizes', 'sorted_indices', 'unsorted_indices']

export const packedIn = (value: Py | undefined): Packed | undefined => {
  const data = value instanceof PyTuple ? value.items[0] : value
  return data instanceof Packed ? data : undefined
}

const sequenceOf = (packed: Packed): PyTuple => new PyTuple([packed, new BatchSizes(packed), null, null], FIELDS)

/** `batch_sizes[0]`, as the code of recurrent modules asks for it. */
export const selectBatch: Call = (m, args, kwargs) => {
  const [, , index] = args
  const sizes = args[0] ?? kwargs.get('input') ?? kwargs.get('self') ?? null
  if (!(sizes instanceof BatchSizes)) return m.call(m.find(sizes, 'select') ?? null, args.slice(1), withoutSelf(kwargs))
  if (index !== 0n) throw m.error('batch_sizes of packed rows are not known before a request')
  return m.t.scalar(sizeDatum(sizes.of.padded.dims[1] as Size))
}

const withoutSelf = (kwargs: Kwargs): Kwargs =>
  new Map([...kwargs].filter(([name]) => name !== 'input' && name !== 'self'))

export const isPacked = (value: Py): value is Packed | BatchSizes =>
  value instanceof Packed || value instanceof BatchSizes

/** The steps of all rows are one axis of what is packed. */
export const packedRank = (value: Packed | BatchSizes): bigint =>
  value instanceof BatchSizes ? 1n : BigInt(value.padded.rank - 1)

export function packedSize(m: Machine, value: Packed | BatchSizes, axis: Py | undefined): Py {
  if (value instanceof BatchSizes) return sizeDatum(value.of.padded.dims[0] as Size)
  const { rank, dims } = value.padded
  const at = typeof axis === 'bigint' ? Number(axis) + (axis < 0n ? rank : 1) : 0
  if (at < 2) throw m.error('how many steps packed rows have in all is not known before a request')
  return sizeDatum(dims[at] as Size)
}

function packed(m: Machine, input: Py, lengths: Py, batchFirst: boolean, sorted: boolean): Packed {
  const x = toDatum(m, input)
  if (!(x instanceof SymTensor) || x.rank < 2) throw m.error('what is packed is no tensor of two dimensions or more')
  const given = toDatum(m, lengths)
  const { t } = m
  const counts = t.castTo(given instanceof SymTensor ? given : t.op('tensor', [given]), 'int64')
  const steps = batchFirst ? t.op('transpose', [x, 0n, 1n]) : x
  const longest = sizeDatum(steps.dims[0] as Size)
  const outside = t.op('logical_or', [t.op('lt', [counts, 1n]), t.op('gt', [counts, longest])])
  m.alarm.raiseWhen(m, t.op('any', [outside]), `the lengths must be from 1 to ${longest}`)
  if (sorted) {
    const places = t.op('arange', [sizeDatum(counts.dims[0] as Size)])
    const before = t.op('index_select', [counts, 0n, t.op('clamp', [t.op('sub', [places, 1n]), 0n])])
    m.alarm.raiseWhen(m, t.op('any', [t.op('gt', [counts, before])]), 'the lengths must be in decreasing order')
  }
  // A run that fails leaks: what is refused runs with other lengths.
  return new Packed(steps, t.op('clamp', [counts, 1n, longest]))
}

const argument = (args: readonly Py[], kwargs: Kwargs, at: number, name: string): Py | undefined =>
  args[at] ?? kwargs.get(name)

/** pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True) */
export const packPadded: Call = (m, args, kwargs) => {
  const [input, lengths] = ['input', 'lengths'].map((name, i) => argument(args, kwargs, i, name) ?? null)
  const batchFirst = argument(args, kwargs, 2, 'batch_first') === true
  const sorted = argument(args, kwargs, 3, 'enforce_sorted') !== false
  return sequenceOf(packed(m, input as Py, lengths as Py, batchFirst, sorted))
}

/** aten's, which packs what is sorted: the data and the sizes of its batches. */
export const packSorted: Call = (m, [input = null, lengths = null, batchFirst]) => {
  const made = packed(m, input, lengths, batchFirst === true, true)
  return new PyTuple([made, new BatchSizes(made)])
}

/**
 * [padded rows, their lengths]. Graphs tell sizes before data, so rows come back as long as they were.
 * @param total how long, `undefined` for as long as the longest
 */
function padded(m: Machine, sequence: Py, batchFirst: boolean, padding: Py, total: Py | undefined): PyTuple {
  const made = packedIn(sequence)
  if (!made) throw m.error('what is padded is no packed sequence')
  const { t } = m
  const length = made.padded.dims[0] as Size
  if (total === undefined) {
    const longest = t.op('amax', [made.lengths])
    const sentence = `the longest of the lengths must be ${length}, as long as the rows that were packed`
    m.alarm.raiseUnless(m, t.op('eq', [longest, sizeDatum(length)]), sentence)
  }
  let mask = stepsOf(t, length, made.lengths)
  for (let rank = 2; rank < made.padded.rank; rank++) mask = t.op('unsqueeze', [mask, -1n])
  let rows = t.op('where', [mask, made.padded, toDatum(m, padding)])
  const more = total === undefined ? 0 : Number(total) - knownSize(length, 'total_length')
  if (more < 0) throw m.error(`total_length=${total} is less than the rows that were packed have`)
  const beside = Array.from({ length: 2 * (made.padded.rank - 1) }, () => 0n)
  if (more > 0) rows = t.op('constant_pad_nd', [rows, [...beside, 0n, BigInt(more)], toDatum(m, padding)])
  return new PyTuple([batchFirst ? t.op('transpose', [rows, 0n, 1n]) : rows, made.lengths])
}

/** pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None) */
export const padPacked: Call = (m, args, kwargs) =>
  padded(
    m,
    argument(args, kwargs, 0, 'sequence') ?? null,
    argument(args, kwargs, 1, 'batch_first') === true,
    argument(args, kwargs, 2, 'padding_value') ?? 0,
    argument(args, kwargs, 3, 'total_length') ?? undefined,
  )

/**
 * aten's: (data, batch_sizes, batch_first, padding_value, total_length). The last is always there: as long as the
 * sizes are many stands for the longest.
 */
export const padSorted: Call = (m, [data = null, sizes = null, batchFirst, padding = 0, total = null]) => {
  const isLongest =
    typeof total !== 'bigint' || total <= 0n || (sizes instanceof BatchSizes && total === packedSize(m, sizes, 0n))
  return padded(m, data, batchFirst === true, padding, isLongest ? undefined : total)
}
