import { setAttribute } from './attribute.ts'
import type { Frame } from './frame.ts'
import { setItem } from './item.ts'
import { iterate } from './iterate.ts'
import type { Machine } from './machine.ts'
import type { Expression } from './syntax.ts'
import { type Py, PyList } from './value.ts'

/** Assigns to a name, an attribute, an item, or several of them. */
export function assign(m: Machine, target: Expression, value: Py, frame: Frame): void {
  if (target.kind === 'name') frame.set(target.name, value, m)
  else if (target.kind === 'attribute') setAttribute(m, m.evaluate(target.of, frame), target.name, value)
  else if (target.kind === 'subscript') setItem(m, m.evaluate(target.of, frame), m.evaluate(target.index, frame), value)
  else if (target.kind === 'tuple' || target.kind === 'list') unpack(m, target.items, value, frame)
  else throw m.error(`nothing can be assigned to a ${target.kind}`)
}

function unpack(m: Machine, targets: readonly Expression[], value: Py, frame: Frame): void {
  const items = iterate(m, value)
  const star = targets.findIndex(({ kind }) => kind === 'starred')
  if (star < 0 ? items.length !== targets.length : items.length < targets.length - 1)
    throw m.error(`${items.length} values are unpacked to ${targets.length} names`)
  targets.forEach((target, i) => {
    const fromEnd = items.length - targets.length + i
    if (target.kind === 'starred') {
      assign(m, target.of, new PyList(items.slice(star, fromEnd + 1)), frame)
    } else assign(m, target, items[star < 0 || i < star ? i : fromEnd] as Py, frame)
  })
}
