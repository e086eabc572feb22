import { InferError } from '../../errors.ts'
import type { PyObject } from '../../formats/values.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { BatchSizes, Packed } from '../aten/packed.ts'
import { SymSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import type { Machine } from './machine.ts'
import type { Block, ClassDefinition, Expression, FunctionDefinition, Parameters } from './syntax.ts'

/**
 * What Python's names stand for while a model's code is interpreted: numbers as in `formats/values.ts` (a bigint is an
 * int, a number a float), tensors symbolic, and all that can be called a record of what to interpret.
 */
export type Py =
  | null
  | boolean
  | bigint
  | number
  | string
  | SymSize
  | SymTensor
  | Packed
  | BatchSizes
  | PyList
  | PyTuple
  | PyDict
  | PySet
  | PyModule
  | Instance
  | PyFunction
  | PyClass
  | Bound
  | Builtin
  | External
  | PyDType
  | Device
  | PySlice
  | SymRange
  | Super
  | Ellipsis
  | Missing

/** What can change: its content by place. A branch that depends on data is undone by `load`. */
export interface Mutable {
  save(): ReadonlyMap<string, Py>
  load(state: ReadonlyMap<string, Py>): void
}

export class PyList implements Mutable {
  items: Py[]

  constructor(items: Py[] = []) {
    this.items = items
  }

  save(): ReadonlyMap<string, Py> {
    return new Map(this.items.map((item, i) => [String(i), item]))
  }

  load(state: ReadonlyMap<string, Py>): void {
    this.items = [...state.values()]
  }
}

export class PyTuple {
  readonly items: readonly Py[]
  /** Of a named tuple, and of operators that give one. */
  readonly names: readonly string[]

  constructor(items: readonly Py[], names: readonly string[] = []) {
    this.items = items
    this.names = names
  }
}

/** Keys are told apart by `keyOf`. */
export class PyDict implements Mutable {
  /** Pairs of key and value. */
  #entries = new Map<string, PyTuple>()

  get size(): number {
    return this.#entries.size
  }
  get(key: Py): Py | undefined {
    return this.#entries.get(keyOf(key))?.items[1]
  }
  set(key: Py, value: Py): void {
    this.#entries.set(keyOf(key), new PyTuple([key, value]))
  }
  delete(key: Py): boolean {
    return this.#entries.delete(keyOf(key))
  }
  has(key: Py): boolean {
    return this.#entries.has(keyOf(key))
  }
  clear(): void {
    this.#entries.clear()
  }
  keys(): Py[] {
    return [...this.#entries.values()].map(({ items }) => items[0] as Py)
  }
  values(): Py[] {
    return [...this.#entries.values()].map(({ items }) => items[1] as Py)
  }
  items(): PyTuple[] {
    return [...this.#entries.values()]
  }

  save(): ReadonlyMap<string, Py> {
    return new Map(this.#entries)
  }

  load(state: ReadonlyMap<string, Py>): void {
    this.#entries = new Map(state as ReadonlyMap<string, PyTuple>)
  }
}

export class PySet {
  readonly items = new Map<string, Py>()

  constructor(items: readonly Py[] = []) {
    for (const item of items) this.items.set(keyOf(item), item)
  }
}

/** A module or another object of the file: what it has, and over it what the code sets. */
export class PyModule implements Mutable {
  readonly object: PyObject
  /** Where it is in the model: `encoder.layers.0`. */
  readonly path: string
  /** The class, where its text is known. */
  readonly cls: PyClass | undefined
  #set: ReadonlyMap<string, Py> = new Map()

  constructor(object: PyObject, path: string, cls: PyClass | undefined) {
    this.object = object
    this.path = path
    this.cls = cls
  }

  overlay(name: string): Py | undefined {
    return this.#set.get(name)
  }
  set(name: string, value: Py): void {
    this.#set = new Map([...this.#set, [name, value]])
  }
  save(): ReadonlyMap<string, Py> {
    return this.#set
  }
  load(state: ReadonlyMap<string, Py>): void {
    this.#set = state
  }
}

/** An object that the code itself makes. */
export class Instance implements Mutable {
  readonly cls: PyClass
  attributes = new Map<string, Py>()

  constructor(cls: PyClass) {
    this.cls = cls
  }
  save(): ReadonlyMap<string, Py> {
    return new Map(this.attributes)
  }
  load(state: ReadonlyMap<string, Py>): void {
    this.attributes = new Map(state)
  }
}

/** A member of an enumeration. One of text or numbers is equal to its value, others are to themselves alone. */
export class EnumMember extends Instance {
  readonly name: string
  readonly value: Py
  readonly isPlain: boolean

  constructor(cls: PyClass, name: string, value: Py, isPlain: boolean) {
    super(cls)
    this.name = name
    this.value = value
    this.isPlain = isPlain
    this.attributes = new Map<string, Py>([
      ['name', name],
      ['value', value],
    ])
  }
}

/** Where names are looked up: of a call, of a file, of a class. */
export interface Scope {
  readonly path: string
  lookup(name: string, m: Machine): Py | undefined
}

export class PyFunction {
  readonly name: string
  readonly parameters: Parameters
  readonly body: Block | Expression
  readonly scope: Scope
  /** The class that it stands in, for `super()`. */
  readonly owner: PyClass | undefined
  /** Of a function in a function: evaluated where it is defined. */
  defaults: ReadonlyMap<string, Py> | undefined

  constructor(
    { name, parameters, body }: Pick<FunctionDefinition, 'name' | 'parameters'> & { body: Block | Expression },
    scope: Scope,
    owner?: PyClass,
  ) {
    this.name = name
    this.parameters = parameters
    this.body = body
    this.scope = scope
    this.owner = owner
  }
}

export class PyClass {
  readonly definition: ClassDefinition
  /** `__torch__.CF`, `net.Encoder`. */
  readonly qualified: string
  readonly scope: Scope
  readonly members: ReadonlyMap<string, ClassMember>
  /** Annotated fields in order: those of named tuples and data classes. */
  readonly fields: readonly { readonly name: string; readonly byDefault: Expression | undefined }[]

  constructor(
    definition: ClassDefinition,
    qualified: string,
    scope: Scope,
    members: ReadonlyMap<string, ClassMember>,
    fields: PyClass['fields'],
  ) {
    this.definition = definition
    this.qualified = qualified
    this.scope = scope
    this.members = members
    this.fields = fields
  }
}

export type ClassMember =
  | { readonly kind: 'method' | 'static' | 'class' | 'property'; readonly definition: FunctionDefinition }
  | { readonly kind: 'value'; readonly value: Expression }
  | { readonly kind: 'nested'; readonly definition: ClassDefinition }

/** A function with its first argument. */
export class Bound {
  readonly receiver: Py
  readonly callee: PyFunction
  constructor(receiver: Py, callee: PyFunction) {
    this.receiver = receiver
    this.callee = callee
  }
}

export type Kwargs = ReadonlyMap<string, Py>
export type Call = (m: Machine, args: readonly Py[], kwargs: Kwargs) => Py

export class Builtin {
  readonly name: string
  readonly call: Call
  constructor(name: string, call: Call) {
    this.name = name
    this.call = call
  }
}

/** A name of a library: `torch.nn.functional.relu`. It is only a name, which tables explain where it is used. */
export class External {
  readonly path: string
  constructor(path: string) {
    this.path = path
  }
}

export class PyDType {
  readonly dtype: DType
  constructor(dtype: DType) {
    this.dtype = dtype
  }
}

/** Where a tensor would lie: always here. */
export class Device {
  readonly type = 'cpu'
}

export class PySlice {
  readonly parts: readonly [start: Py, stop: Py, step: Py]
  constructor(parts: readonly [Py, Py, Py]) {
    this.parts = parts
  }
}

/** `range` to an end that data decides. */
export class SymRange {
  readonly start: bigint
  readonly count: SymTensor
  constructor(start: bigint, count: SymTensor) {
    this.start = start
    this.count = count
  }
}

/** `super()` in a method of `owner`. */
export class Super {
  readonly owner: PyClass
  readonly receiver: Py
  constructor(owner: PyClass, receiver: Py) {
    this.owner = owner
    this.receiver = receiver
  }
}

export class Ellipsis {
  readonly kind = 'ellipsis'
}
export const ELLIPSIS = new Ellipsis()

/** No value: what TorchScript leaves uninitialized, and what branches that depend on data have not both set. */
export class Missing {
  readonly why: string
  constructor(why: string) {
    this.why = why
  }
}
export const UNINITIALIZED = new Missing('it is not initialized')

export const isNumber = (value: Py | undefined): value is bigint | number | boolean =>
  typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean'

/** What tells keys of dicts and sets apart: 1, 1.0 and True are one. */
export function keyOf(key: Py, depth = 0): string {
  if (isNumber(key)) return `n${Number.isInteger(Number(key)) ? BigInt(key) : key}`
  if (typeof key === 'string') return `s${key}`
  if (key === null) return 'None'
  if (key instanceof PyDType) return `d${key.dtype}`
  if (key instanceof EnumMember) return key.isPlain ? keyOf(key.value, depth) : `e${key.cls.qualified}.${key.name}`
  if (key instanceof PyTuple && depth < 8) return `(${key.items.map((item) => keyOf(item, depth + 1)).join(',')})`
  throw new InferError('bad_model', `${typeOf(key)} is no key of a dict that is supported`)
}

/** A value's type, in Python's words. */
export function typeOf(value: Py | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'None'
  if (typeof value === 'bigint' || value instanceof SymSize) return 'an int'
  if (typeof value === 'boolean') return 'a bool'
  if (typeof value === 'number') return 'a float'
  if (typeof value === 'string') return 'a str'
  if (value instanceof SymTensor) return `a tensor ${value.dtype}[${value.dims.join(', ')}]`
  if (value instanceof PyModule) return value.object.type
  if (value instanceof Instance) return value.cls.qualified
  if (value instanceof External) return value.path
  if (value instanceof PyClass) return `the class ${value.qualified}`
  return NAMES.get(value.constructor) ?? 'a value'
}
const NAMES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [PyList, 'a list'],
  [PyTuple, 'a tuple'],
  [PyDict, 'a dict'],
  [PySet, 'a set'],
  [PyFunction, 'a function'],
  [Bound, 'a method'],
  [Builtin, 'a function'],
  [PyDType, 'a dtype'],
  [Device, 'a device'],
  [PySlice, 'a slice'],
  [Missing, 'nothing'],
])
