import { InferError, show } from '../../errors.ts'
import type { Json } from '../../formats/json.ts'
import type { NumericArray } from '../../tensor/dtype.ts'

/**
 * Limits of boosters from strangers, as a number in a file costs memory of its size: more columns no request has, and
 * more outputs no model.
 */
const MAX_COLUMNS = 10_000_000
export const MAX_OUTPUTS = 65_536

/** @throws InferError bad_model */
export function checkSizes(what: string, columns: number, outputs: number): void {
  if (columns > MAX_COLUMNS)
    throw new InferError('bad_model', `${what}: it has ${columns} columns; at most ${MAX_COLUMNS} may be`)
  if (outputs > MAX_OUTPUTS)
    throw new InferError('bad_model', `${what}: it has ${outputs} outputs; at most ${MAX_OUTPUTS} may be`)
}

/**
 * An object of a booster's JSON as converters read it: what they get is of the type that they asked for, and an error
 * names the path. XGBoost writes its parameters as strings, its arrays as lists or, in UBJSON, as typed arrays.
 */
export class Fields {
  readonly #map: ReadonlyMap<string, Json>
  readonly path: string

  /** @throws InferError bad_model when the value is no object */
  constructor(value: Json | undefined, path: string) {
    if (!(value instanceof Map)) throw new InferError('bad_model', `${path} is ${showJson(value)}, not an object`)
    this.#map = value
    this.path = path
  }

  has(name: string): boolean {
    const value = this.#map.get(name)
    return value !== undefined && value !== null
  }

  get names(): string[] {
    return [...this.#map.keys()]
  }

  raw(name: string): Json | undefined {
    return this.#map.get(name)
  }

  object(name: string): Fields {
    return new Fields(this.#map.get(name), `${this.path}.${name}`)
  }

  objects(name: string): Fields[] {
    return this.#list(name).map((item, i) => new Fields(item, `${this.path}.${name}[${i}]`))
  }

  text(name: string, byDefault?: string): string {
    const value = this.#map.get(name) ?? byDefault
    if (typeof value !== 'string') throw this.broken(name, 'a string')
    return value
  }

  texts(name: string): string[] {
    return this.has(name) ? this.#list(name).map(String) : []
  }

  number(name: string, byDefault?: number): number {
    const value = this.#map.get(name) ?? byDefault
    const number = numberOf(value)
    if (number === undefined) throw this.broken(name, 'a number')
    return number
  }

  /** A whole number from 0 to 2^31 - 1. */
  count(name: string, byDefault?: number): number {
    const number = this.number(name, byDefault)
    if (!Number.isInteger(number) || number < 0 || number > 0x7fffffff) throw this.broken(name, 'a count')
    return number
  }

  /** Numbers of a list, a typed array, or the text of a list: `"[5E-1,2.5E-1]"`. */
  numbers(name: string): Float64Array {
    const value = this.#map.get(name)
    if (typeof value === 'string') return Float64Array.from(value.replace(/^\[|\]$/g, '').split(','), Number)
    if (!Array.isArray(value) && !ArrayBuffer.isView(value)) throw this.broken(name, 'a list of numbers')
    if (ArrayBuffer.isView(value) && !isBig(value)) return new Float64Array(value)
    const list = value as ArrayLike<Json>
    const numbers = new Float64Array(list.length)
    for (let i = 0; i < numbers.length; i++) {
      const item = list[i]
      const number = typeof item === 'number' ? item : numberOf(item)
      if (number === undefined) throw this.broken(name, 'a list of numbers')
      numbers[i] = number
    }
    return numbers
  }

  broken(name: string, wanted: string): InferError {
    return new InferError('bad_model', `${this.path}.${name} is ${showJson(this.#map.get(name))}, not ${wanted}`)
  }

  #list(name: string): readonly Json[] {
    const value = this.#map.get(name)
    if (!Array.isArray(value)) throw this.broken(name, 'a list')
    return value
  }
}

const isBig = (view: NumericArray): view is BigInt64Array | BigUint64Array =>
  view instanceof BigInt64Array || view instanceof BigUint64Array

function numberOf(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value.replace(/^\[(.*)\]$/, '$1'))
  return Number.isNaN(number) && value !== 'NaN' && value !== 'nan' ? undefined : number
}

const showJson = (value: Json | undefined): string =>
  value === undefined
    ? 'not there'
    : value instanceof Map
      ? 'an object'
      : ArrayBuffer.isView(value)
        ? 'a list'
        : show(value)
