import { getAttribute } from './attribute.ts'
import { findMember, isNamedTuple } from './class.ts'
import { enumOf, memberOf } from './enum.ts'
import { callExternal } from './external.ts'
import { Frame } from './frame.ts'
import type { Machine } from './machine.ts'
import { codeOf, fromValue } from './module.ts'
import type { Expression, Parameters } from './syntax.ts'
import {
  Bound,
  Builtin,
  External,
  Instance,
  type Kwargs,
  type Py,
  PyClass,
  PyDict,
  PyFunction,
  PyModule,
  PyTuple,
  typeOf,
} from './value.ts'

/** Calls whatever can be called. */
export function call(m: Machine, callee: Py, args: readonly Py[], kwargs: Kwargs = new Map()): Py {
  if (callee instanceof PyFunction) return callFunction(m, callee, args, kwargs)
  if (callee instanceof Bound) return callFunction(m, callee.callee, [callee.receiver, ...args], kwargs)
  if (callee instanceof Builtin) return callee.call(m, args, kwargs)
  if (callee instanceof External) return callExternal(m, callee.path, args, kwargs)
  if (callee instanceof PyClass) return instantiate(m, callee, args, kwargs)
  if (callee instanceof PyModule) return callMethod(m, callee, 'forward', args, kwargs)
  if (callee instanceof Instance) return call(m, getAttribute(m, callee, '__call__'), args, kwargs)
  throw m.error(`${typeOf(callee)} is called, which is not supported`)
}

/** A method of a module: of its own code, else of its converter. */
export function callMethod(m: Machine, module: PyModule, name: string, args: readonly Py[], kwargs: Kwargs): Py {
  if (name !== 'forward') return call(m, getAttribute(m, module, name), args, kwargs)
  const given = hooksOf(m, module, '_forward_pre_hooks').reduce<readonly Py[]>((before, hook) => {
    const made = call(m, hook, [module, new PyTuple(before)])
    return made === null ? before : made instanceof PyTuple ? made.items : [made]
  }, args)
  const result = call(m, getAttribute(m, bare(m, module), name), given, kwargs)
  return hooksOf(m, module, '_forward_hooks').reduce<Py>((before, hook) => {
    const made = call(m, hook, [module, new PyTuple(given), before])
    return made === null ? before : made
  }, result)
}

/** A module of torch.nn without the hooks that are run here. */
function bare(m: Machine, module: PyModule): PyModule {
  const { object, path, cls } = module
  const isHooked = STORES.some((store) => hooksOf(m, module, store).length > 0)
  if (!isHooked || (cls && codeOf(m, module, 'forward')) || !(object.state instanceof Map)) return module
  const state = new Map([...object.state].filter(([name]) => !STORES.includes(String(name))))
  return new PyModule({ ...object, state }, path, cls)
}
const STORES: readonly string[] = ['_forward_pre_hooks', '_forward_hooks']

/** Functions of the model's own code; others are not in the file. */
function hooksOf(m: Machine, module: PyModule, store: string): readonly PyFunction[] {
  const { state, type } = module.object
  const held = state instanceof Map ? state.get(store) : undefined
  if (!(held instanceof Map) || held.size === 0) return []
  const withMore = ['_forward_pre_hooks_with_kwargs', '_forward_hooks_with_kwargs'].some((name) => {
    const kinds = state instanceof Map ? state.get(name) : undefined
    return kinds instanceof Map && kinds.size > 0
  })
  const hooks = [...held.values()].map((value) => {
    const hook = fromValue(m, value)
    if (hook instanceof PyFunction && !withMore) return hook
    if (!module.cls || !codeOf(m, module, 'forward')) return undefined
    throw m.error(`${type} (${module.path}) has a hook that is not supported beside code of its own`)
  })
  // weight_norm and the like are for the converter of a module.
  return hooks.every((hook) => hook !== undefined) ? hooks : []
}

export function callFunction(m: Machine, fn: PyFunction, args: readonly Py[], kwargs: Kwargs): Py {
  const frame = new Frame(fn.scope, fn.owner)
  m.enter()
  const [path, line] = [m.path, m.line]
  bind(m, fn, frame, args, kwargs)
  frame.self = fn.owner ? args[0] : undefined
  const value = isBlock(fn.body) ? m.runBody(fn.body, frame) : m.evaluate(fn.body, frame)
  m.path = path
  m.line = line
  m.leave()
  return value
}

const isBlock = (body: PyFunction['body']): body is Exclude<PyFunction['body'], Expression> => Array.isArray(body)

/** Arguments to parameters, by Python's rules. */
function bind(m: Machine, fn: PyFunction, frame: Frame, args: readonly Py[], kwargs: Kwargs): void {
  const positional = fn.parameters.filter(({ kind }) => kind === 'positional')
  const rest = fn.parameters.find(({ kind }) => kind === 'args')
  if (args.length > positional.length && !rest)
    throw m.error(`${fn.name} takes ${positional.length} arguments, and is given ${args.length}`)
  if (rest) frame.set(rest.name, new PyTuple(args.slice(positional.length)), m)
  const left = new Map(kwargs)
  fn.parameters.forEach((parameter, i) => {
    const { name, kind } = parameter
    if (kind === 'args' || kind === 'kwargs') return
    const given = kind === 'positional' ? args[i] : undefined
    const value = firstOf(given, left.get(name), () => byDefault(m, fn, parameter))
    if (value === undefined) throw m.error(`${fn.name} wants an argument ${name}`)
    left.delete(name)
    frame.set(name, value, m)
  })
  collectNamed(m, fn, frame, left)
}

/** None is a value. */
function firstOf(a: Py | undefined, b: Py | undefined, otherwise: () => Py | undefined): Py | undefined {
  if (a !== undefined) return a
  return b === undefined ? otherwise() : b
}

function byDefault(m: Machine, fn: PyFunction, { name, byDefault: value }: Parameters[number]): Py | undefined {
  return value && (fn.defaults?.get(name) ?? m.evaluate(value, new Frame(fn.scope)))
}

function collectNamed(m: Machine, fn: PyFunction, frame: Frame, left: ReadonlyMap<string, Py>): void {
  const named = fn.parameters.find(({ kind }) => kind === 'kwargs')
  const [first] = left.keys()
  if (!named && first !== undefined) throw m.error(`${fn.name} has no parameter ${first}`)
  if (!named) return
  const dict = new PyDict()
  for (const [name, value] of left) dict.set(name, value)
  frame.set(named.name, dict, m)
}

/** An object of a class of the code: named tuples and data classes by their fields, others by `__init__`. */
function instantiate(m: Machine, cls: PyClass, args: readonly Py[], kwargs: Kwargs): Py {
  const members = enumOf(m, cls)
  if (members) return memberOf(m, cls, members, args[0] ?? null)
  const fields = (): [string, Py][] =>
    cls.fields.map(({ name, byDefault: value }, i) => {
      const given = firstOf(args[i], kwargs.get(name), () => value && m.evaluate(value, new Frame(cls.scope)))
      if (given === undefined) throw m.error(`${cls.qualified} wants a value for ${name}`)
      return [name, given]
    })
  if (isNamedTuple(m, cls)) {
    const made = fields()
    return new PyTuple(
      made.map(([, value]) => value),
      made.map(([name]) => name),
    )
  }
  const instance = new Instance(cls)
  const init = findMember(m, cls, '__init__')
  if (init) call(m, getAttribute(m, instance, '__init__'), args, kwargs)
  else if (cls.definition.decorators.length > 0) instance.attributes = new Map(fields())
  else if (args.length > 0 || kwargs.size > 0) throw m.error(`${cls.qualified} takes no arguments`)
  return instance
}
