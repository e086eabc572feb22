import { compare, equal } from './compare.ts'
import { indexOf } from './item.ts'
import { iterate } from './iterate.ts'
import type { Machine } from './machine.ts'
import { formatAll } from './text.ts'
import { decided } from './truth.ts'
import { Builtin, type Kwargs, type Py, PyDict, PyList, PySet, PyTuple, typeOf } from './value.ts'

/** Methods of lists, tuples, dicts, sets and texts: a row each. */

type Method<T> = (m: Machine, self: T, args: readonly Py[], kwargs: Kwargs) => Py

const changed =
  (change: (m: Machine, items: Py[], args: readonly Py[], self: PyList) => Py): Method<PyList> =>
  (m, self, args) => {
    m.touch(self)
    m.step()
    return change(m, self.items, args, self) ?? null
  }

/** Biggest last; by `key`. */
export function sorted(m: Machine, items: readonly Py[], kwargs: Kwargs): Py[] {
  const key = kwargs.get('key') ?? null
  const keyed = items.map((item) => ({ item, key: key === null ? item : m.call(key, [item]) }))
  m.step(items.length * 4)
  keyed.sort((a, b) => {
    if (decided(m, compare(m, '<', a.key, b.key), 'the order of a list')) return -1
    return decided(m, compare(m, '<', b.key, a.key), 'the order of a list') ? 1 : 0
  })
  const made = keyed.map(({ item }) => item)
  return kwargs.get('reverse') === true ? made.reverse() : made
}

const find = (m: Machine, items: readonly Py[], value: Py): number =>
  items.findIndex((item) => equal(m, item, value) === true)

function place(m: Machine, items: readonly Py[], value: Py | undefined): bigint {
  const at = find(m, items, value ?? null)
  if (at < 0) throw m.error('a list has no such item')
  return BigInt(at)
}

// biome-ignore format: one row per method
const LIST: Readonly<Record<string, Method<PyList>>> = {
  append: changed((_m, items, [item]) => { items.push(item ?? null); return null }),
  clear: changed((_m, _items, _args, self) => { self.items = []; return null }),
  copy: (m, { items }) => { m.step(items.length); return new PyList([...items]) },
  count: (m, { items }, [value]) => BigInt(items.filter((item) => equal(m, item, value ?? null) === true).length),
  extend: changed((m, items, [more]) => { for (const item of [...iterate(m, more ?? null)]) items.push(item); return null }),
  index: (m, { items }, [value]) => place(m, items, value),
  insert: changed((m, items, [at, item]) => { items.splice(indexOf(m, at ?? null), 0, item ?? null); return null }),
  pop: changed((m, items, [at]) => {
    const index = at === undefined ? -1 : indexOf(m, at)
    const [item] = items.splice(index, 1)
    if (item === undefined) throw m.error('pop of an empty list')
    return item
  }),
  remove: changed((m, items, [value]) => { items.splice(Number(place(m, items, value)), 1); return null }),
  reverse: changed((_m, items) => { items.reverse(); return null }),
  sort: (m, self, _args, kwargs) => { m.touch(self); self.items = sorted(m, self.items, kwargs); return null },
}

const TUPLE: Readonly<Record<string, Method<PyTuple>>> = {
  _asdict: (_m, self) => {
    const dict = new PyDict()
    self.names.forEach((name, i) => {
      dict.set(name, self.items[i] as Py)
    })
    return dict
  },
  _replace: (_m, self, _args, kwargs) =>
    new PyTuple(
      self.items.map((item, i) =>
        kwargs.has(self.names[i] as string) ? (kwargs.get(self.names[i] as string) as Py) : item,
      ),
      self.names,
    ),
  count: (m, { items }, [value]) => BigInt(items.filter((item) => equal(m, item, value ?? null) === true).length),
  index: (m, { items }, [value]) => place(m, items, value),
  numel: (m, { items }) => items.reduce<bigint>((product, item) => product * BigInt(indexOf(m, item)), 1n),
}

function update(m: Machine, self: PyDict, [other]: readonly Py[], kwargs: Kwargs): Py {
  m.touch(self)
  if (other instanceof PyDict) for (const { items } of other.items()) self.set(items[0] as Py, items[1] as Py)
  else if (other !== undefined && other !== null)
    for (const pair of iterate(m, other)) {
      const [key, value] = iterate(m, pair)
      self.set(key ?? null, value ?? null)
    }
  for (const [name, value] of kwargs) self.set(name, value)
  return null
}

// biome-ignore format: one row per method
const DICT: Readonly<Record<string, Method<PyDict>>> = {
  clear: (m, self) => { m.touch(self); self.clear(); return null },
  copy: (m, self) => { const dict = new PyDict(); update(m, dict, [self], new Map()); return dict },
  get: (_m, self, [key, otherwise]) => (self.has(key ?? null) ? (self.get(key ?? null) as Py) : (otherwise ?? null)),
  items: (_m, self) => new PyList([...self.items()]),
  keys: (_m, self) => new PyList(self.keys()),
  pop: (m, self, [key, otherwise]) => {
    const value = self.has(key ?? null) ? self.get(key ?? null) : otherwise
    if (value === undefined) throw m.error('pop of a key that a dict has not')
    m.touch(self)
    self.delete(key ?? null)
    return value
  },
  setdefault: (m, self, [key, value]) => {
    if (!self.has(key ?? null)) { m.touch(self); self.set(key ?? null, value ?? null) }
    return self.get(key ?? null) as Py
  },
  update,
  values: (_m, self) => new PyList(self.values()),
}

const text = (value: Py | undefined): string => (typeof value === 'string' ? value : '')

// biome-ignore format: one row per method
const TEXT: Readonly<Record<string, Method<string>>> = {
  count: (_m, self, [part]) => BigInt(text(part) === '' ? 0 : self.split(text(part)).length - 1),
  endswith: (_m, self, [part]) => self.endsWith(text(part)),
  find: (_m, self, [part]) => BigInt(self.indexOf(text(part))),
  format: (m, self, args, kwargs) => formatAll(m, self, args, kwargs),
  isdigit: (_m, self) => /^\d+$/.test(self),
  join: (m, self, [items]) => iterate(m, items ?? null).map(text).join(self).slice(0, 1_000_000),
  lower: (_m, self) => self.toLowerCase(),
  lstrip: (_m, self, [chars]) => (chars === undefined ? self.trimStart() : self),
  replace: (_m, self, [from, to]) => (text(from) === '' ? self : self.replaceAll(text(from), text(to)).slice(0, 1_000_000)),
  rsplit: (_m, self, [by]) => new PyList(by === undefined ? self.trim().split(/\s+/) : self.split(text(by))),
  rstrip: (_m, self, [chars]) => (chars === undefined ? self.trimEnd() : self),
  split: (_m, self, [by]) => new PyList(by === undefined || by === null ? self.trim().split(/\s+/) : self.split(text(by))),
  startswith: (_m, self, [part]) => self.startsWith(text(part)),
  strip: (_m, self) => self.trim(),
  upper: (_m, self) => self.toUpperCase(),
}

const SET: Readonly<Record<string, Method<PySet>>> = {
  union: (m, self, [other]) => new PySet([...self.items.values(), ...iterate(m, other ?? null)]),
}

const tableOf = <T>(rows: Readonly<Record<string, Method<T>>>): ReadonlyMap<string, Method<T>> =>
  new Map(Object.entries(rows))
const TABLES = {
  dict: tableOf(DICT),
  list: tableOf(LIST),
  set: tableOf(SET),
  text: tableOf(TEXT),
  tuple: tableOf(TUPLE),
}

/** A method of a container, with the container. */
export function containerMethod(value: Py, name: string): Builtin | undefined {
  if (value instanceof PyList) return methodOf(TABLES.list, value, name)
  if (value instanceof PyDict) return methodOf(TABLES.dict, value, name)
  if (typeof value === 'string') return methodOf(TABLES.text, value, name)
  if (value instanceof PySet) return methodOf(TABLES.set, value, name)
  return value instanceof PyTuple ? methodOf(TABLES.tuple, value, name) : undefined
}

function methodOf<T extends Py>(table: ReadonlyMap<string, Method<T>>, self: T, name: string): Builtin | undefined {
  const method = table.get(name)
  return method && new Builtin(`${typeOf(self)}.${name}`, (m, args, kwargs) => method(m, self, args, kwargs))
}
