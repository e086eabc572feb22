import type { Datum } from '../aten/args.ts'
import { alike, knownSize, type Size, SymSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { toDatum } from './datum.ts'
import { enumOf } from './enum.ts'
import type { Machine } from './machine.ts'
import { moduleItem } from './module.ts'
import {
  Ellipsis,
  External,
  isNumber,
  type Py,
  PyClass,
  PyDict,
  PyList,
  PyModule,
  PySlice,
  PyTuple,
  typeOf,
} from './value.ts'

/** `value[index]` */
export function getItem(m: Machine, value: Py, index: Py): Py {
  if (value instanceof SymTensor) return read(m, value, index)
  if (value instanceof PyList || value instanceof PyTuple || typeof value === 'string')
    return ofSequence(m, value, index)
  if (value instanceof PyDict) {
    const found = value.get(index)
    if (found === undefined) throw m.error(`a dict has no key ${String(index)}`)
    return found
  }
  if (value instanceof PyModule) return moduleItem(m, value, index)
  const member = value instanceof PyClass && typeof index === 'string' ? enumOf(m, value)?.get(index) : undefined
  if (member) return member
  if (value instanceof External || value instanceof PyClass) return value
  const method = m.find(value, '__getitem__')
  if (method === undefined) throw m.error(`${typeOf(value)} has no items`)
  return m.call(method, [index])
}

/** An int that is known. */
export function indexOf(m: Machine, value: Py): number {
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  if (value instanceof SymSize) return knownSize(value, 'an index')
  if (value instanceof SymTensor && value.known !== undefined) return indexOf(m, value.known)
  if (value instanceof SymTensor) {
    const constant = m.t.graph.constantOf(m.t.value(value))
    if (constant?.data.length === 1) return Number(constant.data[0])
    throw m.error('an index of a list depends on data, which is not supported')
  }
  throw m.error(`${typeOf(value)} is no index`)
}

/** The places of a slice, by Python's rules. */
export function placesOf(m: Machine, slice: PySlice, size: number): number[] {
  const [start, stop, step] = slice.parts.map((part) => (part === null ? null : indexOf(m, part)))
  const by = step ?? 1
  if (by === 0) throw m.error('a slice has a step of 0')
  const clamp = (at: number | null | undefined, otherwise: number): number => {
    if (at === null || at === undefined) return otherwise
    const from = at < 0 ? at + size : at
    return by > 0 ? Math.min(Math.max(from, 0), size) : Math.min(Math.max(from, -1), size - 1)
  }
  const [first, last] = by > 0 ? [clamp(start, 0), clamp(stop, size)] : [clamp(start, size - 1), clamp(stop, -1)]
  const count = Math.max(0, Math.ceil((last - first) / by))
  m.step(count)
  return Array.from({ length: count }, (_, i) => first + i * by)
}

function ofSequence(m: Machine, value: PyList | PyTuple | string, index: Py): Py {
  const items: readonly Py[] = typeof value === 'string' ? [...value] : value.items
  if (index instanceof PySlice) {
    const taken = placesOf(m, index, items.length).map((at) => items[at] as Py)
    if (typeof value === 'string') return taken.join('')
    return value instanceof PyList ? new PyList(taken) : new PyTuple(taken)
  }
  if (index instanceof SymTensor && !isConstant(m, index)) return ofData(m, items, index)
  const at = indexOf(m, index)
  const found = items[at < 0 ? at + items.length : at]
  if (found === undefined) throw m.error(`index ${at} is out of ${items.length} items`)
  return found
}

const isConstant = (m: Machine, tensor: SymTensor): boolean =>
  tensor.known !== undefined || m.t.graph.constantOf(m.t.value(tensor))?.data.length === 1

/** The item at a place that data tells: of numbers, or of tensors of the same sizes. */
function ofData(m: Machine, items: readonly Py[], at: SymTensor): Py {
  if (items.length > 0 && items.every(isNumber)) {
    const dtype = items.some((item) => typeof item === 'number') ? 'float64' : 'int64'
    const made = selectAt(m, m.t.op('tensor', [items.map((item) => toDatum(m, item))], { dtype }), 0n, at)
    m.numbers.add(made)
    return made
  }
  const [first, ...rest] = items
  const isAlike = (item: Py): boolean =>
    item instanceof SymTensor && first instanceof SymTensor && item.dtype === first.dtype && sameDims(item, first)
  if (first instanceof SymTensor && rest.every(isAlike))
    return selectAt(m, m.t.op('stack', [items as readonly SymTensor[]]), 0n, at)
  throw m.error('an index of a list depends on data, which is not supported')
}

const sameDims = (a: SymTensor, b: SymTensor): boolean =>
  a.rank === b.rank && a.dims.every((dim, i) => alike(dim, b.dims[i] as Size))

/** A tensor seen by ints, slices, None and ...; tensors among them gather at the end. */
interface Indexed {
  readonly view: SymTensor
  /** Of each axis the tensor that indexes it. */
  readonly indices: readonly (SymTensor | null)[]
}

function index(m: Machine, tensor: SymTensor, by: Py): Indexed {
  const given = by instanceof PyTuple ? [...by.items] : [by]
  const taken = given.reduce<number>((sum, item) => sum + consumed(item), 0)
  const dots = given.findIndex((item) => item instanceof Ellipsis)
  const all = new PySlice([null, null, null])
  const fill = new Array<Py>(Math.max(0, tensor.rank - taken)).fill(all)
  const items = dots < 0 ? given : [...given.slice(0, dots), ...fill, ...given.slice(dots + 1)]
  const indices: (SymTensor | null)[] = []
  let view = tensor
  for (const item of items) {
    m.step()
    const axis = BigInt(indices.length)
    if (item !== null && indices.length >= view.rank)
      throw m.error(`a tensor of ${tensor.rank} dimensions is indexed by ${items.length} places`)
    if (item === null) view = m.t.op('unsqueeze', [view, axis])
    else if (item instanceof PySlice) view = sliced(m, view, axis, item)
    else if (isGathering(item)) {
      const at = item instanceof SymTensor ? item : m.t.op('tensor', [toDatum(m, item)])
      indices.push(at, ...new Array<null>(at.dtype === 'bool' ? at.rank - 1 : 0).fill(null))
      continue
    } else {
      view = selected(m, view, axis, item)
      continue
    }
    indices.push(null)
  }
  return { view, indices }
}

const isGathering = (item: Py): boolean =>
  item instanceof PyList || (item instanceof SymTensor && (item.rank > 0 || item.dtype === 'bool'))

const consumed = (item: Py): number =>
  item === null || item instanceof Ellipsis ? 0 : item instanceof SymTensor && item.dtype === 'bool' ? item.rank : 1

function sliced(m: Machine, view: SymTensor, axis: bigint, { parts }: PySlice): SymTensor {
  if (parts.every((part) => part === null)) return m.t.op('slice', [view, axis])
  const [start, stop, step] = parts
  return m.t.op('slice', [view, axis, toDatum(m, start), toDatum(m, stop), step === null ? 1n : toDatum(m, step)])
}

/** At a place that data tells, one is gathered. */
function selected(m: Machine, view: SymTensor, axis: bigint, at: Py): SymTensor {
  if (typeof at === 'bigint' || at instanceof SymSize) return m.t.op('select', [view, axis, at])
  if (typeof at === 'boolean') throw m.error('a tensor is indexed by a bool, which is not supported')
  if (!(at instanceof SymTensor)) throw m.error(`a tensor is indexed by ${typeOf(at)}`)
  if (at.known !== undefined) return m.t.op('select', [view, axis, at.known])
  return selectAt(m, view, axis, at)
}

export function selectAt(m: Machine, view: SymTensor, axis: Datum, at: SymTensor): SymTensor {
  const place = m.t.op('where', [m.t.op('lt', [at, 0n]), m.t.op('add', [at, m.t.call('size', [view, axis])]), at])
  const one = m.t.op('index_select', [view, axis, m.t.op('reshape', [place, [1n]])])
  return m.t.op('squeeze', [one, axis])
}

function read(m: Machine, tensor: SymTensor, by: Py): Py {
  const { view, indices } = index(m, tensor, by)
  return indices.some((at) => at !== null) ? m.t.op('index', [view, indices]) : view
}

/** `value[index] = item` */
export function setItem(m: Machine, value: Py, by: Py, item: Py): void {
  if (value instanceof SymTensor) {
    write(m, value, by, item)
    return
  }
  if (value instanceof PyDict) {
    m.touch(value)
    value.set(by, item)
    return
  }
  if (!(value instanceof PyList)) {
    const method = m.find(value, '__setitem__')
    if (method === undefined) throw m.error(`${typeOf(value)} has no items that can be set`)
    m.call(method, [by, item])
    return
  }
  m.touch(value)
  const items = [...value.items]
  if (by instanceof PySlice) {
    const places = placesOf(m, by, items.length)
    const given = item instanceof PyList || item instanceof PyTuple ? item.items : []
    if (given.length !== places.length) throw m.error('a slice of a list is set to another length')
    places.forEach((at, i) => {
      items[at] = given[i] as Py
    })
  } else {
    const at = indexOf(m, by)
    const place = at < 0 ? at + items.length : at
    if (!(place in items)) throw m.error(`index ${at} is out of ${items.length} items`)
    items[place] = item
  }
  m.step(Math.ceil(items.length / 8))
  value.items = items
}

function write(m: Machine, tensor: SymTensor, by: Py, item: Py): void {
  const { view, indices } = index(m, tensor, by)
  const value = item instanceof SymTensor ? item : m.t.scalar(toDatum(m, item), view.dtype)
  if (indices.every((at) => at === null)) {
    m.t.assign(view, value)
    return
  }
  const [mask] = indices
  const isMask = indices.filter((at) => at !== null).length === 1 && mask?.dtype === 'bool'
  if (isMask && value.rank === 0) {
    const wide = view.dims.slice(mask.rank).reduce<SymTensor>((made) => m.t.op('unsqueeze', [made, -1n]), mask)
    m.t.assign(view, m.t.op('where', [wide, m.t.castTo(value, view.dtype), view]))
  } else m.t.call('index_put_', [view, indices, value])
}

export function deleteItem(m: Machine, value: Py, by: Py): void {
  if (value instanceof PyDict) {
    m.touch(value)
    if (!value.delete(by)) throw m.error(`a dict has no key ${String(by)}`)
  } else if (value instanceof PyList) {
    const at = indexOf(m, by)
    m.touch(value)
    value.items = value.items.filter((_, i) => i !== (at < 0 ? at + value.items.length : at))
  } else throw m.error(`${typeOf(value)} has no items that can be deleted`)
}
