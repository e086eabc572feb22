import { InferError, show } from '../../errors.ts'
import { contiguous } from '../../formats/torch-tensor.ts'
import {
  attributesOf,
  isGlobal,
  isObject,
  isTensor,
  itemsOf,
  type PyObject,
  type TorchTensor,
  typeName,
  type Value,
} from '../../formats/values.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Aten } from '../aten/aten.ts'
import { checkDType } from '../aten/dtypes.ts'
import type { SymTensor } from '../aten/symbolic.ts'

/**
 * A module of a pickle, as converters read it. What an older release did not write has the default that today's
 * torch gives it; what is of another type than it must be is an error that names the module and the attribute.
 */
export class TorchModule {
  /** Public name: `torch.nn.Linear`, whatever private module the release kept it in. */
  readonly type: string
  /** Where it is in the model: `encoder.layers.0`; '' is the model. */
  readonly path: string
  readonly object: PyObject
  readonly #t: Aten
  readonly #attributes: ReadonlyMap<Value, Value>
  readonly #constants: Map<TorchTensor, SymTensor>
  readonly #made = new Map<string, SymTensor>()

  constructor(object: PyObject, path: string, t: Aten, constants: Map<TorchTensor, SymTensor>) {
    this.object = object
    this.type = publicName(object.type)
    this.path = path
    this.#t = t
    this.#attributes = attributesOf(object)
    this.#constants = constants
  }

  /** `Linear` */
  get name(): string {
    return this.type.slice(this.type.lastIndexOf('.') + 1)
  }

  /** As sentences name it: `torch.nn.Linear (layers.0)`. */
  get title(): string {
    return this.path === '' ? this.type : `${this.type} (${this.path})`
  }

  /** An attribute as it is, else a parameter, buffer or module of that name: in the order in which Python looks. */
  raw(name: string): Value | undefined {
    if (this.#attributes.has(name)) return this.#attributes.get(name)
    for (const store of ['_parameters', '_buffers', '_modules']) {
      const values = this.#attributes.get(store)
      if (values instanceof Map && values.has(name)) return values.get(name)
    }
    return undefined
  }

  /** An attribute that is no parameter, buffer or module. */
  plain(name: string): Value | undefined {
    return this.#attributes.get(name)
  }

  has(name: string): boolean {
    return (this.raw(name) ?? null) !== null
  }

  /** A tensor that a hook makes takes the place of what the file has. */
  override(name: string, tensor: SymTensor): void {
    this.#made.set(name, tensor)
  }

  /** A parameter, buffer or tensor attribute. */
  tensor(name: string): SymTensor {
    return this.optionalTensor(name) ?? this.#fail(name, 'a tensor')
  }

  optionalTensor(name: string): SymTensor | null {
    const made = this.#made.get(name)
    if (made) return made
    const value = this.raw(name) ?? null
    if (value === null) return null
    if (!isTensor(value)) return this.#fail(name, 'a tensor')
    return this.constant(value)
  }

  /** Of its own parameters and buffers. */
  dtypes(): DType[] {
    const stores = ['_parameters', '_buffers'].map((store) => this.#attributes.get(store))
    const values = stores.flatMap((store) => (store instanceof Map ? [...store.values()] : []))
    return values.filter(isTensor).map(({ dtype }) => dtype)
  }

  /** The elements of a tensor, for what is computed of them here. */
  array(name: string): Tensor {
    const value = this.raw(name)
    return isTensor(value) ? contiguous(value) : this.#fail(name, 'a tensor')
  }

  /** Any tensor of the file as a constant: once, whoever shares it. */
  constant(tensor: TorchTensor): SymTensor {
    let constant = this.#constants.get(tensor)
    if (!constant) {
      checkDType(tensor.dtype)
      constant = this.#t.constant(contiguous(tensor))
      this.#constants.set(tensor, constant)
    }
    return constant
  }

  number(name: string, byDefault?: number): number {
    const value = this.raw(name) ?? null
    if (value === null && byDefault !== undefined) return byDefault
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
    return this.#fail(name, 'a number')
  }

  int(name: string, byDefault?: number): number {
    const value = this.number(name, byDefault)
    return Number.isSafeInteger(value) ? value : this.#fail(name, 'an int')
  }

  /** `count` ints of a tuple, or of one int for all. */
  ints(name: string, count: number, byDefault?: number): number[] {
    const value = this.raw(name) ?? null
    if (value === null && byDefault !== undefined) return new Array<number>(count).fill(byDefault)
    const items = itemsOf(value ?? undefined) ?? new Array<Value>(count).fill(value)
    const ints = items.map((item) => (typeof item === 'bigint' ? Number(item) : Number.NaN))
    if (ints.length !== count || !ints.every(Number.isSafeInteger)) return this.#fail(name, `${count} ints`)
    return ints
  }

  /** The ints of a tuple or list, however many. */
  list(name: string): number[] {
    const items = itemsOf(this.raw(name)) ?? [this.raw(name) ?? null]
    const ints = items.map((item) => (typeof item === 'bigint' ? Number(item) : Number.NaN))
    return ints.every(Number.isSafeInteger) ? ints : this.#fail(name, 'ints')
  }

  flag(name: string, byDefault?: boolean): boolean {
    const value = this.raw(name) ?? null
    if (value === null && byDefault !== undefined) return byDefault
    if (typeof value === 'boolean') return value
    return typeof value === 'bigint' ? value !== 0n : this.#fail(name, 'a bool')
  }

  /** @throws InferError bad_model that lists what is supported */
  oneOf<T extends string>(name: string, allowed: readonly T[], byDefault?: T): T {
    const value = this.raw(name) ?? byDefault
    if (!allowed.includes(value as T)) throw this.unsupported(`${name}=${show(value)}`, allowed)
    return value as T
  }

  /** The name of a function that is an attribute: `torch.nn.functional.relu`; torch's own C functions are looked up. */
  functionName(name: string): string | undefined {
    const value = this.raw(name)
    if (isGlobal(value)) return value.name
    if (!isObject(value)) return undefined
    const [owner, member] = value.args
    const isMember = value.type === 'builtins.getattr' && isGlobal(owner) && typeof member === 'string'
    return isMember && owner.name === 'torch._C._VariableFunctionsClass' ? `torch.${member}` : value.type
  }

  /** The modules within, in order; None is no module. */
  children(): readonly [name: string, module: TorchModule][] {
    const modules = this.#attributes.get('_modules')
    if (!(modules instanceof Map)) return []
    return [...modules]
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [String(name), this.#child(name, value)])
  }

  child(name: string): TorchModule {
    return this.#child(name, this.raw(name) ?? null)
  }

  /** A module that is an attribute but not among the modules (lists of modules in plain lists). */
  #child(name: Value, value: Value): TorchModule {
    const path = this.path === '' ? String(name) : `${this.path}.${String(name)}`
    if (!isObject(value))
      throw new InferError('bad_model', `${this.title}.${String(name)} is ${typeName(value)}, not a module`)
    return new TorchModule(value, path, this.#t, this.#constants)
  }

  unsupported(setting: string, allowed?: readonly string[]): InferError {
    const only = allowed ? ` (only ${allowed.join(', ')})` : ''
    return new InferError('bad_model', `${this.title} with ${setting} is not supported${only}`)
  }

  #fail(name: string, wanted: string): never {
    throw new InferError('bad_model', `${this.title}.${name} is ${typeName(this.raw(name) ?? null)}, not ${wanted}`)
  }
}

/**
 * Files of torch name modules by the file that defines them: `torch.nn.modules.linear.Linear` is `torch.nn.Linear`,
 * `sk2torch.svc.TorchSVC` is `sk2torch.TorchSVC`.
 */
export function publicName(type: string): string {
  const name = type.slice(type.lastIndexOf('.') + 1)
  if (/^torch\.nn\.modules\.(\w+\.)+\w+$/.test(type)) return `torch.nn.${name}`
  return /^sk2torch\.(\w+\.)?\w+$/.test(type) ? `sk2torch.${name}` : type
}
