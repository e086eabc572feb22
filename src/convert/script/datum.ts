import type { Datum } from '../aten/args.ts'
import { BatchSizes, Packed } from '../aten/packed.ts'
import { SymSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import type { Machine } from './machine.ts'
import { Device, External, Instance, isNumber, type Py, PyDict, PyDType, PyList, PyTuple, typeOf } from './value.ts'

/** Between Python's values and what torch's operators take and give. */

const MAX_NESTING = 32

/** @throws InferError for what no operator takes */
export function toDatum(m: Machine, value: Py, depth = 0): Datum {
  if (value === null || isNumber(value) || typeof value === 'string') return value
  if (value instanceof SymTensor || value instanceof SymSize || value instanceof Packed || value instanceof BatchSizes)
    return value
  if (depth > MAX_NESTING) throw m.error('values nest too deep')
  if (value instanceof PyDType) return value.dtype
  if (value instanceof PyList || value instanceof PyTuple) {
    m.step(value.items.length)
    return value.items.map((item) => toDatum(m, item, depth + 1))
  }
  if (value instanceof PyDict)
    return new Map(value.items().map(({ items: [key, item] }) => [String(key), toDatum(m, item as Py, depth + 1)]))
  if (value instanceof Device || (value instanceof External && MEMORY.test(value.path))) return null
  if (value instanceof Instance)
    return new Map([...value.attributes].map(([name, item]) => [name, toDatum(m, item, depth + 1)]))
  throw m.error(`${typeOf(value)} is given where a tensor or a number belongs`)
}
/** How tensors lie in memory, which graphs do not say. */
const MEMORY = /^torch\.(strided|contiguous_format|preserve_format|channels_last|channels_last_3d)$/

/** What these give is a list in TorchScript, which may grow. */
const LISTS: ReadonlySet<string> = new Set([
  'chunk',
  'size',
  'split',
  'split_with_sizes',
  'tensor_split',
  'unbind',
  'broadcast_tensors',
  'meshgrid',
])
const VALUES_INDICES = ['values', 'indices']

export function fromDatum(value: Datum, op = ''): Py {
  if (Array.isArray(value)) {
    const items = value.map((item) => fromDatum(item))
    if (LISTS.has(op)) return new PyList(items)
    return new PyTuple(items, items.length === 2 ? VALUES_INDICES : [])
  }
  if (value instanceof Map) {
    const dict = new PyDict()
    for (const [key, item] of value) dict.set(key, fromDatum(item))
    return dict
  }
  return value as Py
}
