import type { DType } from '../tensor/dtype.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { broken } from './cursor.ts'
import type { Call } from './pickle-table.ts'
import { storedBytes, tensorFromBytes } from './raw-tensor.ts'
import { countElements, gatherBytes, positions, rowMajor } from './strided.ts'
import {
  countOf,
  countsOf,
  type Global,
  isGlobal,
  isTensor,
  itemsOf,
  kindOf,
  pyObject,
  type TorchStorage,
  type TorchTensor,
  tuple,
  typeName,
  type Value,
} from './values.ts'

/**
 * torch's tensors within pickles (torch/_utils.py): windows on storages, with strides of any kind.
 *
 * Limits on a file from a stranger: a window must lie within its storage; what `contiguous` copies is bounded by the
 * storage, as a stride of 0 makes one element into any number.
 */
const MAX_EXPANSION = 16
const FREE_ELEMENTS = 1_048_576

const fail = (what: string): never => {
  throw broken('torch', what)
}

/** What a storage class holds; quantised ones hold their integers. */
// biome-ignore format: one row per class
const STORAGES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['BFloat16', 'bfloat16'], ['Bool', 'bool'], ['Byte', 'uint8'], ['Char', 'int8'], ['ComplexDouble', 'complex128'],
  ['ComplexFloat', 'complex64'], ['Double', 'float64'], ['Float', 'float32'], ['Half', 'float16'], ['Int', 'int32'],
  ['Long', 'int64'], ['QInt32', 'int32'], ['QInt8', 'int8'], ['QUInt8', 'uint8'], ['Short', 'int16'],
])

/** torch's names of dtypes, where they are not ours. */
const ALIASES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['double', 'float64'],
  ['float', 'float32'],
  ['half', 'float16'],
  ['int', 'int32'],
  ['long', 'int64'],
  ['short', 'int16'],
])
const TENSOR_DTYPES: ReadonlySet<string> = new Set(['uint16', 'uint32', 'uint64', ...STORAGES.values()])

/** The dtype of a storage class; `undefined` when its tensors tell. */
export function storageDType(type: Global): DType | undefined {
  const match = /^torch\.(?:storage\.|cuda\.)?(\w+)Storage$/.exec(type.name)
  if (match?.[1] === 'Untyped') return undefined
  return STORAGES.get(match?.[1] ?? '') ?? fail(`a storage of ${type.name}`)
}

/** A dtype such as the global `torch.float32` names. */
export function torchDType(value: Value | undefined): DType {
  const name = isGlobal(value) ? value.name.replace(/^torch\./, '') : ''
  const dtype = ALIASES.get(name) ?? name
  return TENSOR_DTYPES.has(dtype)
    ? (dtype as DType)
    : fail(`a tensor of ${isGlobal(value) ? value.name : typeName(value)}`)
}

const isStorage = (value: Value | undefined): value is TorchStorage => kindOf(value) === 'storage'

/** Calls that make tensors; each made is also put to `made`, to be checked when all storages are there. */
export function tensorCalls(made: TorchTensor[]): ReadonlyMap<string, Call> {
  const rebuild = (args: readonly Value[], requiresGrad: Value | undefined, dtype: DType | undefined): TorchTensor => {
    const [storage, offset, shape, strides] = args
    if (!isStorage(storage)) return fail(`a tensor on ${typeName(storage)}`)
    const tensor: TorchTensor = {
      kind: 'tensor',
      dtype: dtype ?? storage.dtype ?? fail('a tensor on an untyped storage has no dtype'),
      shape: countsOf(shape, 'torch', 'a shape'),
      strides: countsOf(strides, 'torch', 'strides'),
      offset: countOf(offset, 'torch', 'an offset'),
      storage,
      requiresGrad: requiresGrad === true,
      parameter: false,
    }
    if (tensor.shape.length !== tensor.strides.length) fail('a tensor has not as many strides as dimensions')
    made.push(tensor)
    return tensor
  }
  const v2: Call = (args) => {
    if (args[6] instanceof Map && args[6].size > 0) return pyObject('torch._utils._rebuild_tensor_v2', args)
    return rebuild(args, args[4], undefined)
  }
  return new Map<string, Call>([
    ['torch._utils._rebuild_tensor', (args) => rebuild(args, false, undefined)],
    ['torch._utils._rebuild_tensor_v2', v2],
    ['torch._utils._rebuild_tensor_v3', (args) => rebuild(args, args[4], torchDType(args[6]))],
    ['torch._utils._rebuild_parameter', parameter],
    ['torch._utils._rebuild_parameter_with_state', parameter],
    ['torch.Size', (args) => tuple(itemsOf(args[0]) ?? fail('torch.Size of no tuple'))],
    ...Object.entries(SCRIPT_CALLS),
  ])
}

const parameter: Call = (args) => {
  const [data, requiresGrad] = args
  if (!isTensor(data)) return pyObject('torch._utils._rebuild_parameter', args)
  return { ...data, requiresGrad: requiresGrad === true, parameter: true }
}

const listOf: Call = ([items]) => (Array.isArray(items) ? items : fail('a list of TorchScript is none'))

/** TorchScript writes typed lists by these, which change nothing of them. */
const SCRIPT_CALLS: Readonly<Record<string, Call>> = {
  'torch.jit._pickle.build_boollist': listOf,
  'torch.jit._pickle.build_doublelist': listOf,
  'torch.jit._pickle.build_intlist': listOf,
  'torch.jit._pickle.build_tensorlist': listOf,
  'torch.jit._pickle.restore_type_tag': ([value]) => value ?? null,
}

/** Refuses a window that goes beyond its storage. */
export function checkWindow({ dtype, shape, strides, offset, storage }: TorchTensor): void {
  if (shape.includes(0)) return
  countElements(shape, 'torch')
  const last = shape.reduce((at, dim, axis) => at + (dim - 1) * (strides[axis] as number), offset)
  const held = Math.floor(storage.bytes.length / storedBytes(dtype))
  if (last >= held) fail(`a tensor reads element ${last} of storage ${storage.key}, which has ${held}`)
}

/**
 * The elements of a tensor in row-major order, not to be written to: those of float32, of which large models are made,
 * stay in the file's memory where they lie as they should.
 */
export function contiguous(tensor: TorchTensor): Tensor {
  checkWindow(tensor)
  const { dtype, shape, strides, offset, storage } = tensor
  const width = storedBytes(dtype)
  const count = countElements(shape, 'torch')
  const rowStrides = rowMajor(shape)
  if (count === 0 || shape.every((dim, axis) => dim === 1 || strides[axis] === rowStrides[axis])) {
    const start = count === 0 ? 0 : offset * width
    const bytes = storage.bytes.subarray(start, start + count * width)
    if (dtype === 'float32' && bytes.byteOffset % width === 0)
      return { dtype, dims: shape, data: new Float32Array(bytes.buffer, bytes.byteOffset, count) }
    return tensorFromBytes('torch', dtype, shape, bytes)
  }
  if (count > Math.max(FREE_ELEMENTS, (MAX_EXPANSION * storage.bytes.length) / width)) {
    fail(`[${shape.join(', ')}] expands storage ${storage.key} more than ${MAX_EXPANSION} times`)
  }
  return tensorFromBytes('torch', dtype, shape, gatherBytes(storage.bytes, width, positions(shape, strides, offset)))
}
