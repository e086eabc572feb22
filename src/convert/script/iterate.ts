import { knownSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { enumOf } from './enum.ts'
import type { Machine } from './machine.ts'
import { moduleItems } from './module.ts'
import { type Py, PyClass, PyDict, PyList, PyModule, PySet, PyTuple, SymRange, typeOf } from './value.ts'

/** What a `for` goes over. @throws InferError for what cannot be gone over */
export function iterate(m: Machine, value: Py): readonly Py[] {
  const items = itemsOf(m, value)
  m.step(items.length)
  return items
}

function itemsOf(m: Machine, value: Py): readonly Py[] {
  if (value instanceof PyList || value instanceof PyTuple) return value.items
  if (value instanceof PyDict) return value.keys()
  if (value instanceof PySet) return [...value.items.values()]
  if (typeof value === 'string') return [...value]
  if (value instanceof PyModule) return moduleItems(m, value)
  if (value instanceof SymTensor) {
    if (value.rank === 0) throw m.error('a tensor without dimensions is gone over')
    const count = knownSize(value.dims[0], 'a loop over a tensor')
    m.step(count)
    return Array.from({ length: count }, (_, i) => m.t.op('select', [value, 0n, BigInt(i)]))
  }
  const members = value instanceof PyClass ? enumOf(m, value) : undefined
  if (members) return [...members.values()]
  if (value instanceof SymRange) throw m.error('a range whose end depends on data can only be gone over by a for')
  throw m.error(`${typeOf(value)} is gone over, which is not supported`)
}
