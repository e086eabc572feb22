/**
 * Nested JSON lists to tensors, by the rules of `torch.tensor(values, dtype=…)`: integers from floats truncate,
 * what does not fit is an error, any non-zero is true, float32 and half overflow to infinity.
 *
 * Limits on untrusted input: 32 dimensions (numpy's own bound until 2.0; deeper nesting has no tensor to become, and
 * bounds the recursion). Size is bounded by the body limit, since every element stands in the text.
 *
 * A JSON number arrives as `number`; after a lossless parse an integer token arrives as `bigint`, so that 1 and 1.0
 * differ and 2^53+1 survives. Where that matters and only a `number` is at hand, `LossyNumber` asks for it.
 */
import { InferError, show } from '../errors.ts'
import { createData, type DType, intRange, type NumericArray, type TensorData } from './dtype.ts'
import { roundToBfloat16, toHalfBits } from './half.ts'
import { sizeOf, type Tensor } from './tensor.ts'

const MAX_RANK = 32

/** How far the numbers can be trusted: `exact` after a lossless parse, in which integer tokens are bigints. */
export type Digits = 'exact' | 'parsed'

/** Thrown when the answer depends on digits that `JSON.parse` drops: parse the text losslessly and come again. */
export class LossyNumber extends Error {}

/** Value and where it stands, into one element of `data`. */
type Put = (data: TensorData, index: number, value: unknown, path: () => string) => void

/**
 * A tensor of `dtype` from nested lists (a bare scalar gives rank 0).
 * @param path where `values` stands in the request, as error messages begin: `data.values`
 * @throws InferError bad_request when ragged, not numeric, or out of the dtype's range; LossyNumber
 */
export function fromNested(values: unknown, dtype: DType, path: string, digits: Digits): Tensor {
  const dims = shapeOf(values, path)
  const data = createData(dtype, sizeOf(dims))
  fill(values, dims, data, putInto(dtype, digits), path)
  return { dtype, dims, data }
}

type Shaped = Pick<Tensor, 'dtype' | 'dims'>

/** The flat list `values` as a tensor of `dims`; the caller has checked that the count fits. */
export function fromFlat(values: readonly unknown[], shape: Shaped, path: string, digits: Digits): Tensor {
  const { dtype, dims } = shape
  const data = createData(dtype, values.length)
  const put = putInto(dtype, digits)
  let i = 0
  const where = (): string => `${path}[${i}]`
  for (; i < values.length; i++) put(data, i, values[i], where)
  return { dtype, dims, data }
}

/**
 * The dtype torch infers: all bool -> bool, any float -> float32, else int64; an empty list is float32.
 * Needs losslessly parsed values, since `JSON.parse` makes 1.0 and 1 the same.
 */
export function inferDtype(values: unknown): DType {
  const seen = { bool: false, int: false, float: false, string: false }
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item)
    else if (typeof value === 'boolean') seen.bool = true
    else if (typeof value === 'bigint') seen.int = true
    else if (typeof value === 'string') seen.string = true
    else seen.float = true
  }
  visit(values)
  if (seen.string) return 'string'
  if (seen.float) return 'float32'
  if (seen.int) return 'int64'
  return seen.bool ? 'bool' : 'float32'
}

/**
 * The widest dtype that holds the lists without loss, for inputs that name none and are fitted to the model later:
 * strings -> string, booleans only -> bool, a big integer -> int64, else float64.
 */
export function fromUntyped(values: unknown, path: string, digits: Digits): Tensor {
  const leaf = firstLeaf(values)
  if (typeof leaf === 'string' && !NON_FINITE.has(leaf)) return fromNested(values, 'string', path, digits)
  if (typeof leaf === 'boolean' && onlyBooleans(values)) return fromNested(values, 'bool', path, digits)
  return fromNested(values, widestNumber(values, digits), path, digits)
}

/** Lengths level by level, read down the first element; `fill` finds raggedness. */
function shapeOf(values: unknown, path: string): number[] {
  const dims: number[] = []
  for (let level = values; Array.isArray(level); level = level[0]) {
    if (dims.length === MAX_RANK) throw new InferError('bad_request', `${path} is nested more than ${MAX_RANK} deep`)
    dims.push(level.length)
    if (level.length === 0) break
  }
  return dims
}

function fill(values: unknown, dims: readonly number[], data: TensorData, put: Put, path: string): void {
  let next = 0
  const at: number[] = []
  const where = (): string => path + at.map((index) => `[${index}]`).join('')
  const last = dims.length - 1
  const visit = (value: unknown, depth: number): void => {
    const expected = dims[depth] as number
    if (!Array.isArray(value)) throw ragged(where(), `a list of ${expected}`, show(value))
    if (value.length !== expected) throw ragged(where(), `${expected} items, as its siblings have`, `${value.length}`)
    if (depth === last && data instanceof Float64Array && fillFloats(value, data, next)) {
      next += expected
      return
    }
    for (let i = 0; i < expected; i++) {
      at[depth] = i
      if (depth === last) put(data, next++, value[i], where)
      else visit(value[i], depth + 1)
    }
    at.length = depth
  }
  if (last < 0) put(data, 0, values, where)
  else visit(values, 0)
}

/**
 * A row of doubles, in a loop that sees nothing else, which spares their boxing. False where something is no number:
 * then the general way finds out what.
 */
function fillFloats(row: readonly unknown[], data: Float64Array, start: number): boolean {
  for (let i = 0; i < row.length; i++) {
    const value = row[i]
    if (typeof value !== 'number') return false
    data[start + i] = value
  }
  return true
}

const ragged = (path: string, wanted: string, got: string): InferError =>
  new InferError('bad_request', `${path} must have ${wanted}; it has ${got}`)

/** How the answer of this and every other container here spells what JSON cannot. */
const NON_FINITE = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

function toNumber(value: unknown, path: () => string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  const special = typeof value === 'string' ? NON_FINITE.get(value) : undefined
  if (special === undefined) throw new InferError('bad_request', `${path()} must be a number; it is ${show(value)}`)
  return special
}

const float: Put = (data, index, value, path) => {
  ;(data as Float64Array)[index] = typeof value === 'number' ? value : toNumber(value, path)
}

const half: Put = (data, index, value, path) => {
  ;(data as Uint16Array)[index] = toHalfBits(toNumber(value, path))
}

const bfloat16: Put = (data, index, value, path) => {
  ;(data as Float32Array)[index] = roundToBfloat16(toNumber(value, path))
}

const complex: Put = (data, index, value, path) => {
  ;(data as Float64Array)[2 * index] = toNumber(value, path)
}

const bool: Put = (data, index, value, path) => {
  ;(data as Uint8Array)[index] = toNumber(value, path) === 0 ? 0 : 1
}

const string: Put = (data, index, value, path) => {
  if (typeof value !== 'string') throw new InferError('bad_request', `${path()} must be a string; it is ${show(value)}`)
  ;(data as string[])[index] = value
}

/** Integers of up to 32 bits. Python's int() of a float: truncate, then it must fit. */
function int(dtype: DType): Put {
  const [low, high] = intRange(dtype).map(Number) as [number, number]
  return (data, index, value, path) => {
    const number = toNumber(value, path)
    const whole = Math.trunc(number)
    const negativeFraction = low === 0 && number < 0
    if (!(whole >= low && whole <= high) || negativeFraction) throw outOfRange(path(), value, dtype)
    ;(data as NumericArray)[index] = whole
  }
}

function bigInt(dtype: DType, digits: Digits): Put {
  const [low, high] = intRange(dtype)
  return (data, index, value, path) => {
    const number = typeof value === 'bigint' ? value : toNumber(value, path)
    if (digits === 'parsed' && isRounded(number)) throw new LossyNumber()
    if (typeof number === 'number' && !Number.isFinite(number)) throw outOfRange(path(), value, dtype)
    const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(number))
    if (whole < low || whole > high) throw outOfRange(path(), value, dtype)
    ;(data as BigInt64Array)[index] = whole
  }
}

/** Whether the token may have had more digits than the number kept. */
const isRounded = (number: number | bigint): boolean =>
  typeof number === 'number' && Number.isFinite(number) && Math.abs(number) > Number.MAX_SAFE_INTEGER

const outOfRange = (path: string, value: unknown, dtype: DType): InferError =>
  new InferError('bad_request', `${path} = ${show(value)} does not fit ${dtype} (${intRange(dtype).join(' to ')})`)

const PUT: Readonly<Record<DType, Put>> = {
  float16: half,
  bfloat16,
  float32: float,
  float64: float,
  int8: int('int8'),
  int16: int('int16'),
  int32: int('int32'),
  int64: bigInt('int64', 'parsed'),
  uint8: int('uint8'),
  uint16: int('uint16'),
  uint32: int('uint32'),
  uint64: bigInt('uint64', 'parsed'),
  bool,
  complex64: complex,
  complex128: complex,
  string,
}

const PUT_EXACT = { ...PUT, int64: bigInt('int64', 'exact'), uint64: bigInt('uint64', 'exact') }

const putInto = (dtype: DType, digits: Digits): Put => (digits === 'exact' ? PUT_EXACT : PUT)[dtype]

function firstLeaf(values: unknown): unknown {
  let leaf = values
  while (Array.isArray(leaf)) leaf = leaf[0]
  return leaf
}

const onlyBooleans = (values: unknown): boolean =>
  Array.isArray(values) ? values.every(onlyBooleans) : typeof values === 'boolean'

/** float64, unless all are integers and one needs more digits than it has. */
function widestNumber(values: unknown, digits: Digits): DType {
  let low = 0n
  let high = 0n
  let fraction = false
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item)
    else if (typeof value !== 'bigint') {
      if (digits === 'parsed' && typeof value === 'number' && isRounded(value)) throw new LossyNumber()
      fraction = true
    } else if (value < low) low = value
    else if (value > high) high = value
  }
  visit(values)
  const needsDigits = high > Number.MAX_SAFE_INTEGER || low < Number.MIN_SAFE_INTEGER
  if (fraction || !needsDigits) return 'float64'
  const fits = (dtype: DType): boolean => low >= intRange(dtype)[0] && high <= intRange(dtype)[1]
  return fits('int64') ? 'int64' : fits('uint64') ? 'uint64' : 'float64'
}
