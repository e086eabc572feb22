import type { DType } from '../../tensor/dtype.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { BUILTINS, isInstance } from './builtins.ts'
import { compare } from './compare.ts'
import { fromDatum, toDatum } from './datum.ts'
import { iterate } from './iterate.ts'
import { type Machine, Raised } from './machine.ts'
import { callOperator } from './operator-call.ts'
import { binary } from './operators.ts'
import { packPadded, padPacked } from './packed.ts'
import { truth } from './truth.ts'
import {
  Builtin,
  type Call,
  Device,
  External,
  isNumber,
  type Py,
  PyDict,
  PyDType,
  PyList,
  PyTuple,
  typeOf,
} from './value.ts'

/** Functions of Python's libraries that forward functions use, and of torch what is about running: a row each. */

const at = (args: readonly Py[], i = 0): Py => args[i] ?? null

const numeric =
  (fn: (...numbers: number[]) => number, integral = false): Call =>
  (m, args) => {
    const numbers = args.map((arg) => {
      const known = arg instanceof SymTensor ? arg.known : arg
      if (isNumber(known as Py)) return Number(known)
      throw m.error(`a function of math is given ${typeOf(arg)}`)
    })
    const made = fn(...numbers)
    return integral && Number.isFinite(made) ? BigInt(made) : made
  }

/** Makes tuples with names: `namedtuple("Output", ["logits", "hidden"])`, or the names in a text. */
const namedTuple: Call = (m, [name, fields], kwargs) => {
  const given = fields ?? kwargs.get('field_names') ?? null
  const names = typeof given === 'string' ? given.split(/[\s,]+/).filter(Boolean) : iterate(m, given).map(String)
  const defaults = kwargs.has('defaults') ? iterate(m, kwargs.get('defaults') ?? null) : []
  return new Builtin(String(name), (_m, args, named) => {
    const values = names.map((field, i) => args[i] ?? named.get(field) ?? defaults[defaults.length - names.length + i])
    const missing = names.find((_, i) => values[i] === undefined)
    if (missing !== undefined) throw m.error(`${String(name)} wants a value for ${missing}`)
    return new PyTuple(values as Py[], names)
  })
}

/** What is said of a run is said to nobody. */
const LOGGING = ['critical', 'debug', 'error', 'exception', 'info', 'log', 'setLevel', 'warning']

const product: Call = (m, args) => iterate(m, at(args)).reduce<Py>((total, item) => binary(m, '*', total, item), 1n)

const partial: Call = (_m, [fn, ...bound], kwargs) =>
  new Builtin('partial', (m, args, named) => m.call(fn ?? null, [...bound, ...args], new Map([...kwargs, ...named])))

const reduce: Call = (m, [fn, items, start]) => {
  const [first, ...rest] = start === undefined ? iterate(m, items ?? null) : [start, ...iterate(m, items ?? null)]
  return rest.reduce<Py>((total, item) => m.call(fn ?? null, [total, item]), first ?? null)
}

function chained(m: Machine, lists: readonly Py[]): Py {
  return new PyList(lists.flatMap((list) => iterate(m, list)))
}

function products(m: Machine, lists: readonly Py[]): Py {
  return new PyList(
    lists
      .reduce<Py[][]>(
        (rows, list) => {
          const items = iterate(m, list)
          m.step(rows.length * items.length * ((rows[0]?.length ?? 0) + 1))
          return rows.flatMap((row) => items.map((item) => [...row, item]))
        },
        [[]],
      )
      .map((row) => new PyTuple(row)),
  )
}

/** Tensors one by one, or in a list. */
const gathered =
  (name: string): Call =>
  (m, args, kwargs) =>
    callOperator(m, name, at(args) instanceof SymTensor ? [new PyList([...args])] : args, kwargs)

const nothing: Call = () => null
const first: Call = (_m, args) => at(args)
const second: Call = (_m, args) => at(args, 1)
const no: Call = () => false

/** Runs a function on the arguments after it. */
const applied: Call = (m, [fn, ...args], kwargs) =>
  m.call(fn ?? null, args, new Map([...kwargs].filter(([name]) => !RUNNING.has(name))))
const RUNNING: ReadonlySet<string> = new Set(['use_reentrant', 'preserve_rng_state'])

const sharpened: Call = (m, args) => {
  const test = truth(m, at(args))
  const what = `an assertion of the model fails${typeof args[1] === 'string' ? `: ${args[1]}` : ''}`
  if (test === false) throw new Raised(what)
  if (test !== true) m.alarm.raiseUnless(m, test, what)
  return null
}

/** A tensor of numbers; of a tensor itself. */
const asTensor: Call = (m, args, kwargs) =>
  fromDatum(
    m.t.call('tensor', [toDatum(m, at(args))], new Map([...kwargs].map(([key, value]) => [key, toDatum(m, value)]))),
  )

/** `torch.finfo` and `torch.iinfo`: of a dtype, or of the one that is torch's default. */
const limits: Call = (m, args) => {
  const [given] = args
  const dtype = given instanceof PyDType ? given.dtype : 'float32'
  const found = LIMITS[dtype]
  if (!found) throw m.error(`the limits of ${dtype}`)
  return new PyTuple(Object.values(found), Object.keys(found))
}
const float = (bits: bigint, max: number, eps: number, tiny: number): Readonly<Record<string, Py>> => ({
  bits,
  eps,
  max,
  min: -max,
  smallest_normal: tiny,
  tiny,
})
const int = (bits: bigint): Readonly<Record<string, Py>> => ({
  bits,
  max: 2n ** (bits - 1n) - 1n,
  min: -(2n ** (bits - 1n)),
})
const LIMITS: Readonly<Partial<Record<DType, Readonly<Record<string, Py>>>>> = {
  bfloat16: float(16n, 3.3895313892515355e38, 2 ** -7, 2 ** -126),
  float16: float(16n, 65504, 2 ** -10, 2 ** -14),
  float32: float(32n, 3.4028234663852886e38, 2 ** -23, 2 ** -126),
  float64: float(64n, Number.MAX_VALUE, 2 ** -52, 2 ** -1022),
  int16: int(16n),
  int32: int(32n),
  int64: int(64n),
  int8: int(8n),
  uint8: { bits: 8n, max: 255n, min: 0n },
}

const isTensor: Call = (_m, args) => at(args) instanceof SymTensor
const isFloating: Call = (_m, args) => {
  const x = at(args)
  return x instanceof SymTensor && x.dtype.includes('float')
}

// biome-ignore format: one row per function
const ROWS: Readonly<Record<string, Call>> = {
  'collections.OrderedDict': (m, args, kwargs) => (BUILTINS.dict as Call)(m, args, kwargs),
  'collections.defaultdict': () => new PyDict(),
  'copy.copy': first,
  'copy.deepcopy': first,
  'functools.partial': partial,
  'functools.reduce': reduce,
  'itertools.chain': chained,
  'itertools.product': products,
  'collections.namedtuple': namedTuple,
  'logging.getLogger': () => new External('logging'),
  ...Object.fromEntries(LOGGING.map((name): [string, Call] => [`logging.${name}`, nothing])),
  'math.ceil': numeric(Math.ceil, true),
  'math.cos': numeric(Math.cos),
  'math.exp': numeric(Math.exp),
  'math.floor': numeric(Math.floor, true),
  'math.gcd': numeric((a, b) => { let [x, y] = [Math.abs(a as number), Math.abs(b as number)]; while (y > 0) [x, y] = [y, x % y]; return x }, true),
  'math.isclose': (_m, args) => Math.abs(Number(at(args)) - Number(at(args, 1))) <= 1e-9 * Math.max(Math.abs(Number(at(args))), Math.abs(Number(at(args, 1)))),
  'math.isinf': (_m, args) => Math.abs(Number(at(args))) === Number.POSITIVE_INFINITY,
  'math.isnan': (_m, args) => Number.isNaN(Number(at(args))),
  'math.log': numeric((x, base) => base === undefined ? Math.log(x as number) : Math.log(x as number) / Math.log(base)),
  'math.log10': numeric(Math.log10),
  'math.log2': numeric(Math.log2),
  'math.pow': numeric((x, y) => (x as number) ** (y as number)),
  'math.prod': product,
  'math.sin': numeric(Math.sin),
  'math.sqrt': numeric(Math.sqrt),
  'math.tanh': numeric(Math.tanh),
  'math.trunc': numeric(Math.trunc, true),
  'numpy.log': numeric(Math.log),
  'numpy.prod': product,
  'numpy.sqrt': numeric(Math.sqrt),
  'operator.add': (m, [a, b]) => binary(m, '+', a ?? null, b ?? null),
  'operator.eq': (m, [a, b]) => compare(m, '==', a ?? null, b ?? null),
  'operator.mul': (m, [a, b]) => binary(m, '*', a ?? null, b ?? null),
  'torch.atleast_1d': gathered('atleast_1d'),
  'torch.atleast_2d': gathered('atleast_2d'),
  'torch.atleast_3d': gathered('atleast_3d'),
  'torch.cartesian_prod': gathered('cartesian_prod'),
  'torch.chain_matmul': gathered('chain_matmul'),
  'torch.finfo': limits,
  'torch.iinfo': limits,
  'torch.meshgrid': gathered('meshgrid'),
  'torch.Size': (m, args) => new PyTuple([...iterate(m, at(args))]),
  'torch.Tensor': asTensor,
  'torch.FloatTensor': asTensor,
  'torch.LongTensor': asTensor,
  'torch._C._get_tracing_state': nothing,
  'torch._C._log_api_usage_once': nothing,
  'torch._assert': sharpened,
  'torch._check': nothing,
  'torch._jit_internal.is_scripting': no,
  'torch.amp.autocast': nothing,
  'torch.autocast': nothing,
  'torch.autograd.Variable': first,
  'torch.cuda.amp.autocast': nothing,
  'torch.cuda.is_available': no,
  'torch.device': () => new Device(),
  'torch.broadcast_tensors': gathered('broadcast_tensors'),
  'torch.einsum': (m, [equation, ...operands]) => callOperator(m, 'einsum', [equation ?? null, operands[0] instanceof SymTensor ? new PyList(operands) : (operands[0] ?? null)], new Map()),
  'torch.enable_grad': nothing,
  'torch.from_numpy': first,
  'torch.inference_mode': nothing,
  'torch.is_floating_point': isFloating,
  'torch.is_tensor': isTensor,
  'torch.jit.annotate': second,
  'torch.jit.is_scripting': no,
  'torch.jit.is_tracing': no,
  'torch.jit.isinstance': (m, args) => isInstance(m, at(args), at(args, 1)),
  'torch.manual_seed': nothing,
  'torch.nn.utils.rnn.pack_padded_sequence': packPadded,
  'torch.nn.utils.rnn.pad_packed_sequence': padPacked,
  'torch.no_grad': nothing,
  'torch.onnx.is_in_onnx_export': no,
  'torch.set_grad_enabled': nothing,
  'torch.utils.checkpoint.checkpoint': applied,
  'typing.cast': second,
  'warnings.warn': nothing,
  fork: (m, args, kwargs) => applied(m, args, kwargs),
  wait: first,
  'torch.set_default_dtype': nothing,
}

export const PYTHON: ReadonlyMap<string, Call> = new Map(Object.entries(ROWS))
