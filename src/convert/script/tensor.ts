import type { SymSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { numberIn } from './builtins.ts'
import { fromDatum, toDatum } from './datum.ts'
import { selectAt } from './item.ts'
import type { Machine } from './machine.ts'
import { callOperator } from './operator-call.ts'
import { Builtin, type Call, Device, External, type Py, PyDType, PyTuple } from './value.ts'

/** What tensors have: attributes, and methods where they are not torch's operator of that name as it is. */

const sizes = (m: Machine, x: SymTensor): PyTuple =>
  new PyTuple((m.t.call('size', [x]) as readonly (bigint | SymSize)[]).map((size) => size))

const ATTRIBUTES: ReadonlyMap<string, (m: Machine, x: SymTensor) => Py> = new Map(
  Object.entries<(m: Machine, x: SymTensor) => Py>({
    H: (m, x) => m.t.op('transpose', [x, 0n, 1n]),
    T: (m, x) => m.t.op('permute', [x, x.dims.map((_, i) => BigInt(x.rank - 1 - i))]),
    data: (_m, x) => x,
    device: () => new Device(),
    dtype: (_m, x) => new PyDType(x.dtype),
    grad: () => null,
    is_cuda: () => false,
    is_mkldnn: () => false,
    is_nested: () => false,
    is_quantized: () => false,
    is_sparse: () => false,
    layout: () => null,
    mT: (m, x) => m.t.op('transpose', [x, -2n, -1n]),
    names: () => null,
    ndim: (_m, x) => BigInt(x.rank),
    requires_grad: () => false,
    shape: sizes,
  }),
)

type Method = (m: Machine, x: SymTensor, args: readonly Py[], kwargs: ReadonlyMap<string, Py>) => Py

/** Of torch's names for the old tensor types. */
const LEGACY_TYPES: ReadonlyMap<string, string> = new Map([
  ['torch.BoolTensor', 'bool'],
  ['torch.DoubleTensor', 'float64'],
  ['torch.FloatTensor', 'float32'],
  ['torch.HalfTensor', 'float16'],
  ['torch.IntTensor', 'int32'],
  ['torch.LongTensor', 'int64'],
])

const identity: Method = (_m, x) => x

function asType(m: Machine, x: SymTensor, [wanted]: readonly Py[]): Py {
  if (wanted === undefined || wanted === null) return 'torch.FloatTensor'
  const name = wanted instanceof External ? wanted.path : wanted
  const dtype = typeof name === 'string' ? LEGACY_TYPES.get(name) : undefined
  return m.t.call('to', [x, dtype ?? toDatum(m, wanted)]) as Py
}

const copyInto: Method = (m, x, [source]) =>
  m.t.assign(x, source instanceof SymTensor ? source : m.t.scalar(toDatum(m, source ?? null), x.dtype))

function select(m: Machine, x: SymTensor, args: readonly Py[], kwargs: ReadonlyMap<string, Py>): Py {
  const [dim, at] = [args[0] ?? kwargs.get('dim') ?? null, args[1] ?? kwargs.get('index') ?? null]
  if (at instanceof SymTensor && at.known === undefined && typeof numberIn(m, at) === 'object')
    return selectAt(m, x, toDatum(m, dim), at)
  return m.t.call('select', [
    x,
    toDatum(m, dim),
    at instanceof SymTensor ? toDatum(m, numberIn(m, at)) : toDatum(m, at),
  ]) as Py
}

// biome-ignore format: one row per method
const METHODS: ReadonlyMap<string, Method> = new Map(Object.entries<Method>({
  __len__: (m, x) => m.t.call('size', [x, 0n]) as Py,
  bfloat16: (m, x) => m.t.castTo(x, 'bfloat16'),
  byte: (m, x) => m.t.castTo(x, 'uint8'),
  bool: (m, x) => m.t.castTo(x, 'bool'),
  char: (m, x) => m.t.castTo(x, 'int8'),
  copy_: copyInto,
  cpu: identity,
  cuda: identity,
  data_ptr: () => 0n,
  detach_: identity,
  element_size: () => 4n,
  get_device: () => -1n,
  is_complex: () => false,
  is_contiguous: () => true,
  is_floating_point: (_m, x) => /float/.test(x.dtype),
  item: (m, x) => numberIn(m, x),
  ndimension: (_m, x) => BigInt(x.rank),
  nelement: (m, x) => m.t.call('numel', [x]) as Py,
  new_empty: (m, x, args, kwargs) => callOperator(m, 'new_zeros', [x, ...args], kwargs),
  new_tensor: (m, x, args) => m.t.castTo(m.t.op('tensor', [toDatum(m, args[0] ?? null)]), x.dtype),
  pin_memory: identity,
  requires_grad_: identity,
  retain_grad: () => null,
  select,
  short: (m, x) => m.t.castTo(x, 'int16'),
  size: (m, x, args, kwargs) => { const dim = args[0] ?? kwargs.get('dim') ?? null; return dim === null ? sizes(m, x) : fromDatum(m.t.call('size', [x, toDatum(m, dim)])) },
  type: asType,
}))

/** `x.where(condition, other)`: the function has the condition first. */
const chosen: Method = (m, x, [condition, other], kwargs) => {
  const list = [condition ?? kwargs.get('condition') ?? null, x, other ?? kwargs.get('other') ?? null]
  return callOperator(m, 'where', list, new Map())
}

/** An attribute or method of a tensor. */
export function tensorAttribute(m: Machine, x: SymTensor, name: string): Py | undefined {
  const attribute = ATTRIBUTES.get(name)
  if (attribute) return attribute(m, x)
  if (name === 'where') return new Builtin(name, (machine, args, kwargs) => chosen(machine, x, args, kwargs))
  const isMethod = METHODS.has(name) || m.t.has(name) || !name.startsWith('_')
  if (!isMethod) return undefined
  return new Builtin(name, (machine, args, kwargs) => callTensor(machine, name, [x, ...args], kwargs))
}

export const callTensor = (
  m: Machine,
  name: string,
  [x, ...args]: readonly Py[],
  kwargs: ReadonlyMap<string, Py>,
): Py => {
  const method = METHODS.get(name)
  if (method && x instanceof SymTensor) return method(m, x, args, kwargs)
  return callOperator(m, name, [x ?? null, ...args], kwargs)
}

/** The rows that are functions of torch too. */
export const tensorFunction = (name: string): Call | undefined =>
  METHODS.has(name) ? (m, args, kwargs) => callTensor(m, name, args, kwargs) : undefined
