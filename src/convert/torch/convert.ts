import { InferError } from '../../errors.ts'
import type { TorchTensor, Value } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import { Graph } from '../../onnx/graph.ts'
import type { DType } from '../../tensor/dtype.ts'
import { type Datum, describeDatum, isScalar } from '../aten/args.ts'
import { Aten } from '../aten/aten.ts'
import { checkDType, isFloat } from '../aten/dtypes.ts'
import { type Size, SymSize, Undecided } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { operatorOf } from '../aten/table.ts'
import type { Forward } from './converter.ts'
import { hooked } from './hooks.ts'
import { TorchModule } from './module.ts'
import { argumentsOf } from './parameters.ts'
import { moduleOf } from './root.ts'
import { methodsOf } from './table.ts'
import { checkedModules, MAX_DEPTH } from './unsupported.ts'

/** What a request brings: `null` is the batch, which may be of any length (1 or more). */
export interface InputSignature {
  readonly dtype: DType
  readonly dims: readonly (number | null)[]
}

export interface ConvertedOutput {
  readonly name: string
  readonly value: Expr
  /** What it is: halves come as float16, bfloat16 as float32 that is rounded to it. */
  readonly dtype: DType
  /** In terms of the batch. */
  readonly dims: readonly Size[]
}

export interface TorchConversion {
  readonly graph: Graph
  readonly outputs: readonly ConvertedOutput[]
  /** Whether the batch may be of any length; else it is as in `inputs` of the graph. */
  readonly symbolic: boolean
  /** Where data decides whether the code raises: 0, or which sentence counted from 1. */
  readonly refusal?: { readonly code: Expr; readonly sentences: readonly string[] }
}

export interface ConvertOptions {
  readonly inputs: readonly InputSignature[]
  /** The length of the batch at hand, for models in which something depends on it. */
  readonly batch: number
  /** `forward`, or another method that the class has. */
  readonly method?: string
  /** The parameters that the inputs are for, where they are given by name. */
  readonly names?: readonly string[]
}

export interface TorchDescription {
  /** The class, by its public name. */
  readonly type: string
  /** `forward` first. */
  readonly methods: readonly string[]
  /** Of its first floating weight; `undefined` where it has none. */
  readonly dtype: DType | undefined
}

/**
 * What a file holds, before any input is known.
 * @throws InferError bad_model that names all that is not converted
 */
export function describeTorch(root: Value): TorchDescription {
  const module = new TorchModule(moduleOf(root), '', new Aten(operatorOf), new Map())
  const modules = checkedModules(module)
  const methods = [...(methodsOf(module)?.keys() ?? [])]
  if (methods.length === 0) throw new InferError('bad_model', `the file holds a ${module.type}, which has no forward`)
  return { type: module.type, methods, dtype: modules.flatMap((each) => each.dtypes()).find(isFloat) }
}

/**
 * A file's object as a graph for inputs of this signature: `forward` in evaluation mode. The batch stays open where
 * nothing depends on its length; else the graph is of this batch only.
 * @throws InferError bad_model that names what of it is not converted; bad_request for inputs that it does not take
 */
export function convertTorch(root: Value, options: ConvertOptions): TorchConversion {
  const open = options.inputs.some(({ dims }) => dims.includes(null))
  if (!open) return convertFor(root, options, false)
  try {
    return convertFor(root, options, true)
  } catch (error) {
    if (!(error instanceof Undecided)) throw error
    return convertFor(root, options, false)
  }
}

function convertFor(
  root: Value,
  { inputs, batch, method = 'forward', names }: ConvertOptions,
  symbolic: boolean,
): TorchConversion {
  const graph = new Graph()
  const t = new Aten(operatorOf, graph)
  const module = new TorchModule(moduleOf(root), '', t, new Map<TorchTensor, SymTensor>())
  checkedModules(module)
  const length = symbolic ? new SymSize(1, 0) : batch
  const tensors = inputs.map(({ dtype, dims }, i) =>
    t.input(
      `input${i}`,
      requestDType(dtype),
      dims.map((dim) => dim ?? length),
    ),
  )
  const result = caller(t).method(module, method, argumentsOf(module, method, tensors, names))
  return { graph, outputs: outputsOf(t, result), symbolic }
}

/** Calls modules, and those within them. */
function caller(t: Aten): Forward {
  let depth = 0
  const method: Forward['method'] = (module, name, given) => {
    if (++depth > MAX_DEPTH) throw new InferError('bad_model', `the model nests more than ${MAX_DEPTH} modules`)
    const methods = methodsOf(module)
    const convert = methods?.get(name)
    if (!convert) {
      const known = [...(methods?.keys() ?? [])].join(', ') || 'none'
      throw new InferError('bad_request', `${module.title} has no method ${name} (it has ${known})`)
    }
    const result = convert(hooked(module, t), t, given, forward)
    depth--
    return result
  }
  const forward: Forward = Object.assign(
    (module: TorchModule, ...given: readonly Datum[]) => method(module, 'forward', given),
    { method },
  )
  return forward
}

/** @throws InferError bad_request */
export function requestDType(dtype: DType): DType {
  try {
    return checkDType(dtype)
  } catch {
    throw new InferError('bad_request', `the model takes no ${dtype}: it is not computed with`)
  }
}

/** What a method returned, in order: `output`, or `output0`, `output1` and so on, or a dict's keys. */
export function outputsOf(t: Aten, result: Datum): ConvertedOutput[] {
  const found: [name: string, tensor: SymTensor][] = []
  const walk = (value: Datum, name: string): void => {
    if (value instanceof SymTensor) found.push([name, value])
    else if (value instanceof Map) for (const [key, item] of value) walk(item, String(key))
    else if (Array.isArray(value)) for (const item of value) walk(item, '')
    else if (isScalar(value)) found.push([name, t.scalar(value)])
    else if (value !== null) throw new InferError('bad_model', `the model returns ${describeDatum(value)}, no tensor`)
  }
  walk(result, '')
  if (found.length === 0) throw new InferError('bad_model', 'the model returns no tensor')
  return found.map(([name, tensor], i) => ({
    name: name || (found.length === 1 ? 'output' : `output${i}`),
    value: t.output(tensor),
    dtype: tensor.dtype,
    dims: tensor.dims,
  }))
}
