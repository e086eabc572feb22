import { attributesOf, type Value } from '../../formats/values.ts'
import type { Machine } from './machine.ts'
import { moduleKeys, stored } from './module.ts'
import { Builtin, type Kwargs, type Py, PyList, PyModule, PyTuple } from './value.ts'

/** What modules have of torch.nn.Module itself, and lists and dicts of modules of their own. */

type Method = (m: Machine, module: PyModule, args: readonly Py[], kwargs: Kwargs) => Py

const listOf = (items: readonly Py[]): PyList => new PyList([...items])

const named: Method = (m, module) =>
  listOf(moduleKeys(module).map((key) => new PyTuple([key, stored(m, module, key) as Py])))

/** A module and those within it, by their paths, each once. */
function within(m: Machine, module: PyModule, path = '', seen = new Set<PyModule>()): [string, PyModule][] {
  if (seen.has(module)) return []
  seen.add(module)
  m.step()
  const found: [string, PyModule][] = [[path, module]]
  for (const key of storeOf(module, '_modules').keys()) {
    const inner = stored(m, module, key)
    if (inner instanceof PyModule) found.push(...within(m, inner, path === '' ? key : `${path}.${key}`, seen))
  }
  return found
}

function storeOf(module: PyModule, store: string): ReadonlyMap<string, Value> {
  const values = attributesOf(module.object).get(store)
  return values instanceof Map ? (values as ReadonlyMap<string, Value>) : new Map()
}

/** The parameters or buffers of a module and those within it, in the order of their definition, each once. */
const held =
  (store: string, pair: (name: string, value: Py) => Py): Method =>
  (m, module, args, kwargs) => {
    const isDeep = (kwargs.get('recurse') ?? args[0] ?? true) === true
    const seen = new Set<Value>()
    const found: Py[] = []
    for (const [path, owner] of isDeep ? within(m, module) : [['', module] as const])
      for (const [name, value] of storeOf(owner, store)) {
        if (value === null || seen.has(value)) continue
        seen.add(value)
        found.push(pair(path === '' ? name : `${path}.${name}`, stored(m, owner, name) as Py))
      }
    return listOf(found)
  }

const alone = (_name: string, value: Py): Py => value
const withName = (name: string, value: Py): Py => new PyTuple([name, value])

const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['__len__', (_m, module) => BigInt(moduleKeys(module).length)],
  ['buffers', held('_buffers', alone)],
  ['children', (m, module) => listOf(moduleKeys(module).map((key) => stored(m, module, key) as Py))],
  ['cpu', (_m, module) => module],
  ['eval', (_m, module) => module],
  ['items', named],
  ['keys', (_m, module) => listOf(moduleKeys(module))],
  ['modules', (m, module) => listOf(within(m, module).map(([, inner]) => inner))],
  ['named_buffers', held('_buffers', withName)],
  ['named_children', named],
  ['named_modules', (m, module) => listOf(within(m, module).map(([path, inner]) => new PyTuple([path, inner])))],
  ['named_parameters', held('_parameters', withName)],
  ['parameters', held('_parameters', alone)],
  ['requires_grad_', (_m, module) => module],
  ['to', (_m, module) => module],
  ['train', (_m, module) => module],
  ['values', (m, module) => listOf(moduleKeys(module).map((key) => stored(m, module, key) as Py))],
])

export function moduleMethod(_m: Machine, module: PyModule, name: string): Builtin | undefined {
  const method = METHODS.get(name)
  return method && new Builtin(name, (m, args, kwargs) => method(m, module, args, kwargs))
}
