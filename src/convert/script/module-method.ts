import type { Machine } from './machine.ts'
import { moduleKeys, stored } from './module.ts'
import { Builtin, type Py, PyList, type PyModule, PyTuple } from './value.ts'

/** What modules have of torch.nn.Module itself, and lists and dicts of modules of their own. */

type Method = (m: Machine, module: PyModule) => Py

const listOf = (items: readonly Py[]): PyList => new PyList([...items])

const named: Method = (m, module) =>
  listOf(moduleKeys(module).map((key) => new PyTuple([key, stored(m, module, key) as Py])))

const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['__len__', (_m, module) => BigInt(moduleKeys(module).length)],
  ['children', (m, module) => listOf(moduleKeys(module).map((key) => stored(m, module, key) as Py))],
  ['cpu', (_m, module) => module],
  ['eval', (_m, module) => module],
  ['items', named],
  ['keys', (_m, module) => listOf(moduleKeys(module))],
  ['named_children', named],
  ['requires_grad_', (_m, module) => module],
  ['to', (_m, module) => module],
  ['train', (_m, module) => module],
  ['values', (m, module) => listOf(moduleKeys(module).map((key) => stored(m, module, key) as Py))],
])

export function moduleMethod(_m: Machine, module: PyModule, name: string): Builtin | undefined {
  const method = METHODS.get(name)
  return method && new Builtin(name, (m) => method(m, module))
}
