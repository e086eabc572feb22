/**
 * An off-chain `data` object to tensors. The generations are told apart by shape (contract, sections 2 and 11.4):
 *
 *   {dtype, values}                  classic      {input: {dtype: name, …}}    v1
 *   {input: {dtype: number, …}}      v2           {inputs: {name: vector}}     v1 or v2, several inputs
 *   {input: nested list}             starter      {name: nested list, …}       onnx, the old form
 *   {records}, {columns}, {texts}    table
 *
 * and the answer of any of our containers is taken as a request: {dtype, shape, values}, {result}, {data}, {output}.
 */
import { ARITHMETICS, type Arithmetic } from '../codecs/ritual-vector.ts'
import { TORCH_DTYPES } from '../codecs/tensor-vector.ts'
import { InferError, show } from '../errors.ts'
import type { Dialect } from '../runtime/engine.ts'
import type { Cast } from '../tensor/cast.ts'
import { type Digits, fromUntyped } from '../tensor/from-json.ts'
import type { Table } from '../tensor/host-value.ts'
import type { NamedTensor, Tensor } from '../tensor/tensor.ts'
import type { Wording } from './answer.ts'
import { readCells, readTable } from './table.ts'
import { readTyped, readVector, torchNameOf } from './vector.ts'

export interface DecodedRequest {
  readonly tensors: readonly NamedTensor[]
  /** In place of tensors: rows of a table, which may hold text and missing values. */
  readonly table?: Table
  readonly cast: Cast
  readonly wording: Wording
  readonly method?: string | readonly string[]
  /** The caller's words for another model: `model_id`, or `model_source` with `load_args`. */
  readonly model?: Readonly<Record<string, unknown>>
}

export type Profile = 'auto' | 'classic' | 'v1' | 'v2' | 'starter' | 'onnx'

export interface RequestOptions {
  /** `auto`: as the request looks. Else the answer's profile, and how an ambiguous request is read. */
  readonly profile: Profile
  /** Whether a bare `{name: nested}` is ONNX's old form, and vectors are answered as a `result` list. */
  readonly dialect: Dialect
  /** The model's inputs: data whose keys are just these is ONNX's old form, whatever they are called. */
  readonly inputNames: readonly string[]
  readonly classicOutput: 'data' | 'witness'
  /** What a classic request's tensors may be cast to. */
  readonly classicCast: Cast
  readonly digits: Digits
}

type Data = Readonly<Record<string, unknown>>
type Decoded = Pick<DecodedRequest, 'tensors' | 'table' | 'cast' | 'wording'>

/** Keys of `data` that are never an input of the old ONNX form. */
const OPTIONS = new Set(['method', 'model_id', 'model_source', 'load_args', 'output_arithmetic', 'output_num_decimals'])

/** @throws InferError bad_request that names the path; LossyNumber */
export function readRequest(data: Data, options: RequestOptions): DecodedRequest {
  const decoded = worded(decode(data, options), data, options)
  const model = modelOf(data)
  const method = methodOf(data)
  if (isList(method) && method.length > 1 && ['v1', 'v2'].includes(decoded.wording.profile))
    throw new InferError('bad_request', `data.method is ${show(method)}; a vector answers one method`)
  if (!model && method === undefined) return decoded
  return { ...decoded, ...(model && { model }), ...(method !== undefined && { method }) }
}

function decode(data: Data, options: RequestOptions): Decoded {
  const table = options.dialect === 'table' ? tableIn(data) : undefined
  if (table) return { tensors: [], table, cast: 'any', wording: { profile: 'classic' } }
  if (options.dialect === 'onnx' && options.profile !== 'starter' && isByName(data, options.inputNames))
    return oldOnnx(data, options)
  if (data.inputs !== undefined) return several(data, options)
  if (isList(data.input) && onlyInput(data, options)) return starter(data, options)
  if (data.input !== undefined && !isList(data.input)) return single(data, data.input, 'data.input', options)
  if (data.shape !== undefined && data.values !== undefined) return single(data, data, 'data', options)
  if (data.dtype !== undefined || (data.values !== undefined && options.dialect !== 'onnx'))
    return classic(data, options)
  if (options.profile === 'auto' || options.profile === 'onnx') {
    const chained = fromContainer(data, options)
    if (chained) return chained
    if (options.dialect === 'onnx' || options.profile === 'onnx') return oldOnnx(data, options)
  }
  throw new InferError('bad_request', `data has ${names(data)}; it needs dtype and values, input, or inputs`)
}

/** A configured profile is answered whatever the request looks like. */
function worded(decoded: Decoded, data: Data, { profile, dialect, classicOutput }: RequestOptions): Decoded {
  const [input] = decoded.tensors
  if (profile === 'auto' || profile === decoded.wording.profile || !input) return decoded
  if (profile === 'v2') return { ...decoded, wording: { profile, ...outputOptions(data), list: dialect === 'onnx' } }
  if (profile === 'v1') return { ...decoded, wording: v1Wording(torchNameOf(input.dtype), dialect) }
  if (profile === 'classic' && classicOutput === 'witness')
    return { ...decoded, wording: { profile: 'witness', input } }
  return { ...decoded, wording: { profile } }
}

/** Lists under exactly the names of the model's inputs. */
function isByName(data: Data, inputNames: readonly string[]): boolean {
  const names = Object.keys(data).filter((name) => !OPTIONS.has(name))
  return names.length === inputNames.length && names.every((name) => inputNames.includes(name) && isList(data[name]))
}

/** A matrix that is not all numbers is a table, too. */
const tableIn = (data: Data): Table | undefined =>
  readTable(data) ?? (data.shape === undefined ? readCells(data.values, 'data.values') : undefined)

function classic(data: Data, { digits, classicOutput, classicCast }: RequestOptions): Decoded {
  const tensor = readTyped(data, 'data', digits)
  const wording: Wording = classicOutput === 'witness' ? { profile: 'witness', input: tensor } : { profile: 'classic' }
  return { tensors: [unnamed(tensor)], cast: classicCast, wording }
}

function single(data: Data, value: unknown, path: string, { digits, dialect }: RequestOptions): Decoded {
  const { tensor, profile, dtypeName } = readVector(value, path, digits)
  const wording: Wording =
    profile === 'v1' ? v1Wording(dtypeName, dialect) : { profile, ...outputOptions(data), list: dialect === 'onnx' }
  return { tensors: [unnamed(tensor)], cast: 'float', wording }
}

const v1Wording = (dtypeName: string | undefined, dialect: Dialect): Wording =>
  dialect === 'onnx' || dtypeName === undefined
    ? { profile: 'v1', list: true }
    : { profile: 'v1', list: false, dtypeName }

/** `inputs`: by name, or a list in the model's order; vectors of either generation, `{dtype, values}`, or nested lists. */
function several(data: Data, options: RequestOptions): Decoded {
  const { inputs } = data
  const entries = isList(inputs)
    ? inputs.map((value, i) => ['', value, `data.inputs[${i}]`] as const)
    : Object.entries(objectAt(inputs, 'data.inputs')).map(
        ([name, value]) => [name, value, `data.inputs.${name}`] as const,
      )
  if (entries.length === 0) throw new InferError('bad_request', 'data.inputs is empty')
  const read = entries.map(([name, value, path]) => ({ name, ...readInput(value, path, options) }))
  const forms = new Set(read.map(({ form }) => form))
  const tensors = read.map(({ name, tensor }) => ({ ...tensor, name }))
  const cast = forms.has('nested') ? 'any' : forms.has('typed') ? options.classicCast : 'float'
  return { tensors, cast, wording: wordingFor(forms, data, options) }
}

type Form = 'v1' | 'v2' | 'typed' | 'nested'

function readInput(value: unknown, path: string, { digits }: RequestOptions): { tensor: Tensor; form: Form } {
  if (typeof value !== 'object' || value === null || isList(value))
    return { tensor: fromUntyped(value, path, digits), form: 'nested' }
  const fields = value as Data
  const { dtype, values } = fields
  const isNamed = typeof dtype === 'string' && (TORCH_DTYPES.has(dtype) || (isList(values) && isList(values[0])))
  if (fields.shape === undefined && values !== undefined && isNamed)
    return { tensor: readTyped(value, path, digits), form: 'typed' }
  const { tensor, profile } = readVector(value, path, digits)
  return { tensor, form: profile }
}

function wordingFor(forms: ReadonlySet<Form>, data: Data, { dialect }: RequestOptions): Wording {
  if (forms.has('v2')) return { profile: 'v2', ...outputOptions(data), list: true }
  if (forms.has('v1')) return { profile: 'v1', list: true }
  return { profile: dialect === 'onnx' ? 'onnx' : 'classic' }
}

/** An ONNX model's `input` may be one of several, the starter's stands alone. */
const onlyInput = (data: Data, { dialect }: RequestOptions): boolean =>
  dialect !== 'onnx' || Object.keys(data).every((name) => name === 'input' || OPTIONS.has(name))

/** A bare list under `input`: the starter's, but for an ONNX model, whose old form it is, under whatever name. */
function starter({ input }: Data, { digits, dialect, profile }: RequestOptions): Decoded {
  const isOnnx = profile === 'onnx' || (profile === 'auto' && dialect === 'onnx')
  const tensor = { ...fromUntyped(input, 'data.input', digits), name: isOnnx ? 'input' : '' }
  return { tensors: [tensor], cast: 'any', wording: { profile: isOnnx ? 'onnx' : 'starter' } }
}

function oldOnnx(data: Data, { digits }: Pick<RequestOptions, 'digits'>): Decoded {
  const inputs = Object.entries(data).filter(([name]) => !OPTIONS.has(name))
  if (inputs.length === 0)
    throw new InferError('bad_request', 'data is empty; it needs an input, by the name that the model gives it')
  const tensors = inputs.map(([name, value]) => ({ ...fromUntyped(value, `data.${name}`, digits), name }))
  return { tensors, cast: 'any', wording: { profile: 'onnx' } }
}

/** What a container like this one has answered, passed on by the node as it is. */
function fromContainer(data: Data, options: RequestOptions): Decoded | undefined {
  if (isList(data.result)) return several({ ...data, inputs: data.result }, options)
  const untyped = isList(data.data)
    ? data.data
    : isList(data.output)
      ? [data.output]
      : isList(data.output_data)
        ? data.output_data
        : undefined
  if (untyped === undefined) return undefined
  const onlyAnswer = Object.keys(data).every((key) => ANSWER_KEYS.has(key) || OPTIONS.has(key))
  if (!onlyAnswer) return undefined
  return {
    tensors: [unnamed(fromUntyped(untyped, 'data', options.digits))],
    cast: 'any',
    wording: { profile: 'classic' },
  }
}

const ANSWER_KEYS = new Set(['data', 'output', 'classes', 'input_shapes', 'input_data', 'output_data'])

/** @throws InferError bad_request: G3 takes the arithmetic as a word only */
function outputOptions(data: Data): { arithmetic?: Arithmetic; decimals?: number } {
  const { output_arithmetic: arithmetic = null, output_num_decimals: decimals = null } = data
  if (arithmetic !== null && !ARITHMETICS.includes(arithmetic as Arithmetic)) {
    throw new InferError('bad_request', `data.output_arithmetic is ${show(arithmetic)}; say "ieee" or "fixed_point"`)
  }
  const number = decimals === null ? 0 : typeof decimals === 'object' ? Number.NaN : Number(decimals)
  if (!Number.isInteger(number) || number < 0 || number > 77) {
    throw new InferError(
      'bad_request',
      `data.output_num_decimals is ${show(decimals)}; say a whole number from 0 to 77`,
    )
  }
  return {
    ...(arithmetic !== null && { arithmetic: arithmetic as Arithmetic }),
    ...(number > 0 && { decimals: number }),
  }
}

function modelOf(data: Data): Data | undefined {
  if (data.model_id !== undefined && data.model_id !== null && data.model_id !== '') return { model_id: data.model_id }
  if (data.load_args === undefined || data.load_args === null) return undefined
  return { load_args: data.load_args, ...(data.model_source !== undefined && { model_source: data.model_source }) }
}

function methodOf(data: Data): string | readonly string[] | undefined {
  const { method } = data
  if (method === undefined || method === null) return undefined
  const isName = (name: unknown): boolean => typeof name === 'string' && name !== ''
  if (isName(method) || (isList(method) && method.length > 0 && method.every(isName))) return method as string
  throw new InferError('bad_request', `data.method is ${show(method)}; say a name or a list of names`)
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
const unnamed = ({ dtype, dims, data }: Tensor): NamedTensor => ({ name: '', dtype, dims, data })
const names = (data: Data): string => Object.keys(data).slice(0, 8).join(', ') || 'no keys'

function objectAt(value: unknown, path: string): Data {
  if (typeof value !== 'object' || value === null)
    throw new InferError('bad_request', `${path} must be an object or a list; it is ${show(value)}`)
  return value as Data
}
