import { InferError } from '../../errors.ts'
import { isObject, isTensor, type Value } from '../../formats/values.ts'
import { Graph } from '../../onnx/graph.ts'
import type { DType } from '../../tensor/dtype.ts'
import { Aten } from '../aten/aten.ts'
import { SymSize, Undecided } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { operatorOf } from '../aten/table.ts'
import {
  type ConvertOptions,
  outputsOf,
  requestDType,
  type TorchConversion,
  type TorchDescription,
} from '../torch/convert.ts'
import { type Parameter, placesOf } from '../torch/parameters.ts'
import { callMethod } from './call.ts'
import { findMember, valueOfMember } from './class.ts'
import { toDatum } from './datum.ts'
import { VERBS } from './interpreter.ts'
import { Library } from './library.ts'
import { Machine } from './machine.ts'
import { checkCode } from './missing-code.ts'
import { fromValue, nativeMethods } from './module.ts'
import { Unsupported } from './operator-call.ts'
import type { Program } from './program.ts'
import { describeUnsupported } from './unsupported.ts'
import { type Py, PyList, PyModule, PyTuple } from './value.ts'

/**
 * A model of TorchScript, or of classes whose Python is at hand, as a graph for inputs of this signature. Its code is
 * read and interpreted as data. The batch stays open where nothing depends on its length.
 * @throws InferError bad_model that names what of it is not converted, and where; bad_request for inputs that it does
 * not take
 */
export function convertScript(program: Program, options: ConvertOptions): TorchConversion {
  const open = options.inputs.some(({ dims }) => dims.includes(null))
  if (!open) return convertFor(program, options, false)
  try {
    return convertFor(program, options, true)
  } catch (error) {
    if (!(error instanceof Undecided)) throw error
    return convertFor(program, options, false)
  }
}

function convertFor(program: Program, options: ConvertOptions, symbolic: boolean): TorchConversion {
  const { inputs, batch, method = 'forward', names } = options
  const graph = new Graph()
  const t = new Aten(operatorOf, graph)
  const m = new Machine(t, new Library(program.find), VERBS, program.constants)
  const length = symbolic ? new SymSize(1, 0) : batch
  return located(m, () => {
    const module = rootOf(m, program)
    checkCode(m, module)
    const parameters = parametersOf(m, module, method)
    if (parameters) placesOf(method, parameters, inputs.length, names)
    const tensors = inputs.map(({ dtype, dims }, i) =>
      t.input(
        `input${i}`,
        requestDType(dtype),
        dims.map((dim) => dim ?? length),
      ),
    )
    const result = callRoot(m, module, method, argumentsOf(tensors, names))
    return { graph, outputs: outputsOf(t, toDatum(m, result)), symbolic, ...refusalOf(m) }
  })
}

/** What refuses a request, where data decides. */
export function refusalOf({ alarm, t }: Machine): Pick<TorchConversion, 'refusal'> {
  const { code, sentences } = alarm
  return code instanceof SymTensor ? { refusal: { code: t.value(code), sentences } } : {}
}

/** The model itself: TorchScript writes the hooks of parts where these are called, and of the whole as lists. */
function callRoot(m: Machine, module: PyModule, method: string, [args, kwargs]: [readonly Py[], Map<string, Py>]): Py {
  const [before, after] = HOOKS.map((list) => (method === 'forward' ? hooksIn(m, module, list) : [])) as [
    string[],
    string[],
  ]
  if (before.length + after.length === 0) return callMethod(m, module, method, args, kwargs)
  const order = parametersOf(m, module, method)?.slice(0, Math.max(args.length, kwargs.size)) ?? []
  const given = args.length > 0 ? args : order.map(({ name }) => kwargs.get(name))
  if (!given.every((value) => value !== undefined))
    throw new InferError('bad_request', `${method} has hooks, which take ${order.map(({ name }) => name).join(', ')}`)
  const inputs = before.reduce<Py>((tuple, hook) => {
    const made = m.callMethod(module, hook, [tuple])
    return made === null ? tuple : made instanceof PyTuple ? made : new PyTuple([made])
  }, new PyTuple(given))
  const result = m.callMethod(module, method, (inputs as PyTuple).items)
  return after.reduce<Py>((output, hook) => {
    const made = m.callMethod(module, hook, [inputs, output])
    return made === null ? output : made
  }, result)
}
const HOOKS = ['__forward_pre_hooks__', '__forward_hooks__']

/** Methods that are hooks, in order. */
function hooksIn(m: Machine, { cls, object }: PyModule, list: string): string[] {
  const found = cls && object.type.startsWith('__torch__') ? findMember(m, cls, list) : undefined
  const names = found && valueOfMember(m, found)
  return names instanceof PyList ? names.items.map(String) : []
}

function argumentsOf(tensors: readonly SymTensor[], names?: readonly string[]): [readonly Py[], Map<string, Py>] {
  if (!names) return [tensors, new Map()]
  return [[], new Map(names.map((name, i) => [name, tensors[i] as SymTensor]))]
}

function rootOf(m: Machine, { value }: Program): PyModule {
  if (!isObject(value)) throw m.error('the file holds no module')
  const module = fromValue(m, value)
  if (module instanceof PyModule) return module
  throw m.error('the file holds no module')
}

/** What a request may bring to a method; `undefined` where only its call tells. @throws InferError bad_request */
function parametersOf(m: Machine, module: PyModule, method: string): readonly Parameter[] | undefined {
  const methods = methodsOf(m, module)
  if (methods.has(method)) return methods.get(method)
  if (methods.size === 0) throw m.error(`${module.object.type} has no forward`)
  const known = [...methods.keys()].join(', ')
  throw new InferError('bad_request', `${module.object.type} has no method ${method}; it has ${known}`)
}

/** The public methods of a class that take something, `forward` first. */
function methodsOf(m: Machine, module: PyModule): ReadonlyMap<string, readonly Parameter[] | undefined> {
  const found = new Map<string, readonly Parameter[] | undefined>()
  const { cls } = module
  const hooks = HOOKS.flatMap((list) => hooksIn(m, module, list))
  for (const name of nativeMethods(m, module).keys()) found.set(name, undefined)
  const names = ['forward', ...(cls ? [...cls.members.keys()].sort() : [])]
  for (const name of names) {
    if (hooks.includes(name)) continue
    const member = cls && findMember(m, cls, name)?.member
    if (member?.kind !== 'method' || (name.startsWith('_') && name !== '__call__')) continue
    const parameters = member.definition.parameters.slice(1)
    const isOpen = parameters.some(({ kind }) => kind === 'args' || kind === 'kwargs' || kind === 'keyword')
    if (parameters.length > 0)
      found.set(name, isOpen ? undefined : parameters.map((each) => ({ name: each.name, optional: !!each.byDefault })))
  }
  return found
}

/**
 * What a program is, before any input is known.
 * @throws InferError bad_model
 */
export function describeScript(program: Program): TorchDescription {
  const m = new Machine(new Aten(operatorOf), new Library(program.find), VERBS, program.constants)
  return located(m, () => {
    const module = rootOf(m, program)
    checkCode(m, module)
    const methods = [...methodsOf(m, module).keys()]
    if (methods.length === 0) throw m.error(`${module.object.type} has no forward`)
    return { type: module.object.type, methods, dtype: floatIn(program.value) }
  })
}

/** Values of a file that are looked at for the dtype of its weights. */
const MAX_LOOKED = 100_000

function floatIn(root: Value): DType | undefined {
  const seen = new Set<Value>()
  const queue: Value[] = [root]
  for (let value = queue.pop(); value !== undefined && seen.size < MAX_LOOKED; value = queue.pop()) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue
    seen.add(value)
    if (isTensor(value) && (value.dtype.startsWith('float') || value.dtype === 'bfloat16')) return value.dtype
    if (isObject(value) && value.state !== undefined) queue.push(value.state)
    else if (value instanceof Map) queue.push(...[...value.values()].reverse())
    else if (Array.isArray(value)) queue.push(...[...value].reverse())
  }
  return undefined
}

/** Adds to an error where in the code it happened. */
function located<T>(m: Machine, run: () => T): T {
  try {
    return run()
  } catch (error) {
    const place = `${m.path}:${m.line}`
    if (error instanceof RangeError && /call stack/.test(error.message))
      throw new InferError('bad_model', `the model's code nests too deep${m.path && ` (${place})`}`)
    if (error instanceof Unsupported) throw new InferError('bad_model', describeUnsupported(m, error))
    if (error instanceof Undecided || m.path === '') throw error
    if (error instanceof InferError && error.code !== 'internal') throw withPlace(error, place)
    throw error
  }
}

function withPlace(error: InferError, place: string): InferError {
  if (error.message.includes('.py:')) return error
  error.message = `${error.message} (${place})`
  return error
}
