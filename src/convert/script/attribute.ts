import { SymTensor } from '../aten/symbolic.ts'
import { findMember, type Member, valueOfMember } from './class.ts'
import { containerMethod } from './container.ts'
import { enumMember, isEnum } from './enum.ts'
import { resolveExternal } from './external.ts'
import type { Machine } from './machine.ts'
import { callNative, nativeMethods, stored } from './module.ts'
import { moduleMethod } from './module-method.ts'
import { tensorAttribute } from './tensor.ts'
import {
  Bound,
  Builtin,
  Device,
  External,
  Instance,
  type Py,
  PyClass,
  PyDType,
  PyModule,
  PyTuple,
  Super,
  typeOf,
} from './value.ts'

/** `value.name` */
export function getAttribute(m: Machine, value: Py, name: string): Py {
  const found = findAttribute(m, value, name)
  if (found === undefined) throw m.error(`${typeOf(value)} has no attribute ${name} that is supported`)
  return found
}

export function findAttribute(m: Machine, value: Py, name: string): Py | undefined {
  if (value instanceof PyModule) return ofModule(m, value, name)
  if (value instanceof SymTensor) return tensorAttribute(m, value, name)
  if (value instanceof External) return resolveExternal(m, value, name)
  if (value instanceof Instance) {
    const own = value.attributes.get(name)
    if (own !== undefined) return own
    const found = findMember(m, value.cls, name)
    return found && bound(m, found, value)
  }
  if (value instanceof PyClass) {
    if (name === '__name__') return value.definition.name
    if (name === '__new__') return new Builtin('__new__', (_m, [cls]) => new Instance((cls as PyClass) ?? value))
    const found = findMember(m, value, name)
    if (found?.member.kind === 'value' && isEnum(m, value)) return enumMember(m, value, name, found)
    return found && (found.member.kind === 'class' ? bound(m, found, value) : valueOfMember(m, found))
  }
  if (value instanceof Super) return ofSuper(m, value, name)
  if (value instanceof PyTuple && value.names.includes(name)) return value.items[value.names.indexOf(name)]
  if (value instanceof Device) return name === 'type' ? 'cpu' : name === 'index' ? null : undefined
  if (value instanceof PyDType) return name === 'is_floating_point' ? /float/.test(value.dtype) : undefined
  return containerMethod(value, name)
}

/** A member as an instance has it: methods with their first argument, properties called. */
function bound(m: Machine, found: Member, receiver: Py): Py {
  const { member } = found
  const value = valueOfMember(m, found)
  if (member.kind === 'value' || member.kind === 'nested' || member.kind === 'static') return value
  const first = member.kind === 'class' && receiver instanceof Instance ? receiver.cls : receiver
  const method = new Bound(first, value as Bound['callee'])
  return member.kind === 'property' ? m.call(method, []) : method
}

function ofModule(m: Machine, module: PyModule, name: string): Py | undefined {
  const set = module.overlay(name)
  if (set !== undefined) return set
  if (name === 'training') return false
  const held = stored(m, module, name)
  if (held !== undefined) return held
  if (module.cls) {
    const found = findMember(m, module.cls, name)
    if (found) return bound(m, found, module)
  }
  return nativeAttribute(m, module, name)
}

function nativeAttribute(m: Machine, module: PyModule, name: string): Py | undefined {
  const method = moduleMethod(m, module, name)
  if (method !== undefined) return method
  if (!nativeMethods(m, module).has(name)) return undefined
  return new Builtin(name, (_m, args, kwargs) => callNative(m, module, name, args, kwargs))
}

function ofSuper(m: Machine, { owner, receiver }: Super, name: string): Py | undefined {
  const cls = receiver instanceof PyModule || receiver instanceof Instance ? receiver.cls : undefined
  const found = cls && findMember(m, cls, name, owner)
  if (found) return bound(m, found, receiver)
  return receiver instanceof PyModule ? nativeAttribute(m, receiver, name) : undefined
}

/** `value.name = item` */
export function setAttribute(m: Machine, value: Py, name: string, item: Py): void {
  if (value instanceof PyModule) {
    m.touch(value)
    value.set(name, item)
  } else if (value instanceof Instance) {
    m.touch(value)
    value.attributes.set(name, item)
  } else if (value instanceof SymTensor && name === 'data' && item instanceof SymTensor) m.t.assign(value, item)
  else throw m.error(`${typeOf(value)} has no attribute ${name} that can be set`)
}
