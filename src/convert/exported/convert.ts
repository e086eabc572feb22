import { InferError } from '../../errors.ts'
import type { Json } from '../../formats/json.ts'
import { listOf, objectOf, type TorchExport } from '../../formats/torch-export.ts'
import { contiguous } from '../../formats/torch-tensor.ts'
import type { TorchTensor } from '../../formats/values.ts'
import { Graph } from '../../onnx/graph.ts'
import type { DType } from '../../tensor/dtype.ts'
import { Aten } from '../aten/aten.ts'
import { checkDType } from '../aten/dtypes.ts'
import { quantizedHint } from '../aten/quantized.ts'
import { SymSize, Undecided } from '../aten/size.ts'
import { operatorOf } from '../aten/table.ts'
import { refusalOf } from '../script/convert.ts'
import { toDatum } from '../script/datum.ts'
import { VERBS } from '../script/interpreter.ts'
import { Library } from '../script/library.ts'
import { Machine } from '../script/machine.ts'
import { type Py, PyDict, PyTuple } from '../script/value.ts'
import {
  type ConvertOptions,
  type InputSignature,
  outputsOf,
  requestDType,
  type TorchConversion,
  type TorchDescription,
} from '../torch/convert.ts'
import { type Parameter, placesOf } from '../torch/parameters.ts'
import { runGraph, unsupportedIn } from './nodes.ts'
import { type Environment, readArgument, unionOf } from './value.ts'

/** How many operators a sentence names. */
const SHOWN = 20

interface Signature {
  readonly graph: ReadonlyMap<string, Json>
  readonly inputs: readonly (readonly [kind: string, spec: ReadonlyMap<string, Json>])[]
  readonly outputs: readonly (readonly [kind: string, spec: ReadonlyMap<string, Json>])[]
  /** Of the whole program: names of outputs in a dict. */
  readonly keys: readonly string[] | undefined
}

/**
 * A program of torch.export as a graph for inputs of this signature.
 * @throws InferError bad_model that names all operators that are not converted; bad_request for inputs that it was not
 * exported for
 */
export function convertExported(file: TorchExport, options: ConvertOptions): TorchConversion {
  const signature = signatureOf(file)
  const open = options.inputs.some(({ dims }) => dims.includes(null))
  if (!open) return convertFor(file, signature, options, false)
  try {
    return convertFor(file, signature, options, true)
  } catch (error) {
    if (!(error instanceof Undecided)) throw error
    return convertFor(file, signature, options, false)
  }
}

/** What an exported program takes, before any input is known. */
export function describeExported(file: TorchExport): TorchDescription {
  const signature = signatureOf(file)
  checkOperators(machineFor(new Graph()), signature.graph)
  const dtypes = [...file.weights.values()].map(({ dtype }) => dtype)
  return {
    type: 'torch.export.ExportedProgram',
    methods: ['forward'],
    dtype: dtypes.find((dtype) => dtype.startsWith('float') || dtype === 'bfloat16'),
  }
}

const machineFor = (graph: Graph): Machine =>
  new Machine(new Aten(operatorOf, graph), new Library(() => undefined), VERBS)

function signatureOf({ program }: TorchExport): Signature {
  const module = objectOf(program.get('graph_module'), 'graph_module')
  const signature = objectOf(module.get('signature'), 'its signature')
  const specs = (name: string): Signature['inputs'] =>
    listOf(signature.get(name), name).map((item) => {
      const [kind, spec] = unionOf(item, name)
      return [kind, objectOf(spec, name)]
    })
  return {
    graph: objectOf(module.get('graph'), 'its graph'),
    inputs: specs('input_specs'),
    outputs: specs('output_specs'),
    keys: keysOf(module),
  }
}

/** Where the whole program gives a dict, its keys. */
function keysOf(module: ReadonlyMap<string, Json>): readonly string[] | undefined {
  const [first] = listOf(module.get('module_call_graph') ?? [], 'module_call_graph')
  const signature = first instanceof Map ? first.get('signature') : undefined
  const spec = signature instanceof Map ? signature.get('out_spec') : undefined
  if (typeof spec !== 'string') return undefined
  const match =
    /^\[1, \{"type": "(?:builtins\.dict|collections\.OrderedDict)", "context": "(\[.*?\])", "children_spec"/.exec(spec)
  if (!match) return undefined
  const keys = [...(match[1] as string).matchAll(/\\"((?:[^"\\])*)\\"/g)].map(([, key]) => key as string)
  return keys.length > 0 ? keys : undefined
}

/** The names of the inputs that requests bring. */
function userInputs({ inputs }: Signature): string[] {
  return inputs
    .filter(([kind]) => kind === 'user_input')
    .map(([, spec]) => unionOf(spec.get('arg'), 'an input'))
    .filter(([kind]) => kind === 'as_tensor')
    .map(([, arg]) => String(objectOf(arg, 'an input').get('name')))
}

function checkOperators(m: Machine, graph: ReadonlyMap<string, Json>): void {
  const missing = [...unsupportedIn(m, graph)]
  if (missing.length === 0) return
  const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : ''
  throw new InferError(
    'bad_model',
    `${quantizedHint(missing)}torch's operators that are not supported: ${missing.slice(0, SHOWN).join(', ')}${more}`,
  )
}

function convertFor(
  file: TorchExport,
  signature: Signature,
  options: ConvertOptions,
  symbolic: boolean,
): TorchConversion {
  const graph = new Graph()
  const m = machineFor(graph)
  checkOperators(m, signature.graph)
  const env = environment(m, file, signature, options, symbolic)
  const given = runGraph(m, signature.graph, env)
  const outputs = given.filter((_, i) => USER.has(signature.outputs[i]?.[0] ?? 'user_output'))
  return { graph, outputs: outputsOf(m.t, toDatum(m, shaped(outputs, signature.keys))), symbolic, ...refusalOf(m) }
}
/** Other outputs are what buffers and inputs become, which a server forgets. */
const USER: ReadonlySet<string> = new Set(['user_output', 'loss_output'])

function shaped(outputs: readonly Py[], keys: readonly string[] | undefined): Py {
  if (keys?.length !== outputs.length) return new PyTuple(outputs)
  const dict = new PyDict()
  keys.forEach((key, i) => {
    dict.set(key, outputs[i] as Py)
  })
  return dict
}

/** Weights, constants and inputs by the names that the graph has for them. */
function environment(
  m: Machine,
  file: TorchExport,
  signature: Signature,
  options: ConvertOptions,
  symbolic: boolean,
): Environment {
  const env: Environment = new Map()
  const parameters = userInputs(signature).map((name) => ({ name, optional: false }))
  const places = placesOf('forward', parameters, options.inputs.length, options.names)
  const length = symbolic ? new SymSize(1, 0) : options.batch
  places.forEach((place, i) => {
    const { name } = parameters[place] as Parameter
    const { dtype, dims } = options.inputs[i] as InputSignature
    checkInput(signature.graph, name, dtype, dims, options.batch)
    const sizes = dims.map((dim) => dim ?? length)
    env.set(name, m.t.input(`input${i}`, requestDType(dtype), sizes))
  })
  for (const [kind, spec] of signature.inputs) {
    const held = tensorFor(file, kind, spec)
    if (held) env.set(held.name, constantOf(m, held.tensor))
    else if (kind === 'constant_input') env.set(String(spec.get('name')), readArgument(spec.get('value'), env))
    else if (kind === 'token') env.set(String(objectOf(spec.get('arg'), 'a token').get('name')), null)
    else if (kind !== 'user_input') throw m.error(`an exported program takes a ${kind}, which is not supported`)
  }
  return env
}

function constantOf(m: Machine, tensor: TorchTensor): Py {
  checkDType(tensor.dtype)
  let constant = m.constants.get(tensor)
  if (!constant) {
    constant = m.t.constant(contiguous(tensor))
    m.constants.set(tensor, constant)
  }
  return constant
}

/** Buffers that are not saved lie among the constants. */
function tensorFor(
  file: TorchExport,
  kind: string,
  spec: ReadonlyMap<string, Json>,
): { name: string; tensor: TorchTensor } | undefined {
  const key = { parameter: 'parameter_name', buffer: 'buffer_name', tensor_constant: 'tensor_constant_name' }[kind]
  if (key === undefined) return undefined
  const stored = String(spec.get(key))
  const tensor = file.weights.get(stored) ?? file.constants.get(stored)
  if (!tensor) throw new InferError('bad_model', `the file has no tensor ${stored}`)
  return { name: String(objectOf(spec.get('arg'), 'an input').get('name')), tensor }
}

/** An exported program is of the sizes that it was exported with, but for those that were said to be dynamic. */
function checkInput(
  graph: ReadonlyMap<string, Json>,
  name: string,
  dtype: DType,
  dims: readonly (number | null)[],
  batch: number,
): void {
  const meta = objectOf(objectOf(graph.get('tensor_values'), 'tensor_values').get(name), name)
  const sizes = listOf(meta.get('sizes'), name).map((size) => {
    const [kind, value] = unionOf(size, `a size of ${name}`)
    return kind === 'as_int' ? Number(value) : undefined
  })
  const fits =
    sizes.length === dims.length && sizes.every((size, i) => size === undefined || size === (dims[i] ?? batch))
  if (fits) return
  const wanted = sizes.map((size) => size ?? 'any').join(', ')
  const given = dims.map((dim) => dim ?? batch).join(', ')
  throw new InferError(
    'bad_request',
    `the model was exported for ${name} of [${wanted}], and is given ${dtype}[${given}]`,
  )
}
