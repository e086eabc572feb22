/**
 * The two JSON vectors: G2's TensorInput `{dtype: name, shape, values: nested}` and G3's RitualVector
 * `{dtype: number, shape, values: flat}`. Either spelling of `values` is taken for a named dtype, since G2's own answers
 * are flat, and a container's answer must be good as the next one's request.
 *
 * Limits on untrusted input: `shape` has at most 32 dimensions, and its product must equal the values that stand in the
 * request, so nothing is allocated on a claim.
 */
import { RITUAL_DTYPES } from '../codecs/ritual-vector.ts'
import { TORCH_DTYPES } from '../codecs/tensor-vector.ts'
import { InferError, show } from '../errors.ts'
import { DTYPE_NAMES, type DType } from '../tensor/dtype.ts'
import { type Digits, fromFlat, fromNested, inferDtype, LossyNumber } from '../tensor/from-json.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'

type Fields = Readonly<Record<string, unknown>>

export interface JsonVector {
  readonly tensor: Tensor
  /** v1: named dtype (G2); v2: numbered dtype (G3). */
  readonly profile: 'v1' | 'v2'
  /** The dtype's name in the request, where it has one. */
  readonly dtypeName?: string
}

const MAX_RANK = 32
const FLOAT32 = 1

/** torch's name of a dtype, for an answer that is labelled with its question's. */
export const torchNameOf = (dtype: DType): string | undefined =>
  [...TORCH_DTYPES].find(([, known]) => known === dtype)?.[0]

/** @throws InferError bad_request; LossyNumber */
export function readVector(value: unknown, path: string, digits: Digits): JsonVector {
  const fields = fieldsOf(value, path)
  const { dtype = FLOAT32 } = fields
  if (typeof dtype === 'string' && !/^\s*\d+\s*$/.test(dtype)) return readNamed(fields, dtype, path, digits)
  const number = Number(dtype)
  const known = typeof dtype !== 'object' && typeof dtype !== 'boolean' ? RITUAL_DTYPES[number] : undefined
  if (known === undefined)
    throw new InferError(
      'bad_request',
      `${path}.dtype is ${show(dtype)}; say a number from 0 to ${RITUAL_DTYPES.length - 1}`,
    )
  return { tensor: readFlat(fields, known, path, digits), profile: 'v2' }
}

/** `{dtype: name, values: nested}` without a shape: the nesting is the shape, and an unknown name means: infer. */
export function readTyped(value: unknown, path: string, digits: Digits): Tensor {
  const { dtype, values } = fieldsOf(value, path)
  for (const [name, given] of [
    ['dtype', dtype],
    ['values', values],
  ] as const) {
    if (given === undefined) throw missing(name, value as Fields, path)
  }
  if (typeof dtype === 'object' && dtype !== null)
    throw new InferError('bad_request', `${path}.dtype is ${show(dtype)}; say a name such as "double"`)
  const named = TORCH_DTYPES.get(dtype as string)
  if (named) return fromNested(values, named, `${path}.values`, digits)
  if (digits === 'parsed') throw new LossyNumber()
  return fromNested(values, inferDtype(values), `${path}.values`, digits)
}

function readNamed(fields: Fields, name: string, path: string, digits: Digits): JsonVector {
  const dtype = TORCH_DTYPES.get(name) ?? DTYPE_NAMES.find((known) => known === name)
  if (!dtype)
    throw new InferError(
      'bad_request',
      `${path}.dtype is ${show(name)}; say one of ${[...TORCH_DTYPES.keys()].join(', ')}`,
    )
  for (const key of ['shape', 'values']) if (fields[key] === undefined) throw missing(key, fields, path)
  if (!isNested(fields.values)) return { tensor: readFlat(fields, dtype, path, digits), profile: 'v1', dtypeName: name }
  const shape = readShape(fields.shape, path)
  const tensor = fromNested(fields.values, dtype, `${path}.values`, digits)
  if (tensor.dims.join() !== shape.join()) {
    throw new InferError('bad_request', `${path}.shape is [${shape}], but ${path}.values is nested as [${tensor.dims}]`)
  }
  return { tensor, profile: 'v1', dtypeName: name }
}

const isNested = (values: unknown): boolean => !Array.isArray(values) || Array.isArray(values[0])

function readFlat(fields: Fields, dtype: DType, path: string, digits: Digits): Tensor {
  const { shape = [], values = [] } = fields
  if (fields.values === undefined && !(isList(shape) && shape.includes(0))) throw missing('values', fields, path)
  if (!Array.isArray(values))
    throw new InferError('bad_request', `${path}.values must be a flat list; it is ${show(values)}`)
  const numbers =
    values.some((value) => typeof value === 'string') && dtype !== 'string' ? values.map(numberOf) : values
  const dims = inferDimension(readShape(shape, path), values.length)
  if (sizeOf(dims) !== values.length) {
    throw new InferError(
      'bad_request',
      `${path}.shape is [${dims}], which takes ${sizeOf(dims)} values; ${path}.values has ${values.length}`,
    )
  }
  return fromFlat(numbers, { dtype, dims }, `${path}.values`, digits)
}

/** Numeric strings count as numbers in G3; other strings are left for the tensor to refuse by name. */
const numberOf = (value: unknown): unknown => {
  if (typeof value !== 'string' || !/^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(value)) return value
  return /^\s*[-+]?\d+\s*$/.test(value) ? BigInt(value.trim().replace('+', '')) : Number(value)
}

function readShape(shape: unknown, path: string): number[] {
  if (!Array.isArray(shape)) throw new InferError('bad_request', `${path}.shape must be a list; it is ${show(shape)}`)
  if (shape.length > MAX_RANK)
    throw new InferError('bad_request', `${path}.shape has ${shape.length} dimensions, more than ${MAX_RANK}`)
  return shape.map((dim, axis) => {
    const size = typeof dim === 'object' || dim === '' ? Number.NaN : Number(dim)
    if (Number.isSafeInteger(size) && size >= -1) return size
    throw new InferError('bad_request', `${path}.shape[${axis}] is ${show(dim)}; say a whole number`)
  })
}

/** One -1 stands for what is left, as in torch and numpy. */
function inferDimension(shape: readonly number[], count: number): number[] {
  const open = shape.filter((dim) => dim === -1).length
  if (open === 0) return [...shape]
  const rest = sizeOf(shape.filter((dim) => dim !== -1))
  if (open > 1 || rest === 0 || count % rest !== 0)
    throw new InferError('bad_request', `the shape [${shape}] cannot be inferred from ${count} values`)
  return shape.map((dim) => (dim === -1 ? count / rest : dim))
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)

/** What is there tells how it was misspelled. */
const missing = (key: string, fields: Fields, path: string): InferError => {
  const keys = Object.keys(fields).slice(0, 8).join(', ') || 'nothing'
  return new InferError('bad_request', `${path}.${key} is missing; ${path} has ${keys}`)
}

function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InferError('bad_request', `${path} must be an object with dtype, shape and values; it is ${show(value)}`)
  }
  return value as Fields
}
