import { InferError, show } from '../../errors.ts'
import {
  attributesOf,
  isArray,
  isObject,
  itemsOf,
  type NdArray,
  type PyObject,
  typeName,
  type Value,
} from '../../formats/values.ts'
import { fromHalfBits } from '../../tensor/half.ts'
import { createTensor, sizeOf, type Tensor } from '../../tensor/tensor.ts'

/** Class names in column order: int64, float64, bool or string, of shape [classes]. */
export type Labels = Tensor

/**
 * A fitted estimator as converters read it. Each reader takes the spellings of an attribute that releases have used,
 * newest first, and says in its error which estimator and which attribute it is about; nothing that it answers is of
 * another type than it says, so converters need not check. None counts as absent.
 */
export class Estimator {
  /** Public name: `sklearn.linear_model.Ridge`, whatever private module the release kept it in. */
  readonly type: string
  readonly object: PyObject
  readonly #attributes: ReadonlyMap<Value, Value>

  /** @throws InferError bad_model when the value is no instance */
  constructor(value: Value | undefined, what = 'the file') {
    if (!isObject(value)) throw new InferError('bad_model', `${what} holds ${typeName(value)}, not an estimator`)
    this.object = value
    this.type = publicName(value.type)
    this.#attributes = attributesOf(value)
  }

  /** `Ridge` */
  get name(): string {
    return this.type.slice(this.type.lastIndexOf('.') + 1)
  }

  /** scikit-learn's release, as numbers: [1, 4]; [] where the file does not say. */
  get version(): readonly number[] {
    const text = this.raw('_sklearn_version')
    return typeof text === 'string' ? text.split('.').slice(0, 2).map(Number) : []
  }

  /** Whether the release that saved it is `major.minor` or later; a file that does not say is older than 0.18. */
  isSince(major: number, minor: number): boolean {
    const [a = 0, b = 0] = this.version
    return a > major || (a === major && b >= minor)
  }

  /** The value of the first of the names that is there and not None. */
  raw(...names: readonly string[]): Value | undefined {
    for (const name of names) {
      const value = this.#attributes.get(name)
      if (value !== undefined && value !== null) return value
    }
    return undefined
  }

  has(...names: readonly string[]): boolean {
    return this.raw(...names) !== undefined
  }

  /** float64, of the array's own shape; [] for a number. Integers and booleans are cast. */
  floats(...names: readonly string[]): Tensor {
    return this.#array(names, (array) => createTensor('float64', array.shape, toFloats(array)))
  }

  /** The integers of an array, list or tuple, in order. */
  integers(...names: readonly string[]): number[] {
    const values = [...(this.floats(...names).data as Float64Array)]
    if (!values.every(Number.isSafeInteger)) throw this.broken(names, 'holds numbers that are not whole')
    return values
  }

  number(names: string | readonly string[], byDefault?: number): number {
    const list = typeof names === 'string' ? [names] : names
    const value = this.raw(...list)
    if (value === undefined && byDefault !== undefined) return byDefault
    const number = numberOf(value)
    if (number === undefined) throw this.broken(list, `is ${typeName(value)}, not a number`)
    return number
  }

  flag(name: string, byDefault?: boolean): boolean {
    const value = this.raw(name)
    if (value === undefined && byDefault !== undefined) return byDefault
    const number = typeof value === 'boolean' ? Number(value) : numberOf(value)
    if (number !== 0 && number !== 1) throw this.broken([name], `is ${typeName(value)}, not a bool`)
    return number === 1
  }

  text(name: string, byDefault?: string): string {
    const value = this.raw(name) ?? byDefault
    const text = isArray(value) && value.dtype === 'string' && value.shape.length === 0 ? value.data[0] : value
    if (typeof text !== 'string') throw this.broken([name], `is ${typeName(value)}, not a str`)
    return text
  }

  /** @throws InferError bad_model that lists what is supported */
  oneOf<T extends string>(name: string, allowed: readonly T[], byDefault?: T): T {
    const value = this.text(name, byDefault)
    if (!allowed.includes(value as T)) throw this.unsupported(`${name}=${show(value)}`, allowed)
    return value as T
  }

  /** Items of a list, tuple or array of objects. */
  list(...names: readonly string[]): readonly Value[] {
    const value = this.raw(...names)
    const items = isArray(value) ? (value.data as readonly Value[]) : itemsOf(value)
    if (!items || (isArray(value) && value.dtype !== 'object'))
      throw this.broken(names, `is ${typeName(value)}, not a list`)
    return items
  }

  estimator(...names: readonly string[]): Estimator {
    return new Estimator(this.raw(...names), `${this.type}.${names[0]}`)
  }

  estimators(...names: readonly string[]): Estimator[] {
    return this.list(...names).map((item, i) => new Estimator(item, `${this.type}.${names[0]}[${i}]`))
  }

  labels(...names: readonly string[]): Labels {
    return this.#array(names.length === 0 ? ['classes_'] : names, (array) =>
      this.labelsOf(array, names[0] ?? 'classes_'),
    )
  }

  /** Of estimators of several outputs: labels for each. */
  labelLists(...names: readonly string[]): Labels[] {
    return this.list(...names).map((item) => {
      if (!isArray(item)) throw this.broken(names, `holds ${typeName(item)}, not arrays`)
      return this.labelsOf(item, names[0] as string)
    })
  }

  labelsOf(array: NdArray, name: string): Labels {
    const labels = toLabels(array)
    if (!labels) throw this.broken([name], 'holds labels that are neither all numbers, all strings nor all bools')
    return labels
  }

  /** An error about an attribute of this estimator. */
  broken(names: readonly string[], what: string): InferError {
    const [first, ...others] = names
    const also = others.length > 0 ? ` (nor ${others.join(', ')})` : ''
    return new InferError('bad_model', `${this.type}.${first}${also} ${what}`)
  }

  /** An error about a setting that is not converted. */
  unsupported(setting: string, allowed?: readonly string[]): InferError {
    const only = allowed ? ` (only ${allowed.join(', ')})` : ''
    return new InferError('bad_model', `${this.type} with ${setting} is not supported${only}`)
  }

  #array<T>(names: readonly string[], read: (array: NdArray) => T): T {
    const value = this.raw(...names)
    const array = isArray(value) ? value : asArray(value)
    if (!array) throw this.broken(names, `is ${typeName(value)}, not an array`)
    return read(array)
  }
}

/**
 * Private modules move between releases, public names do not: `sklearn.linear_model._base.LinearRegression` and
 * `sklearn.linear_model.base.LinearRegression` are `sklearn.linear_model.LinearRegression`.
 */
export function publicName(type: string): string {
  const parts = type.split('.')
  const [root, area] = parts
  if (root !== 'sklearn' || parts.length < 3) return type
  return `sklearn.${area}.${parts.at(-1)}`
}

/** Numbers of any array of numbers or bools; of objects, where each is a number. */
export function toFloats(array: NdArray): Float64Array {
  const { dtype, data } = array
  if (data instanceof Float64Array && dtype === 'float64') return data
  const floats = new Float64Array(sizeOf(array.shape))
  for (let i = 0; i < floats.length; i++) {
    const item = (data as readonly Value[])[i]
    const number = dtype === 'float16' ? fromHalfBits(item as number) : numberOf(item)
    if (number === undefined) throw new InferError('bad_model', `an array of numbers holds ${typeName(item)}`)
    floats[i] = number
  }
  return floats
}

function toLabels({ dtype, data, shape }: NdArray): Labels | undefined {
  const items = Array.from(data as readonly Value[])
  const is = (kind: string): boolean => items.every((item) => typeof item === kind)
  if (dtype === 'bool') return createTensor('bool', shape, Uint8Array.from(items as number[]))
  if (dtype.startsWith('int') || dtype.startsWith('uint'))
    return createTensor(
      'int64',
      shape,
      BigInt64Array.from(items, (item) => BigInt(item as number)),
    )
  if (dtype === 'string' || (dtype === 'object' && is('string')))
    return createTensor('string', shape, items as string[])
  if (dtype.startsWith('float')) return createTensor('float64', shape, Float64Array.from(items as number[]))
  if (dtype !== 'object') return undefined
  if (is('boolean')) return createTensor('bool', shape, Uint8Array.from(items, Number))
  if (is('bigint')) return createTensor('int64', shape, BigInt64Array.from(items as bigint[]))
  if (items.every((item) => numberOf(item) !== undefined))
    return createTensor(
      'float64',
      shape,
      Float64Array.from(items, (item) => numberOf(item) as number),
    )
  return undefined
}

/** The number that a Python or numpy scalar is. */
export function numberOf(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  if (isArray(value) && sizeOf(value.shape) === 1 && !['string', 'object', 'bytes', 'struct'].includes(value.dtype)) {
    const item = value.data[0] as number | bigint
    return value.dtype === 'float16' ? fromHalfBits(item as number) : Number(item)
  }
  return undefined
}

/** A number, or a list or tuple of numbers or of such lists, as an array. */
function asArray(value: Value | undefined): NdArray | undefined {
  const make = (shape: readonly number[], data: Float64Array): NdArray => ({
    kind: 'ndarray',
    dtype: 'float64',
    shape,
    data,
    fields: new Map(),
    unit: '',
  })
  const number = numberOf(value)
  if (number !== undefined) return make([], Float64Array.of(number))
  const items = itemsOf(value)
  if (!items) return undefined
  const rows = items.map((item) => (isArray(item) ? item : asArray(item)))
  const shape = rows[0]?.shape ?? []
  if (!rows.every((row) => row && row.shape.join() === shape.join())) {
    return { ...make([items.length], new Float64Array(0)), dtype: 'object', data: items }
  }
  const floats = (rows as NdArray[]).map(toFloats)
  const data = new Float64Array(floats.reduce((total, row) => total + row.length, 0))
  let at = 0
  for (const row of floats) {
    data.set(row, at)
    at += row.length
  }
  return make([items.length, ...shape], data)
}
