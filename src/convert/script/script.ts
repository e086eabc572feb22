import type { DType } from '../../tensor/dtype.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { BUILTINS, numberIn } from './builtins.ts'
import { compare, contains } from './compare.ts'
import { toDatum } from './datum.ts'
import { getItem, indexOf, setItem } from './item.ts'
import { iterate } from './iterate.ts'
import { type Machine, Raised } from './machine.ts'
import { callOperator, Unsupported } from './operator-call.ts'
import { binary, unary } from './operators.ts'
import { isPacked, packedIn, packedRank, packedSize, packSorted, padSorted, selectBatch } from './packed.ts'
import { formatAll, formatPercent, textOf } from './text.ts'
import {
  type Call,
  Device,
  External,
  isNumber,
  type Kwargs,
  type Py,
  PyDict,
  PyDType,
  PyList,
  PyModule,
  PySlice,
  PyTuple,
  typeOf,
} from './value.ts'

/**
 * What TorchScript calls `torch.NAME` and `ops.prim.NAME` on values that are no tensors (register_prim_ops.cpp): a row
 * each. Where a tensor is given, an operator of the same name is meant.
 */
const at = (args: readonly Py[], i = 0): Py => args[i] ?? null

const hasTensor = (args: readonly Py[]): boolean => args.some((arg) => arg instanceof SymTensor)

/** Of tensors torch's operator, of numbers, texts and lists Python's. */
const either =
  (name: string, op: string): Call =>
  (m, args, kwargs) => {
    const [a, b] = [at(args), at(args, 1)]
    const isTorch = args.length < 2 || (hasTensor(args) && a !== null && b !== null)
    if (isTorch) return callOperator(m, name, args, kwargs)
    return op.length > 1 || '<>'.includes(op) ? compareOr(m, op, a, b) : binary(m, op, a, b)
  }
const compareOr = (m: Machine, op: string, a: Py, b: Py): Py =>
  COMPARISONS.has(op) ? compare(m, op, a, b) : binary(m, op, a, b)
const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!='])

/** Of tensors torch's operator, of a number JavaScript's function. */
const numeric =
  (name: string, fn: (x: number) => number, integral = false): Call =>
  (m, args, kwargs) => {
    const x = at(args)
    if (!isNumber(x)) return callOperator(m, name, args, kwargs)
    const made = fn(Number(x))
    return integral && Number.isFinite(made) ? BigInt(made) : made
  }

const builtin = (name: string): Call => BUILTINS[name] as Call

/** Of a tensor torch's operator, else Python's function. */
const unlessTensor =
  (name: string, python: Call): Call =>
  (m, args, kwargs) =>
    at(args) instanceof SymTensor || args.length === 0 ? callOperator(m, name, args, kwargs) : python(m, args, kwargs)

const method =
  (name: string): Call =>
  (m, [self, ...args], kwargs) => {
    const found = m.find(self ?? null, name)
    if (found === undefined) throw m.error(`${typeOf(self)} has no ${name}`)
    return m.call(found, args, kwargs)
  }

/** A method of a container, which some operator of tensors shares its name with. */
const methodOr = (name: string): Call =>
  unlessTensor(name, (m, args, kwargs) =>
    at(args) instanceof PyModule ? missing(m, name) : method(name)(m, args, kwargs),
  )

const missing = (m: Machine, name: string): never => {
  throw new Unsupported(name, m.path, m.line)
}

function raise(m: Machine, [message]: readonly Py[]): never {
  throw new Raised(`the model raises: ${textOf(m, message ?? null).slice(0, 300)}`)
}

/** How many rounds range(start, stop, step) has, and which number the i-th is. */
function rangeLength(m: Machine, [start, stop, step]: readonly Py[]): Py {
  if (step === 1n && typeof start === 'bigint' && typeof stop === 'object') {
    const length = binary(m, '-', stop as Py, start)
    return length
  }
  const [from, to, by] = [start, stop, step].map((value) => indexOf(m, value ?? null)) as [number, number, number]
  return BigInt(Math.max(0, Math.ceil((to - from) / by)))
}
const deriveIndex: Call = (m, [i, start, step]) =>
  binary(m, '+', at([start as Py]), binary(m, '*', i as Py, step as Py))

const dtypeOf: Call = (m, [value]) => {
  const tensor = packedIn(value)?.padded ?? value
  if (tensor instanceof SymTensor) return new PyDType(tensor.dtype)
  throw m.error(`the dtype of ${typeOf(value)}`)
}

/** Copies: what was a list stays one. */
function listOf(m: Machine, value: Py): Py {
  return new PyList([...iterate(m, value)])
}

const sizeOf: Call = (m, args, kwargs) => {
  const x = at(args)
  if (isPacked(x)) return packedSize(m, x, at(args, 1))
  const sizes = callOperator(m, 'size', args, kwargs)
  return sizes instanceof PyTuple ? new PyList([...sizes.items]) : sizes
}

/** A number as a tensor; a tensor as it is. */
function tensorOf(m: Machine, value: Py, dtype?: DType): SymTensor {
  return value instanceof SymTensor ? value : m.t.scalar(toDatum(m, value), dtype)
}

const numToTensor: Call = (m, [value = null]) => tensorOf(m, value)

const copyInto: Call = (m, [target, source = null]) => {
  if (!(target instanceof SymTensor)) throw m.error('a copy is made into a tensor')
  return m.t.assign(target, tensorOf(m, source, target.dtype))
}

const dictOf: Call = (_m, [items]) => {
  const dict = new PyDict()
  if (items instanceof PyDict) for (const pair of items.items()) dict.set(at(pair.items), at(pair.items, 1))
  if (items instanceof PyList)
    for (const pair of items.items) if (pair instanceof PyTuple) dict.set(at(pair.items), at(pair.items, 1))
  return dict
}

/** `list += list` and `tensor += value`. */
const extended: Call = (m, args, kwargs) => {
  if (!(at(args) instanceof PyList)) return callOperator(m, 'add_', args, kwargs)
  method('extend')(m, args, kwargs)
  return at(args)
}

// biome-ignore format: one row per operator
const ROWS: Readonly<Record<string, Call>> = {
  Bool: builtin('bool'),
  Delete: (m, [value, key]) => { if (value instanceof PyDict) { m.touch(value); value.delete(key ?? null) } return null },
  Float: builtin('float'),
  FloatImplicit: builtin('float'),
  Int: builtin('int'),
  IntImplicit: builtin('int'),
  NumToTensor: numToTensor,
  RaiseException: raise,
  ScalarImplicit: (m, [x]) => x instanceof SymTensor ? numberIn(m, x) : x ?? null,
  __and__: either('bitwise_and', '&'),
  __contains__: (m, [where, value]) => contains(m, where ?? null, value ?? null),
  __derive_index: deriveIndex,
  __getitem__: (m, [value, index]) => getItem(m, value ?? null, index ?? null),
  __interpolate__: (m, [pattern, ...args]) => formatAll(m, String(pattern), args, new Map()),
  __is__: (m, [a, b]) => compare(m, 'is', a ?? null, b ?? null),
  __isnot__: (m, [a, b]) => compare(m, 'is not', a ?? null, b ?? null),
  __lshift__: either('bitwise_left_shift', '<<'),
  __not__: (m, [value]) => unary(m, 'not', value ?? null),
  __or__: either('bitwise_or', '|'),
  __range_length: rangeLength,
  __rshift__: either('bitwise_right_shift', '>>'),
  __xor__: either('bitwise_xor', '^'),
  _pack_padded_sequence: packSorted,
  _pad_packed_sequence: padSorted,
  _assert: (m, args, kwargs) => m.call(new External('torch._assert'), args, kwargs),
  _set_item: (m, [value, index, item]) => { setItem(m, value ?? null, index ?? null, item ?? null); return value ?? null },
  _shape_as_tensor: (m, args) => m.t.op('tensor', [m.t.call('size', [tensorOf(m, at(args))])]),
  _size_if_not_equal: (_m, [a]) => a ?? null,
  _unwrap_optional: (_m, [value]) => value ?? null,
  abs: unlessTensor('abs', builtin('abs')),
  add: either('add', '+'),
  add_: extended,
  all: (m, args, kwargs) => unlessTensor('all', builtin('all'))(m, args, kwargs),
  any: (m, args, kwargs) => unlessTensor('any', builtin('any'))(m, args, kwargs),
  append: (m, args, kwargs) => { method('append')(m, args, kwargs); return at(args) },
  as_tensor: (m, args, kwargs) => at(args) instanceof SymTensor && args.length === 1 && kwargs.size === 0 ? at(args) : callOperator(m, 'tensor', args, kwargs),
  bool: builtin('bool'),
  ceil: numeric('ceil', Math.ceil, true),
  clear: method('clear'),
  copy: methodOr('copy'),
  copy_: copyInto,
  count: method('count'),
  cos: numeric('cos', Math.cos),
  degrees: numeric('rad2deg', (x) => (x * 180) / Math.PI),
  device: () => new Device(),
  dict: dictOf,
  div: either('div', '/'),
  dim: (m, args, kwargs) => { const x = at(args); return isPacked(x) ? packedRank(x) : callOperator(m, 'dim', args, kwargs) },
  divmod: builtin('divmod'),
  endswith: method('endswith'),
  eq: either('eq', '=='),
  exp: numeric('exp', Math.exp),
  extend: method('extend'),
  find: method('find'),
  float: builtin('float'),
  floor: numeric('floor', Math.floor, true),
  floor_divide: either('floor_divide', '//'),
  floordiv: either('floor_divide', '//'),
  fmod: (m, args, kwargs) => hasTensor(args) || args.length < 2 ? callOperator(m, 'fmod', args, kwargs) : Number(at(args)) % Number(at(args, 1)),
  format: (m, [pattern, ...args], kwargs) => formatAll(m, String(pattern), args, kwargs),
  ge: either('ge', '>='),
  get: method('get'),
  gt: either('gt', '>'),
  index: unlessTensor('index', method('index')),
  insert: method('insert'),
  int: builtin('int'),
  is_autocast_cache_enabled: () => false,
  is_autocast_enabled: () => false,
  is_grad_enabled: () => false,
  is_scripting: () => false,
  isinstance: (m, args, kwargs) => builtin('isinstance')(m, args, kwargs),
  items: method('items'),
  join: method('join'),
  keys: method('keys'),
  le: either('le', '<='),
  len: builtin('len'),
  list: (m, [value]) => listOf(m, value ?? null),
  log: numeric('log', Math.log),
  lower: method('lower'),
  lt: either('lt', '<'),
  max: (m, args, kwargs) => hasTensor(args) || args.length === 0 ? callOperator(m, 'max', args, kwargs) : builtin('max')(m, args, kwargs),
  min: (m, args, kwargs) => hasTensor(args) || args.length === 0 ? callOperator(m, 'min', args, kwargs) : builtin('min')(m, args, kwargs),
  mul: either('mul', '*'),
  ne: either('ne', '!='),
  neg: unlessTensor('neg', (m, args) => unary(m, '-', at(args))),
  ord: (_m, [text]) => BigInt(String(text).codePointAt(0) ?? 0),
  percentFormat: (m, [pattern, ...args]) => formatPercent(m, String(pattern), new PyTuple(args)),
  pop: method('pop'),
  popitem: (m) => missing(m, 'popitem'),
  pow: either('pow', '**'),
  'prim.abs': unlessTensor('abs', builtin('abs')),
  'prim.data': (_m, args) => at(args),
  'prim.device': () => new Device(),
  'prim.dtype': dtypeOf,
  'prim.is_cuda': () => false,
  'prim.is_meta': () => false,
  'prim.is_mkldnn': () => false,
  'prim.is_nested': () => false,
  'prim.is_quantized': () => false,
  'prim.is_sparse': () => false,
  'prim.itemsize': () => 4n,
  'prim.layout': () => null,
  'prim.max': (m, args, kwargs) => builtin('max')(m, args, kwargs),
  'prim.min': (m, args, kwargs) => builtin('min')(m, args, kwargs),
  'prim.name': () => null,
  'prim.rangelist': builtin('range'),
  'prim.requires_grad': () => false,
  'prim.shape': (m, args) => sizeOf(m, args, NONE),
  'prim.tolist': (m) => missing(m, 'tolist'),
  'prim.type': () => 'cpu',
  'prim.unchecked_cast': (_m, args) => at(args, 1),
  'prim.unchecked_unwrap_optional': (_m, args) => at(args),
  radians: numeric('deg2rad', (x) => (x * Math.PI) / 180),
  remainder: either('remainder', '%'),
  remove: method('remove'),
  replace: method('replace'),
  reverse: method('reverse'),
  round: (m, args, kwargs) => isNumber(at(args)) ? Number(builtin('round')(m, args, kwargs)) : callOperator(m, 'round', args, kwargs),
  select: selectBatch,
  setdefault: method('setdefault'),
  sin: numeric('sin', Math.sin),
  size: sizeOf,
  slice: unlessTensor('slice', (m, args) => getItem(m, at(args), new PySlice([at(args, 1), at(args, 2), at(args, 3)]))),
  sort: unlessTensor('sort', (m, [list, reverse]) => method('sort')(m, [list ?? null], new Map([['reverse', reverse ?? false]]))),
  sorted: (m, args, kwargs) => builtin('sorted')(m, args, kwargs),
  split: (m, args, kwargs) => typeof at(args) === 'string' ? method('split')(m, args, kwargs) : callOperator(m, Array.isArray((args[1] as PyList | undefined)?.items) ? 'split_with_sizes' : 'split', args, kwargs),
  sqrt: numeric('sqrt', Math.sqrt),
  startswith: method('startswith'),
  str: builtin('str'),
  strip: method('strip'),
  sub: either('sub', '-'),
  sum: (m, args, kwargs) => at(args) instanceof PyList ? builtin('sum')(m, args, kwargs) : callOperator(m, 'sum', args, kwargs),
  sym_float: builtin('float'),
  sym_int: builtin('int'),
  tan: numeric('tan', Math.tan),
  tanh: numeric('tanh', Math.tanh),
  truediv: either('div', '/'),
  update: method('update'),
  upper: method('upper'),
  values: method('values'),
  warn: () => null,
  numel: (m, args, kwargs) => callOperator(m, 'numel', args, kwargs),
}
const NONE: Kwargs = new Map()

export const SCRIPT: ReadonlyMap<string, Call> = new Map(Object.entries(ROWS))
