import { alike, type Size, SymSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { fromDatum, toDatum } from './datum.ts'
import type { Machine } from './machine.ts'
import { type Kwargs, type Py, PyList, PyTuple } from './value.ts'

/** An operator of torch that nothing here converts: conversion goes on to name all of them. */
export class Unsupported extends Error {
  readonly operator: string
  readonly path: string
  readonly line: number

  constructor(operator: string, path: string, line: number) {
    super(`torch's ${operator} is not supported`)
    this.operator = operator
    this.path = path
    this.line = line
  }
}

/** Sizes that may be given one by one: `x.view(2, 3)`. */
// biome-ignore format: a list of names
const SPREAD: ReadonlySet<string> = new Set([
  'broadcast_to', 'empty', 'expand', 'flip', 'new_ones', 'new_zeros', 'ones', 'permute', 'repeat', 'reshape', 'squeeze',
  'tile', 'view', 'zeros',
])
const MADE: ReadonlySet<string> = new Set(['empty', 'ones', 'zeros'])

const isInt = (value: Py | undefined): boolean =>
  typeof value === 'bigint' || value instanceof SymSize || (value instanceof SymTensor && value.rank === 0)

function spread(name: string, args: readonly Py[]): readonly Py[] {
  if (!SPREAD.has(name)) return args
  const from = MADE.has(name) ? 0 : 1
  if (!isInt(args[from])) return args
  const count = args.slice(from).findIndex((arg) => !isInt(arg))
  const end = count < 0 ? args.length : from + count
  return [...args.slice(0, from), new PyList(args.slice(from, end) as Py[]), ...args.slice(end)]
}

/** One of torch's operators on values. */
export function callOperator(m: Machine, name: string, given: readonly Py[], kwargs: Kwargs): Py {
  const plain = name.endsWith('_') && !m.t.has(name) ? name.slice(0, -1) : name
  if (!m.t.has(plain)) throw new Unsupported(name, m.path, m.line)
  if ((name === 'max' || name === 'min') && (given[1] instanceof SymTensor || kwargs.get('other') instanceof SymTensor))
    return callOperator(m, `${name}imum`, given, kwargs)
  const args = spread(name.replace(/_$/, ''), given).map((arg) => toDatum(m, arg))
  const named = new Map([...kwargs].filter(([key]) => key !== 'out').map(([key, value]) => [key, toDatum(m, value)]))
  return into(m, name, fromDatum(m.t.call(name, args, named), plain), kwargs.get('out') ?? null)
}

/** What was computed, in the tensors that were given for it. */
function into(m: Machine, name: string, made: Py, out: Py): Py {
  if (out === null) return made
  if (out instanceof SymTensor && made instanceof SymTensor) return written(m, name, made, out)
  const [given, results] = [out, made].map((value) =>
    value instanceof PyTuple || value instanceof PyList ? value.items : [],
  )
  if (!given || given.length === 0 || given.length !== results?.length)
    throw m.error(`torch's ${name} is given an out of another kind, which is not supported`)
  return new PyTuple(
    given.map((item, i) => into(m, name, results[i] as Py, item)),
    made instanceof PyTuple ? made.names : [],
  )
}

function written(m: Machine, name: string, made: SymTensor, out: SymTensor): SymTensor {
  const fits = made.rank === out.rank && made.dims.every((dim, i) => alike(dim, out.dims[i] as Size))
  if (fits) return m.t.assign(out, made)
  throw m.error(
    `torch's ${name} writes [${made.dims.join(', ')}] into an out of [${out.dims.join(', ')}], which is not supported`,
  )
}
