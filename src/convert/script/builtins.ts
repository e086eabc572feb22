import { knownIn } from '../aten/known.ts'
import { knownSize, SymSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { baseNames, linearized } from './class.ts'
import { compare } from './compare.ts'
import { sorted } from './container.ts'
import { toDatum } from './datum.ts'
import { indexOf } from './item.ts'
import { iterate } from './iterate.ts'
import type { Machine } from './machine.ts'
import { moduleKeys, nativeType } from './module.ts'
import { binary, unary } from './operators.ts'
import { packedIn } from './packed.ts'
import { textOf } from './text.ts'
import { truth } from './truth.ts'
import {
  type Call,
  External,
  Instance,
  isNumber,
  type Py,
  PyClass,
  PyDict,
  PyFunction,
  PyList,
  PyModule,
  PySet,
  PyTuple,
  SymRange,
  typeOf,
  UNINITIALIZED,
} from './value.ts'

/** Python's built-in functions, and those that TorchScript has besides: a row each. */

const one = (args: readonly Py[]): Py => args[0] ?? null

/** The number in a tensor of one element: what is known of it, else a tensor without dimensions. */
export function numberIn(m: Machine, tensor: SymTensor): Py {
  const known = knownIn(m.t, tensor)
  if (known !== undefined) return known
  const count = m.t.call('numel', [tensor])
  if (count !== 1n) throw m.error(`a number is made of a tensor of ${String(count)} elements`)
  return asNumber(m, m.t.moved(m.t.reshape(m.t.value(tensor), []), tensor.dtype, []))
}

function asNumber(m: Machine, tensor: SymTensor): SymTensor {
  m.numbers.add(tensor)
  return tensor
}

function toInt(m: Machine, value: Py): Py {
  const number = value instanceof SymTensor ? numberIn(m, value) : value
  if (number instanceof SymTensor) return asNumber(m, m.t.castTo(number, 'int64'))
  if (number instanceof SymSize) return number
  if (typeof number === 'string' && /^\s*[+-]?\d{1,300}\s*$/.test(number)) return BigInt(number.trim())
  if (!isNumber(number) || !Number.isFinite(Number(number))) throw m.error(`int of ${typeOf(number)}`)
  return typeof number === 'bigint' ? number : BigInt(Math.trunc(Number(number)))
}

function toFloat(m: Machine, value: Py): Py {
  const number = value instanceof SymTensor ? numberIn(m, value) : value
  if (number instanceof SymTensor) return asNumber(m, m.t.castTo(number, 'float64'))
  if (number instanceof SymSize) return knownSize(number, 'float of a size')
  if (typeof number === 'string') return textNumber(m, number)
  if (!isNumber(number)) throw m.error(`float of ${typeOf(number)}`)
  return Number(number)
}

function textNumber(m: Machine, text: string): number {
  const match = /^\s*([+-]?)(inf|infinity|nan|[\d.eE+-]+)\s*$/i.exec(text)
  const [, sign, digits] = match ?? []
  if (digits === undefined) throw m.error(`float of the text ${text.slice(0, 40)}`)
  const size = /^inf/i.test(digits) ? Number.POSITIVE_INFINITY : /^nan/i.test(digits) ? Number.NaN : Number(digits)
  return sign === '-' ? -size : size
}

function length(m: Machine, value: Py): Py {
  if (value instanceof SymTensor) {
    if (value.rank === 0) throw m.error('len of a tensor without dimensions')
    return m.t.call('size', [value, 0n]) as Py
  }
  if (value instanceof PyList || value instanceof PyTuple) return BigInt(value.items.length)
  if (value instanceof PyDict) return BigInt(value.size)
  if (value instanceof PySet) return BigInt(value.items.size)
  if (typeof value === 'string') return BigInt([...value].length)
  const own = value instanceof PyModule && !value.cls ? undefined : m.find(value, '__len__')
  if (own !== undefined) return m.call(own, [])
  if (value instanceof PyModule) return BigInt(moduleKeys(value).length)
  throw m.error(`len of ${typeOf(value)}`)
}

function range(m: Machine, args: readonly Py[]): Py {
  const unknown = args.some((arg) => arg instanceof SymTensor && !isNumber(numberIn(m, arg)))
  const [start, stop, step] =
    args.length === 1 ? [0n, args[0] as Py, 1n] : [args[0] as Py, args[1] as Py, args[2] ?? 1n]
  if (unknown) return openRange(m, start, stop, step)
  const [from, to, by] = [indexOf(m, start), indexOf(m, stop), indexOf(m, step)]
  if (by === 0) throw m.error('a range has a step of 0')
  const count = Math.max(0, Math.ceil((to - from) / by))
  m.step(count)
  return new PyList(Array.from({ length: count }, (_, i) => BigInt(from + i * by)))
}

function openRange(m: Machine, start: Py, stop: Py, step: Py): Py {
  if (step !== 1n || typeof start !== 'bigint') throw m.error('a range that depends on data counts by ones')
  const count = binary(m, '-', stop, start)
  return new SymRange(start, count as SymTensor)
}

/** The biggest or smallest. */
const extreme =
  (op: '<' | '>', aten: string): Call =>
  (m, args, kwargs) => {
    const items = args.length === 1 ? iterate(m, one(args)) : args
    const key = kwargs.get('key') ?? null
    const keyOf = (item: Py): Py => (key === null ? item : m.call(key, [item]))
    const [first, ...rest] = items
    if (first === undefined) return kwargs.get('default') ?? raise(m, 'min or max of nothing')
    return rest.reduce<Py>((best, item) => {
      if (best instanceof SymTensor || item instanceof SymTensor)
        return m.t.op(aten, [tensorOf(m, best), tensorOf(m, item)])
      return truth(m, compare(m, op, keyOf(item), keyOf(best))) === true ? item : best
    }, first)
  }
const raise = (m: Machine, what: string): never => {
  throw m.error(what)
}
const tensorOf = (m: Machine, value: Py): SymTensor =>
  value instanceof SymTensor ? value : m.t.scalar(toDatum(m, value))

const folded =
  (all: boolean): Call =>
  (m, args) => {
    let result: Py = all
    for (const item of iterate(m, one(args))) {
      const known = truth(m, item)
      if (known === !all) return !all
      if (known === all) continue
      result =
        typeof result === 'boolean' ? known : m.t.op(all ? 'logical_and' : 'logical_or', [result as SymTensor, known])
    }
    return result
  }

function round(m: Machine, [value, digits]: readonly Py[]): Py {
  if (value instanceof SymTensor) return m.t.op('round', [value])
  if (!isNumber(value)) throw m.error(`round of ${typeOf(value)}`)
  const scale = 10 ** Number(digits ?? 0n)
  const scaled = Number(value) * scale
  const floor = Math.floor(scaled)
  const gap = scaled - floor
  const even = gap < 0.5 || (gap === 0.5 && floor % 2 === 0) ? floor : floor + 1
  return digits === undefined || digits === null ? BigInt(even) : even / scale
}

const TYPES: Readonly<Record<string, (value: Py) => boolean>> = {
  bool: (value) => typeof value === 'boolean',
  dict: (value) => value instanceof PyDict,
  float: (value) => typeof value === 'number',
  int: (value) => typeof value === 'bigint' || typeof value === 'boolean' || value instanceof SymSize,
  list: (value) => value instanceof PyList,
  set: (value) => value instanceof PySet,
  str: (value) => typeof value === 'string',
  tuple: (value) => value instanceof PyTuple,
  Dict: (value) => value instanceof PyDict,
  FunctionType: (value) => value instanceof PyFunction,
  List: (value) => value instanceof PyList,
  Mapping: (value) => value instanceof PyDict,
  NoneType: (value) => value === null,
  Number: (value) => isNumber(value),
  OrderedDict: (value) => value instanceof PyDict,
  Sequence: (value) => value instanceof PyList || value instanceof PyTuple,
  Tensor: (value) => value instanceof SymTensor,
  Tuple: (value) => value instanceof PyTuple,
}
const typeTest: ReadonlyMap<string, (value: Py) => boolean> = new Map(Object.entries(TYPES))

export function isInstance(m: Machine, value: Py, type: Py): boolean {
  if (type instanceof PyTuple || type instanceof PyList) return type.items.some((item) => isInstance(m, value, item))
  if (type instanceof PyClass) {
    const own = value instanceof PyModule || value instanceof Instance ? value.cls : undefined
    return own !== undefined && linearized(m, own).includes(type)
  }
  if (!(type instanceof External)) throw m.error(`isinstance of ${typeOf(type)}`)
  const name = type.path.slice(type.path.lastIndexOf('.') + 1)
  if (name === 'PackedSequence') return packedIn(value) !== undefined
  const test = typeTest.get(name)
  if (test) return test(value)
  if (!(value instanceof PyModule)) return false
  if (name === 'Module') return true
  return (
    nativeType(m, value) === `torch.nn.${name}` || (value.cls ? baseNames(m, value.cls).includes(type.path) : false)
  )
}

function typeName(value: Py): Py {
  if (value instanceof PyModule || value instanceof Instance) return value.cls ?? new External(typeOf(value))
  const found = Object.keys(TYPES).find((name) => TYPES[name]?.(value))
  return new External(value instanceof SymTensor ? 'torch.Tensor' : `builtins.${found ?? 'object'}`)
}

function dictOf(m: Machine, args: readonly Py[], kwargs: ReadonlyMap<string, Py>): Py {
  const dict = new PyDict()
  m.call(m.find(dict, 'update') as Py, args, kwargs)
  return dict
}

function numbered(m: Machine, args: readonly Py[], kwargs: ReadonlyMap<string, Py>): Py {
  const start = args[1] ?? kwargs.get('start') ?? 0n
  if (typeof start !== 'bigint') throw m.error(`enumerate from ${typeOf(start)}`)
  return new PyList(iterate(m, one(args)).map((item, i) => new PyTuple([start + BigInt(i), item])))
}

/** Iterators, and what a generator gives, are lists here, from which the first is taken. */
function next(m: Machine, [list, otherwise]: readonly Py[]): Py {
  if (!(list instanceof PyList)) throw m.error(`next of ${typeOf(list ?? null)}, which is no iterator`)
  const first = list.items.shift() ?? otherwise
  return first === undefined ? raise(m, 'StopIteration') : first
}

function attributeOr(m: Machine, [value, name, otherwise]: readonly Py[]): Py {
  const found = m.find(value ?? null, String(name))
  if (found !== undefined) return found
  return otherwise === undefined ? raise(m, `${typeOf(value)} has no attribute ${String(name)}`) : otherwise
}

// biome-ignore format: one row per function
export const BUILTINS: Readonly<Record<string, Call>> = {
  abs: (m, args) => { const x = one(args); return x instanceof SymTensor ? m.t.op('abs', [x]) : isNumber(x) && Number(x) < 0 ? unary(m, '-', x) : x },
  all: folded(true),
  annotate: (_m, args) => args[1] ?? null,
  any: folded(false),
  bool: (m, args) => truth(m, one(args)),
  callable: (_m, args) => !(isNumber(one(args)) || typeof one(args) === 'string' || one(args) === null),
  dict: dictOf,
  divmod: (m, [a, b]) => new PyTuple([binary(m, '//', a ?? null, b ?? null), binary(m, '%', a ?? null, b ?? null)]),
  enumerate: numbered,
  filter: (m, [test, items]) => new PyList(iterate(m, items ?? null).filter((item) => truth(m, test === null || test === undefined ? item : m.call(test, [item])) === true)),
  float: (m, args) => args.length === 0 ? 0 : toFloat(m, one(args)),
  getattr: (m, args) => attributeOr(m, args),
  hasattr: (m, [value, name]) => m.find(value ?? null, String(name)) !== undefined,
  int: (m, args) => args.length === 0 ? 0n : toInt(m, one(args)),
  isinstance: (m, [value, type]) => isInstance(m, value ?? null, type ?? null),
  iter: (m, args) => new PyList([...iterate(m, one(args))]),
  len: (m, args) => length(m, one(args)),
  list: (m, args) => new PyList(args.length === 0 ? [] : [...iterate(m, one(args))]),
  map: (m, [fn, ...lists]) => { const rows = lists.map((list) => iterate(m, list)); return new PyList((rows[0] ?? []).map((_, i) => m.call(fn ?? null, rows.map((row) => row[i] ?? null)))) },
  max: extreme('>', 'maximum'),
  min: extreme('<', 'minimum'),
  next,
  object: () => null,
  pow: (m, [a, b]) => binary(m, '**', a ?? null, b ?? null),
  print: () => null,
  range,
  repr: (m, args) => textOf(m, one(args), true),
  reversed: (m, args) => new PyList([...iterate(m, one(args))].reverse()),
  round,
  set: (m, args) => new PySet(args.length === 0 ? [] : iterate(m, one(args))),
  setattr: (m, [value, name, item]) => { m.setAttribute(value ?? null, String(name), item ?? null); return null },
  sorted: (m, args, kwargs) => new PyList(sorted(m, iterate(m, one(args)), kwargs)),
  str: (m, args) => textOf(m, args.length === 0 ? '' : one(args)),
  sum: (m, args) => iterate(m, one(args)).reduce<Py>((sum, item) => binary(m, '+', sum, item), args[1] ?? 0n),
  tuple: (m, args) => new PyTuple(args.length === 0 ? [] : [...iterate(m, one(args))]),
  type: (_m, args) => typeName(one(args)),
  unchecked_cast: (_m, args) => args[1] ?? null,
  uninitialized: () => UNINITIALIZED,
  zip: (m, args) => { const rows = args.map((list) => iterate(m, list)); const count = rows.length === 0 ? 0 : Math.min(...rows.map((row) => row.length)); return new PyList(Array.from({ length: count }, (_, i) => new PyTuple(rows.map((row) => row[i] as Py)))) },
}
