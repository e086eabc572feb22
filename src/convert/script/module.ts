import { InferError } from '../../errors.ts'
import { contiguous } from '../../formats/torch-tensor.ts'
import { attributesOf, isGlobal, isObject, isTensor, isTuple, type PyObject, type Value } from '../../formats/values.ts'
import type { Datum } from '../aten/args.ts'
import { checkDType } from '../aten/dtypes.ts'
import type { Forward } from '../torch/converter.ts'
import { hooked } from '../torch/hooks.ts'
import { publicName, TorchModule } from '../torch/module.ts'
import { methodsOf } from '../torch/table.ts'
import { baseNames, findMember } from './class.ts'
import { fromDatum, toDatum } from './datum.ts'
import { enumOf, isEnum } from './enum.ts'
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
  if (Array.isArray(value)) return new PyList(value.map(inner))
  if (isTuple(value)) return new PyTuple(value.items.map(inner))
  if (value instanceof Map) {
    const dict = new PyDict()
    for (const [key, item] of value) dict.set(inner(key), inner(item))
    return dict
  }
  if (isGlobal(value)) return m.library.definition(value.name, m) ?? new External(value.name)
  if (isObject(value))
    return functionIn(value) ?? enumIn(m, value, inner) ?? partialIn(m, value, inner) ?? moduleOf(m, value, path)
  throw m.error(`${path} holds what is not supported`)
}

/** A member of an enumeration is saved as its class, called with its value. */
function enumIn(m: Machine, { type, args: [value] }: PyObject, inner: (item: Value) => Py): Py | undefined {
  const cls = value === undefined ? undefined : m.library.definition(type, m)
  return cls instanceof PyClass && isEnum(m, cls) ? enumOf(m, cls, inner(value as Value)) : undefined
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

function moduleOf(m: Machine, object: PyObject, path: string): PyModule {
  const cls = isOwn(object.type) ? m.library.definition(object.type, m) : undefined
  return new PyModule(object, path, cls instanceof PyClass ? cls : undefined)
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
  const inputs = [...args, ...namedInputs(m, native, args.length, kwargs)].map((value) => toDatum(m, value))
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

/** What forward's parameters are called, where people name them. */
const INPUTS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'torch.nn.Bilinear': 'input1 input2',
    'torch.nn.GRU': 'input hx',
    'torch.nn.LSTM': 'input hx',
    'torch.nn.MultiheadAttention':
      'query key value key_padding_mask need_weights attn_mask average_attn_weights is_causal',
    'torch.nn.RNN': 'input hx',
    'torch.nn.Transformer': 'src tgt src_mask tgt_mask memory_mask src_key_padding_mask tgt_key_padding_mask',
    'torch.nn.TransformerDecoder': 'tgt memory tgt_mask memory_mask tgt_key_padding_mask memory_key_padding_mask',
    'torch.nn.TransformerDecoderLayer': 'tgt memory tgt_mask memory_mask tgt_key_padding_mask memory_key_padding_mask',
    'torch.nn.TransformerEncoder': 'src mask src_key_padding_mask is_causal',
    'torch.nn.TransformerEncoderLayer': 'src src_mask src_key_padding_mask is_causal',
  }).map(([type, names]) => [type, names.split(' ')]),
)
const BY_DEFAULT: ReadonlyMap<string, Py> = new Map([
  ['need_weights', true],
  ['average_attn_weights', true],
])

function namedInputs(m: Machine, native: TorchModule, given: number, kwargs: Kwargs): Py[] {
  if (kwargs.size === 0) return []
  const names = (INPUTS.get(native.type) ?? ['input']).slice(given)
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
