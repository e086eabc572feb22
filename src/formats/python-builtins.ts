import { broken } from './cursor.ts'
import type { Call } from './pickle-table.ts'
import {
  bytesOf,
  type Dict,
  isGlobal,
  isTuple,
  itemsOf,
  latin1,
  NamedDict,
  pyObject,
  tuple,
  typeName,
  type Value,
} from './values.ts'

/**
 * Python's own containers, and the detours by which older protocols write what newer ones have opcodes for. Others
 * (`slice`, `range`, `complex`, `functools.partial`) stay records: nobody has to know more than their arguments.
 */

const refuse = (name: string, args: readonly Value[]): never => {
  throw broken('pickle', `${name}(${args.map(typeName).join(', ')}) makes no sense`)
}

/** The items of what a container is made of: none, or one list, tuple, set. */
function contents(name: string, args: readonly Value[]): readonly Value[] {
  if (args.length === 0) return []
  const [first] = args
  const items = first instanceof Set ? [...first] : itemsOf(first)
  return args.length === 1 && items !== undefined ? items : refuse(name, args)
}

/** A dict from nothing, a dict, or a list of pairs. */
function filled(name: string, map: Dict, args: readonly Value[]): Dict {
  const [first = []] = args
  if (args.length > 1) refuse(name, args)
  if (first instanceof Map) for (const [key, value] of first) map.set(key, value)
  else {
    for (const pair of itemsOf(first) ?? refuse(name, args)) {
      const [key, value] = itemsOf(pair) ?? refuse(name, args)
      if (key === undefined || value === undefined) refuse(name, args)
      else map.set(key, value)
    }
  }
  return map
}

function byteArray(args: readonly Value[]): Value {
  const [first = new Uint8Array(0), encoding] = args
  // Protocol 2 writes (text, 'latin-1'); protocol 3 and 4 write (bytes,).
  if (encoding !== undefined && !isLatin1(encoding)) refuse('bytearray', args)
  return { kind: 'bytearray', bytes: bytesOf(first) ?? refuse('bytearray', args) }
}

function bytes(args: readonly Value[]): Value {
  const [first = new Uint8Array(0)] = args
  return args.length < 2 ? (bytesOf(first) ?? refuse('bytes', args)) : encode(args)
}

/** `_codecs.encode(text, 'latin1')`: how protocols 0 to 2 write bytes. */
function encode(args: readonly Value[]): Value {
  const [text, encoding] = args
  if (typeof text !== 'string' || !isLatin1(encoding)) return refuse('_codecs.encode', args)
  return latin1(text) ?? refuse('_codecs.encode', args)
}

const isLatin1 = (encoding: Value | undefined): boolean =>
  typeof encoding === 'string' && /^(latin[-_]?1|iso-?8859-1)$/i.test(encoding)

/** `copyreg._reconstructor(class, base, state)`: how protocols 0 and 1 write instances. */
function reconstructor(args: readonly Value[]): Value {
  const [type, base, state] = args
  if (!isGlobal(type) || !isGlobal(base)) return refuse('copyreg._reconstructor', args)
  const known = PYTHON_CALLS.get(type.name)
  if (known !== undefined && known !== reconstructor)
    return known(state === null || state === undefined ? [] : [state], undefined)
  const made = pyObject(type.name, base.name === 'builtins.object' ? [] : [state ?? null])
  if (state instanceof Map) made.entries = new Map(state)
  if (Array.isArray(state)) made.items = [...state]
  return made
}

/** `copyreg.__newobj__(class, *args)`: NEWOBJ where a protocol has none. */
function newObject(args: readonly Value[]): Value {
  const [type, ...rest] = args
  return isGlobal(type) ? pyObject(type.name, rest) : refuse('copyreg.__newobj__', args)
}

/** `copyreg.__newobj_ex__(class, args, kwargs)`. */
function newObjectEx(args: readonly Value[]): Value {
  const [type, rest, kwargs] = args
  if (!isGlobal(type) || !isTuple(rest) || !(kwargs instanceof Map)) return refuse('copyreg.__newobj_ex__', args)
  return pyObject(type.name, rest.items, kwargs)
}

const MAX_NAME = 1024

/** `getattr(Outer, 'Inner')`: how protocols before 4 write a class within a class. Of anything else it stays a record. */
function attribute(args: readonly Value[]): Value {
  const [owner, name] = args
  if (!isGlobal(owner) || typeof name !== 'string' || args.length !== 2) return pyObject('builtins.getattr', args)
  if (owner.name.length + name.length > MAX_NAME) return refuse('getattr', args)
  return { kind: 'global', name: `${owner.name}.${name}` }
}

const namedDict =
  (type: string, factory = 0): Call =>
  (args) =>
    filled(type, new NamedDict(type), args.slice(factory))

export const PYTHON_CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['builtins.bytearray', byteArray],
  ['builtins.bytes', bytes],
  ['builtins.dict', (args) => filled('dict', new Map(), args)],
  ['builtins.frozenset', (args) => ({ kind: 'frozenset', items: new Set(contents('frozenset', args)) })],
  ['builtins.getattr', attribute],
  ['builtins.list', (args) => [...contents('list', args)]],
  ['builtins.set', (args) => new Set(contents('set', args))],
  ['builtins.tuple', (args) => tuple(contents('tuple', args))],
  ['collections.Counter', namedDict('collections.Counter')],
  ['collections.OrderedDict', namedDict('collections.OrderedDict')],
  ['collections.defaultdict', namedDict('collections.defaultdict', 1)],
  ['copyreg.__newobj__', newObject],
  ['copyreg.__newobj_ex__', newObjectEx],
  ['copyreg._reconstructor', reconstructor],
  ['_codecs.encode', encode],
])
