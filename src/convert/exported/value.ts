import { InferError } from '../../errors.ts'
import type { Json } from '../../formats/json.ts'
import { dtypeOfExport, listOf, objectOf } from '../../formats/torch-export.ts'
import { Device, type Py, PyDType, PyList } from '../script/value.ts'

/** Arguments of exported programs: objects of one key, which says what they are (schema.py's unions). */

export type Environment = Map<string, Py>

/** The one key of a union, and what it holds. */
export function unionOf(value: Json | undefined, what: string): readonly [kind: string, held: Json] {
  const [entry, more] = [...objectOf(value, what)].filter(([key]) => key !== '$type')
  if (!entry || more) throw new InferError('bad_model', `${what} is no union of one key`)
  return entry
}

type Reader = (held: Json, env: Environment) => Py

const int: Reader = (held) => {
  if (typeof held === 'bigint') return held
  if (typeof held === 'number' && Number.isInteger(held)) return BigInt(held)
  throw new InferError('bad_model', `an int is ${String(held).slice(0, 40)}`)
}

/** JSON has no words for these; old releases write them as texts. */
const float: Reader = (held) => {
  if (typeof held === 'number' || typeof held === 'bigint') return Number(held)
  if (held === 'Infinity') return Number.POSITIVE_INFINITY
  if (held === '-Infinity') return Number.NEGATIVE_INFINITY
  return Number.NaN
}
const plain: Reader = (held) => (typeof held === 'boolean' || typeof held === 'string' ? held : null)

const named: Reader = (held, env) => {
  const name = String(held instanceof Map ? held.get('name') : held)
  const value = env.get(name)
  if (value === undefined) throw new InferError('bad_model', `the exported program has no value ${name}`)
  return value
}

/** A number that is known, or the name of one. */
const symbolic =
  (known: string, read: Reader): Reader =>
  (held, env) => {
    const [kind, value] = unionOf(held, 'a symbolic number')
    return kind === known ? read(value, env) : named(value, env)
  }

const list =
  (read: Reader): Reader =>
  (held, env) =>
    new PyList(listOf(held, 'a list').map((item) => read(item, env)))

const optional: Reader = (held, env) => readArgument(held, env)

// biome-ignore format: one row per kind
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>(Object.entries<Reader>({
  as_bool: plain,
  as_bools: list(plain),
  as_device: () => new Device(),
  as_float: float,
  as_floats: list(float),
  as_int: int,
  as_ints: list(int),
  as_layout: () => null,
  as_memory_format: () => null,
  as_name: named,
  as_nested_tensors: list(list(named)),
  as_none: () => null,
  as_optional_tensor: optional,
  as_optional_tensors: list(optional),
  as_scalar_type: (held) => new PyDType(dtypeOfExport(held)),
  as_string: plain,
  as_strings: list(plain),
  as_sym_bool: symbolic('as_bool', plain),
  as_sym_bools: list(symbolic('as_bool', plain)),
  as_sym_float: symbolic('as_float', float),
  as_sym_floats: list(symbolic('as_float', float)),
  as_sym_int: symbolic('as_int', int),
  as_sym_ints: list(symbolic('as_int', int)),
  as_tensor: named,
  as_tensors: list(named),
}))

/** @throws InferError bad_model for what graphs have no use for */
export function readArgument(value: Json | undefined, env: Environment): Py {
  const [kind, held] = unionOf(value, 'an argument')
  const read = READERS.get(kind)
  if (!read) throw new InferError('bad_model', `an argument of an exported program is ${kind}, which is not supported`)
  return read(held, env)
}

/** The names that a node gives its results; of a list of them, names in a list. */
export type Names = string | null | readonly Names[]

export function namesIn(value: Json): Names {
  const [kind, held] = unionOf(value, 'an output')
  if (kind === 'as_none') return null
  if (kind === 'as_tensors') return listOf(held, 'outputs').map((item) => nameOf(item))
  return nameOf(held)
}

function nameOf(held: Json): string | null {
  if (held instanceof Map) return typeof held.get('name') === 'string' ? (held.get('name') as string) : asName(held)
  return typeof held === 'string' ? held : null
}
const asName = (held: ReadonlyMap<string, Json>): string | null => {
  const name = held.get('as_name')
  if (typeof name === 'string') return name
  const tensor = held.get('as_tensor')
  return tensor instanceof Map ? nameOf(tensor) : null
}
