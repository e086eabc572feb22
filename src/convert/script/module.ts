import { InferError } from '../../errors.ts'
import { contiguous } from '../../formats/torch-tensor.ts'
import {
  attributesOf,
  isArray,
  isGlobal,
  isObject,
  isTensor,
  isTuple,
  type NdArray,
  type PyObject,
  type Value,
} from '../../formats/values.ts'
import { DTYPE_NAMES, type DType, type TensorData } from '../../tensor/dtype.ts'
import { createTensor } from '../../tensor/tensor.ts'
import type { Datum } from '../aten/args.ts'
import { checkDType } from '../aten/dtypes.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import type { Forward } from '../torch/converter.ts'
import { hooked } from '../torch/hooks.ts'
import { publicName, TorchModule } from '../torch/module.ts'
import { parametersOf } from '../torch/parameters.ts'
import { methodsOf } from '../torch/table.ts'
import { baseNames, findMember } from './class.ts'
import { fromDatum, toDatum } from './datum.ts'
import { enumOf, memberOf } from './enum.ts'
import type { Machine } from './machine.ts'
import { isOwn } from './program.ts'
import { External, type Kwargs, type Py, PyClass, PyDict, PyList, PyModule, PyTuple } from './value.ts'

/** Modules of a file: their attributes as Python's values, and those of torch.nn by their converters. */

const MAX_NESTING = 64

/** A value of a file. What it shares, these share. */
export function fromValue(m: Machine, value: Value, path = '', depth = 0): Py {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return value
  if (typeof value === 'number' || typeof value === 'string') return value
  const known = m.values.get(value)
  if (known !== undefined) return known
  if (depth > MAX_NESTING) throw m.error(`${path} nests more than ${MAX_NESTING} levels`)
  const made = madeOf(m, value, path, depth + 1)
  m.values.set(value, made)
  if (made instanceof PyModule && isObject(value)) restore(m, made, value)
  return made
}

/** TorchScript's modules with a state of their own make themselves of it. */
function restore(m: Machine, module: PyModule, { state, type }: PyObject): void {
  const isOwnState = type.startsWith('__torch__') && state !== undefined && state !== null && !(state instanceof Map)
  if (!isOwnState || !module.cls || !findMember(m, module.cls, '__setstate__')) return
  m.callMethod(module, '__setstate__', [fromValue(m, state as Value, module.path)])
}

function madeOf(m: Machine, value: Value, path: string, depth: number): Py {
  const inner = (item: Value): Py => fromValue(m, item, path, depth)
  if (isTensor(value)) {
    checkDType(value.dtype)
    return m.t.constant(contiguous(value))
  }
  if (isArray(value)) return arrayIn(m, value, path)
  if (Array.isArray(value)) return new PyList(value.map(inner))
  if (isTuple(value)) return new PyTuple(value.items.map(inner))
  if (value instanceof Map) {
    const dict = new PyDict()
    for (const [key, item] of value) dict.set(inner(key), inner(item))
    return dict
  }
  if (isGlobal(value)) return m.library.definition(value.name, m) ?? new External(value.name)
  if (isObject(value)) return functionIn(value) ?? partialIn(m, value, inner) ?? objectIn(m, value, path, inner)
  throw m.error(`${path} holds what is not supported`)
}

const DTYPES: ReadonlySet<string> = new Set(DTYPE_NAMES.filter((dtype) => dtype !== 'string'))

/** numpy's arrays are tensors here: code makes tensors of them, or takes one of their numbers. */
function arrayIn(m: Machine, { dtype, shape, data }: NdArray, path: string): SymTensor {
  if (!DTYPES.has(dtype)) throw m.error(`${path} is an array of ${dtype}, which is not supported`)
  return m.t.constant(createTensor(checkDType(dtype as DType), shape, data as TensorData))
}

/** torch's own functions are saved as members of a class of C. */
function functionIn({ type, args: [owner, member] }: PyObject): External | undefined {
  const isMember = type === 'builtins.getattr' && isGlobal(owner) && typeof member === 'string'
  return isMember
    ? new External(owner.name === 'torch._C._VariableFunctionsClass' ? `torch.${member}` : `${owner.name}.${member}`)
    : undefined
}

/** `functools.partial`, whose state is the function and its first arguments. */
function partialIn(m: Machine, { type, state }: PyObject, inner: (item: Value) => Py): Py | undefined {
  if (type !== 'functools.partial' || !isTuple(state)) return undefined
  const [fn, args, kwargs] = state.items
  const bound = [fn ?? null, ...(isTuple(args) ? args.items : [])].map(inner)
  const named = kwargs instanceof Map ? [...kwargs].map(([key, item]) => [String(key), inner(item)] as const) : []
  return m.call(new External('functools.partial'), bound, new Map(named))
}

function objectIn(m: Machine, object: PyObject, path: string, inner: (item: Value) => Py): Py {
  const found = isOwn(object.type) ? m.library.definition(object.type, m) : undefined
  const cls = found instanceof PyClass ? found : undefined
  const members = cls && enumOf(m, cls)
  return members ? memberOf(m, cls, members, inner(object.args[0] ?? null)) : new PyModule(object, path, cls)
}

/** A parameter, buffer, module or other attribute of the file. */
export function stored(m: Machine, module: PyModule, name: string): Py | undefined {
  const value = rawOf(module.object, name)
  return value === undefined ? undefined : fromValue(m, value, module.path === '' ? name : `${module.path}.${name}`)
}

function rawOf(object: PyObject, name: string): Value | undefined {
  const attributes = attributesOf(object)
  if (attributes.has(name)) return attributes.get(name)
  for (const store of ['_parameters', '_buffers', '_modules']) {
    const values = attributes.get(store)
    if (values instanceof Map && values.has(name)) return values.get(name)
  }
  return undefined
}

/** The class of torch.nn (or sk2torch) that a module is, or that its class extends: by its public name. */
export function nativeType(m: Machine, module: PyModule): string | undefined {
  const names = module.cls ? baseNames(m, module.cls) : [module.object.type]
  return names.map(publicName).find((name) => /^(torch\.nn\.(?!Module$)|sk2torch\.)/.test(name))
}

const asNative = (m: Machine, module: PyModule): TorchModule =>
  new TorchModule(
    { ...module.object, type: nativeType(m, module) ?? module.object.type },
    module.path,
    m.t,
    m.constants,
  )

/** The methods that a converter has for a module. */
export const nativeMethods = (m: Machine, module: PyModule): ReadonlyMap<string, unknown> =>
  methodsOf(asNative(m, module)) ?? new Map()

/** Calls a method of a class of torch.nn, which is converted as a whole. */
export function callNative(m: Machine, module: PyModule, method: string, args: readonly Py[], kwargs: Kwargs): Py {
  const native = asNative(m, module)
  const convert = methodsOf(native)?.get(method)
  if (!convert) throw new InferError('bad_model', `${native.title} has no ${method} that is supported`)
  const inputs = [...args, ...namedInputs(m, native, method, args.length, kwargs)].map((value) => toDatum(m, value))
  return fromDatum(convert(hooked(native, m.t), m.t, inputs, forwardOf(m)))
}

/** Modules that a converter calls may have code of their own. */
function forwardOf(m: Machine): Forward {
  const method: Forward['method'] = (module, name, inputs) => {
    const inner = fromValue(m, module.object, module.path)
    if (!(inner instanceof PyModule)) throw m.error(`${module.title} is no module`)
    return toDatum(
      m,
      m.nested(() =>
        m.callMethod(
          inner,
          name,
          inputs.map((input) => fromDatum(input)),
          new Map(),
        ),
      ),
    )
  }
  return Object.assign((module: TorchModule, ...inputs: readonly Datum[]) => method(module, 'forward', inputs), {
    method,
  })
}

const BY_DEFAULT: ReadonlyMap<string, Py> = new Map([
  ['need_weights', true],
  ['average_attn_weights', true],
])

function namedInputs(m: Machine, native: TorchModule, method: string, given: number, kwargs: Kwargs): Py[] {
  if (kwargs.size === 0) return []
  const names = parametersOf(native, method)
    .slice(given)
    .map(({ name }) => name)
  const unknown = [...kwargs.keys()].find((name) => !names.includes(name))
  if (unknown !== undefined) throw m.error(`${native.title} has no parameter ${unknown} that is supported`)
  const last = names.findLastIndex((name) => kwargs.has(name))
  return names.slice(0, last + 1).map((name) => kwargs.get(name) ?? BY_DEFAULT.get(name) ?? null)
}

/** The names of what a module holds: of a ModuleDict its keys. */
export function moduleKeys(module: PyModule): string[] {
  const attributes = attributesOf(module.object)
  const modules = attributes.get('_modules')
  const parameters = attributes.get('_parameters')
  const held = modules instanceof Map && modules.size > 0 ? modules : parameters
  if (held instanceof Map) return [...held.keys()].map(String)
  return [...attributes].filter(([, value]) => isObject(value)).map(([key]) => String(key))
}

/** What a `for` over a module goes over: a ModuleDict's keys, another's modules. */
export function moduleItems(m: Machine, module: PyModule): Py[] {
  const type = nativeType(m, module) ?? ''
  const keys = moduleKeys(module)
  if (/Dict$/.test(type)) return keys
  if (!/^torch\.nn\.(Sequential|ModuleList|ParameterList)$/.test(type) && !SCRIPTED.test(module.object.type))
    throw m.error(`${module.object.type} is gone over, which is not supported`)
  return keys.map((key) => stored(m, module, key) as Py)
}
const SCRIPTED = /^__torch__\..*\.(Sequential|ModuleList|ParameterList)$/

/** `modules[i]`, `modules[a:b]`, `modules['name']`. */
export function moduleItem(m: Machine, module: PyModule, index: Py): Py {
  if (typeof index === 'string') {
    const value = stored(m, module, index)
    if (value === undefined) throw m.error(`${module.path} has no module ${index}`)
    return value
  }
  const items = moduleItems(m, module)
  const at = typeof index === 'bigint' ? Number(index) : Number.NaN
  const value = items.at(at)
  if (value === undefined || at >= items.length) throw m.error(`${module.path} has no module ${String(index)}`)
  return value
}

/** Whether a module has a method of its own code. */
export const codeOf = (m: Machine, module: PyModule, name: string) =>
  module.cls ? findMember(m, module.cls, name) : undefined
