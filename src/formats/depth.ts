import { broken } from './cursor.ts'
import { type FrozenSet, isArray, isObject, isTuple, kindOf, NamedDict, type Value } from './values.ts'

/** Python's own pickler recurses, and gives up near here; who reads what we read may recurse, too. */
const MAX_DEPTH = 1000

/** Containers of no containers that are cheaper to look at again than to remember. */
const MAX_SMALL = 8

/** Refuses values within values deeper than `MAX_DEPTH`, counting every way down but not round in circles. */
export function checkDepth(root: Value): void {
  const below = new Map<Value, number>()
  const open: { value: Value; children: readonly Value[]; next: number; deepest: number }[] = []
  /** How deep a container of no containers is; anything else is opened. */
  const enter = (value: Value): number => {
    const held = childrenOf(value)
    const children = held.filter(isContainer)
    if (children.length === 0 && held.length <= MAX_SMALL) return 1
    below.set(value, children.length === 0 ? 1 : 0)
    if (children.length > 0) open.push({ value, children, next: 0, deepest: 0 })
    return children.length === 0 ? 1 : 0
  }
  if (isContainer(root)) enter(root)
  for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
    const child = frame.children[frame.next++]
    if (child === undefined) {
      open.pop()
      below.set(frame.value, frame.deepest + 1)
      const parent = open.at(-1)
      if (parent !== undefined) parent.deepest = Math.max(parent.deepest, frame.deepest + 1)
    } else frame.deepest = Math.max(frame.deepest, below.get(child) ?? enter(child))
    if (open.length + frame.deepest > MAX_DEPTH) {
      throw broken('pickle', `its values are nested deeper than ${MAX_DEPTH}`)
    }
  }
}

const isContainer = (value: Value): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

/** Everything that a value holds. */
export function childrenOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value
  if (value instanceof NamedDict) return [...flat(value), value.state ?? null]
  if (value instanceof Map) return flat(value)
  if (value instanceof Set) return [...value]
  if (isTuple(value)) return value.items
  if (isObject(value))
    return [...value.args, ...value.items, ...flat(value.entries), value.state ?? null, value.kwargs ?? null]
  if (isArray(value)) return value.dtype === 'object' ? (value.data as readonly Value[]) : [...value.fields.values()]
  return kindOf(value) === 'frozenset' ? [...(value as FrozenSet).items] : []
}

function flat(map: ReadonlyMap<Value, Value>): Value[] {
  const items: Value[] = []
  for (const [key, value] of map) items.push(key, value)
  return items
}
