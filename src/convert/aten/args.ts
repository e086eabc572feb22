import { InferError, show } from '../../errors.ts'
import type { DType } from '../../tensor/dtype.ts'
import { checkDType, dtypeOfNumber } from './dtypes.ts'
import type { BatchSizes, Packed } from './packed.ts'
import { type Size, SymSize } from './size.ts'
import { SymTensor } from './symbolic.ts'

/** What operators take and give. Ints are bigints, floats numbers, lists and tuples arrays, dtypes their names. */
export type Datum =
  | null
  | boolean
  | bigint
  | number
  | string
  | SymSize
  | SymTensor
  | Packed
  | BatchSizes
  | readonly Datum[]
  | ReadonlyMap<string, Datum>

/** A number as an operand beside tensors. */
export type Scalar = bigint | number | boolean | SymSize

export const isScalar = (value: Datum | undefined): value is Scalar =>
  typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean' || value instanceof SymSize

interface Parameter {
  readonly name: string
  /** Its names in Python's functions and in other overloads. */
  readonly aliases: readonly string[]
  readonly byDefault: Datum | undefined
}

/** Other spellings of parameters: of Python's functions, and of numpy's. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['input', 'self'],
  ['axis', 'dim'],
  ['dims', 'dim'],
  ['keepdims', 'keepdim'],
  ['a', 'self'],
  ['A', 'self'],
  ['x', 'self'],
  ['x1', 'self'],
  ['x2', 'other'],
])
/** What changes nothing in a graph: where tensors lie, and how. */
// biome-ignore format: a list of names
const IGNORED = new Set([
  'device', 'layout', 'pin_memory', 'memory_format', 'requires_grad', 'non_blocking', 'inplace', '_stacklevel', 'copy', 'generator',
])

/** The parameters of `self, dim|dims, *, alpha=1`. Defaults are None, True, False, numbers, [] or bare words. */
export function parseParameters(text: string): readonly Parameter[] {
  const parts = text.split(',').map((part) => part.trim())
  return parts
    .filter((part) => part !== '' && part !== '*')
    .map((part) => {
      const [names, byDefault] = part.split('=') as [string, string?]
      const [name, ...aliases] = names.split('|') as [string, ...string[]]
      return { name, aliases, byDefault: byDefault === undefined ? undefined : parseDefault(byDefault) }
    })
}

function parseDefault(text: string): Datum {
  if (text === 'None') return null
  if (text === 'True' || text === 'False') return text === 'True'
  if (text === '[]') return []
  if (/^-?\d+$/.test(text)) return BigInt(text)
  return Number.isNaN(Number(text)) ? text : Number(text)
}

/** The arguments of one call, by name, as operators read them. What is not as an operator needs it is an error. */
export class Args {
  readonly op: string
  readonly #values = new Map<string, Datum>()

  /** @throws InferError bad_model when they do not fit the parameters */
  constructor(
    op: string,
    parameters: readonly Parameter[],
    args: readonly Datum[],
    kwargs: ReadonlyMap<string, Datum> = new Map(),
  ) {
    this.op = op
    for (const { name, byDefault } of parameters) if (byDefault !== undefined) this.#values.set(name, byDefault)
    args.forEach((value, i) => {
      const parameter = parameters[i]
      if (parameter) this.#values.set(parameter.name, value)
      else if (value !== null && value !== false) throw this.error(`takes ${parameters.length} arguments`)
    })
    const known = new Map(parameters.flatMap(({ name, aliases }) => [name, ...aliases].map((each) => [each, name])))
    for (const [given, value] of kwargs) {
      const name = known.get(given) ?? known.get(ALIASES.get(given) ?? given)
      if (name !== undefined) this.#values.set(name, value)
      else if (!IGNORED.has(given) && value !== null) throw this.error(`has no parameter ${given}`)
    }
  }

  error(what: string): InferError {
    return new InferError('bad_model', `torch's ${this.op} ${what}`)
  }

  has(name: string): boolean {
    return (this.#values.get(name) ?? null) !== null
  }

  /** The value as it was given; None where it was not. */
  get(name: string): Datum {
    return this.#values.get(name) ?? null
  }

  tensor(name: string): SymTensor {
    const value = this.get(name)
    if (value instanceof SymTensor) return value
    throw this.error(`wants a tensor for ${name}, not ${describeDatum(value)}`)
  }

  optionalTensor(name: string): SymTensor | null {
    return this.has(name) ? this.tensor(name) : null
  }

  tensors(name: string): readonly SymTensor[] {
    const value = this.get(name)
    if (Array.isArray(value) && value.every((item) => item instanceof SymTensor)) return value
    throw this.error(`wants tensors for ${name}, not ${describeDatum(value)}`)
  }

  size(name: string): Size {
    return toSize(this.get(name)) ?? this.fail(name, 'an int')
  }

  int(name: string): number {
    const size = this.size(name)
    return typeof size === 'number' ? size : this.fail(name, 'an int that does not depend on the batch')
  }

  /** A list of ints; one int stands for a list of it. */
  sizes(name: string): readonly Size[] {
    const value = this.get(name)
    const one = toSize(value)
    if (one !== undefined) return [one]
    const sizes = Array.isArray(value) ? value.map(toSize) : [undefined]
    if (sizes.every((size) => size !== undefined)) return sizes
    return this.fail(name, 'ints')
  }

  /** `count` ints, of one or of as many. */
  ints(name: string, count?: number): readonly number[] {
    const sizes = this.sizes(name)
    if (!sizes.every((size) => typeof size === 'number')) return this.fail(name, 'ints that do not depend on the batch')
    if (count === undefined || sizes.length === count) return sizes
    if (sizes.length !== 1) return this.fail(name, `${count} ints`)
    return new Array<number>(count).fill(sizes[0] as number)
  }

  /** Axes of a tensor of this rank; null where none are given. */
  axes(name: string, rank: number): readonly number[] | null {
    const value = this.get(name)
    if (value === null) return null
    return this.ints(name).map((axis) => this.#axis(axis, rank))
  }

  axis(name: string, rank: number): number {
    return this.#axis(this.int(name), rank)
  }

  number(name: string): number {
    const value = this.get(name)
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
    if (value instanceof SymTensor && isScalar(value.known) && !(value.known instanceof SymSize))
      return Number(value.known)
    return this.fail(name, 'a number')
  }

  flag(name: string): boolean {
    const value = this.get(name)
    if (typeof value === 'boolean') return value
    if (typeof value === 'bigint') return value !== 0n
    return this.fail(name, 'a bool')
  }

  text(name: string): string {
    const value = this.get(name)
    return typeof value === 'string' ? value : this.fail(name, 'a str')
  }

  /** A dtype, by name or by TorchScript's number. */
  dtype(name: string): DType | undefined {
    const value = this.get(name)
    if (value === null) return undefined
    const dtype = typeof value === 'bigint' ? dtypeOfNumber(Number(value)) : value
    if (typeof dtype !== 'string') return this.fail(name, 'a dtype')
    return checkDType(dtype as DType)
  }

  fail(name: string, wanted: string): never {
    throw this.error(`wants ${wanted} for ${name}, not ${describeDatum(this.get(name))}`)
  }

  #axis(axis: number, rank: number): number {
    const bound = Math.max(rank, 1)
    if (axis < -bound || axis >= bound) throw this.error(`has no dimension ${axis} in a tensor of rank ${rank}`)
    return axis < 0 ? axis + bound : axis
  }
}

/** The size that an int, a symbolic one, or a known 0-d tensor is. */
export function toSize(value: Datum | undefined): Size | undefined {
  if (value instanceof SymSize) return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  if (typeof value === 'number' && Number.isInteger(value)) return value
  if (value instanceof SymTensor && value.known !== undefined) return toSize(value.known)
  return undefined
}

export const describeDatum = (value: Datum | undefined): string => {
  if (value instanceof SymTensor) return `${value.dtype}[${value.dims.join(', ')}]`
  if (value === null || value === undefined) return 'None'
  if (value instanceof SymSize) return String(value)
  return Array.isArray(value) ? `[${value.map(describeDatum).join(', ').slice(0, 60)}]` : show(value)
}
