import type { Json } from '../../formats/json.ts'
import { listOf, objectOf } from '../../formats/torch-export.ts'
import { mulSizes, productOf, type Size, SymSize, sameSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { permuteView, reshapeView } from '../aten/view.ts'
import type { Machine } from '../script/machine.ts'
import { type Py, PyList } from '../script/value.ts'
import { unionOf } from './value.ts'

/**
 * as_strided in exported programs, which alone say how tensors lie in memory. Decompositions write it for a pool of
 * images whose channels lie last: there it only gives dimensions of length 1 other strides.
 */

/** How a tensor lies in memory; `undefined` where that is not a number. */
export interface Layout {
  readonly strides: readonly (number | undefined)[]
  readonly offset: number | undefined
}

/** What the program says of one of its tensors. */
export function layoutOf(graph: ReadonlyMap<string, Json>, name: string): Layout {
  const meta = objectOf(objectOf(graph.get('tensor_values'), 'tensor_values').get(name), name)
  return {
    strides: listOf(meta.get('strides'), `the strides of ${name}`).map((item) => intOf(item, name)),
    offset: meta.get('storage_offset') === undefined ? 0 : intOf(meta.get('storage_offset') as Json, name),
  }
}

function intOf(value: Json, name: string): number | undefined {
  const [kind, held] = unionOf(value, `a stride of ${name}`)
  return kind === 'as_int' ? Number(held) : undefined
}

/**
 * `self` with its elements in the order that other strides read them.
 * @throws InferError bad_model where they read some twice or not at all
 */
export function asStrided(m: Machine, args: readonly Py[], layout: Layout): SymTensor {
  const [x, size, stride, offset] = args
  if (!(x instanceof SymTensor) || !(size instanceof PyList) || !(stride instanceof PyList))
    throw m.error('as_strided takes a tensor, sizes and strides')
  const dims = size.items.map((item) => (item instanceof SymSize ? item : Number(item)))
  const strides = stride.items.map((item) => (typeof item === 'bigint' ? Number(item) : undefined))
  const [from, to] = [memoryOrder(x.dims, layout.strides), memoryOrder(dims, strides)]
  const moves = offset !== null && offset !== undefined && Number(offset) !== layout.offset
  if (!from || !to || moves || !sameSize(productOf(x.dims), productOf(dims)))
    throw m.error(`as_strided to [${dims.join(', ')}] with other elements than its tensor has is not supported`)
  const inMemory = permuteView(m.t, x, from)
  const reordered = reshapeView(
    m.t,
    inMemory,
    to.map((axis) => dims[axis] as Size),
  )
  return permuteView(
    m.t,
    reordered,
    to.map((_, axis) => to.indexOf(axis)),
  )
}

/** The axes as they follow each other in memory; none where elements overlap or lie apart. */
function memoryOrder(dims: readonly Size[], strides: readonly (number | undefined)[]): number[] | undefined {
  if (dims.length !== strides.length) return undefined
  const isOne = (axis: number): boolean => dims[axis] === 1
  const strideOf = (axis: number): number => (isOne(axis) ? Number.POSITIVE_INFINITY : (strides[axis] ?? 0))
  const order = dims
    .map((_, axis) => axis)
    .sort((a, b) => (strideOf(a) === strideOf(b) ? a - b : strideOf(b) - strideOf(a)))
  let step: Size = 1
  for (const axis of [...order].reverse()) {
    if (!isOne(axis) && step !== strideOf(axis)) return undefined
    step = mulSizes(step, dims[axis] as Size)
  }
  return order
}
