import { SymSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { fromDatum, toDatum } from './datum.ts'
import type { Machine } from './machine.ts'
import { type Kwargs, type Py, PyList } from './value.ts'

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
  'empty', 'expand', 'flip', 'new_ones', 'new_zeros', 'ones', 'permute', 'repeat', 'reshape', 'tile', 'view', 'zeros',
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
  if ((name === 'max' || name === 'min') && given[1] instanceof SymTensor)
    return callOperator(m, `${name}imum`, given, kwargs)
  const args = spread(name.replace(/_$/, ''), given).map((arg) => toDatum(m, arg))
  const named = new Map([...kwargs].filter(([key]) => key !== 'out').map(([key, value]) => [key, toDatum(m, value)]))
  return fromDatum(m.t.call(name, args, named), plain)
}
