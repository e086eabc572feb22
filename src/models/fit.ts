/** Fits what a request sends to what a model takes, so that ONNX Runtime is only ever called with what it accepts. */
import { InferError } from '../errors.ts'
import { type Cast, castTensor, mayCast } from '../tensor/cast.ts'
import { createData, type DType, type NumericArray, type TensorData } from '../tensor/dtype.ts'
import { describe, type NamedTensor, sizeOf, type Tensor } from '../tensor/tensor.ts'

/** An input or output as the model declares it. A string or null dimension is symbolic; null `dims` is any rank. */
export interface ValueInfo {
  readonly name: string
  /** null: not a tensor of a dtype that we hold. */
  readonly dtype: DType | null
  readonly dims: readonly (number | string | null)[] | null
}

export interface FitOptions {
  readonly cast: Cast
  /** Whether the graph is known to survive a zero-length dimension (`onnx/safety.ts`). */
  readonly empty: boolean
}

/**
 * The model's inputs, in its own order, from named tensors, or from nameless ones by position.
 * Dimension 0 may exceed a declared 1: see `rowsToLoop`.
 * @throws InferError bad_request: which input, what it wants, what it was given
 */
export function fitInputs(given: readonly NamedTensor[], wanted: readonly ValueInfo[], options: FitOptions): Tensor[] {
  const byName = new Map(given.map((tensor, i) => [tensor.name || (wanted[i]?.name ?? `number ${i}`), tensor]))
  const extra = [...byName.keys()].filter((name) => !wanted.some((info) => info.name === name))
  const missing = wanted.filter((info) => !byName.has(info.name))
  if (extra.length > 0 || missing.length > 0) {
    const names = wanted.map((info) => `'${info.name}'`).join(', ')
    const got = given.map((tensor, i) => `'${tensor.name || i}'`).join(', ') || 'none'
    throw new InferError('bad_request', `the model's inputs are ${names}; the request gives ${got}`)
  }
  return wanted.map((info) => fitInput(byName.get(info.name) as NamedTensor, info, options))
}

function fitInput(tensor: Tensor, info: ValueInfo, { cast, empty }: FitOptions): Tensor {
  const { name, dtype } = info
  if (dtype === null) throw new InferError('bad_model', `the model's input '${name}' is no tensor that is served`)
  const refuse = (why: string): InferError =>
    new InferError('bad_request', `the model's input '${name}' is ${describeInfo(info)}; ${why}`)
  if (!mayCast(tensor.dtype, dtype, cast) || !fitsDims(tensor.dims, info.dims)) {
    throw refuse(`the request gives ${describe(tensor)}`)
  }
  if (!empty && tensor.dims.includes(0)) throw refuse(`an empty tensor (${describe(tensor)}) is not safe in this graph`)
  return castTensor(tensor, dtype, name)
}

/** Every declared length is kept; a first dimension declared 1 may be longer, since its rows can be run one by one. */
function fitsDims(dims: readonly number[], wanted: ValueInfo['dims']): boolean {
  if (wanted === null) return true
  if (dims.length !== wanted.length) return false
  return wanted.every(
    (want, axis) => typeof want !== 'number' || want === dims[axis] || (axis === 0 && want === 1 && (dims[0] ?? 0) > 1),
  )
}

const describeInfo = (info: ValueInfo): string =>
  info.dims === null
    ? `${info.dtype ?? 'no tensor'} of any shape`
    : describe({ dtype: info.dtype ?? 'no tensor', dims: info.dims.map((dim) => dim ?? '?') })

/**
 * How many rows to run one at a time, where a model takes exactly one and the request has more; 0 for a plain run.
 * @throws InferError bad_request when the inputs disagree on the number of rows
 */
export function rowsToLoop(inputs: readonly Tensor[], wanted: readonly ValueInfo[]): number {
  const longer = inputs.filter((tensor, i) => wanted[i]?.dims?.[0] === 1 && (tensor.dims[0] as number) > 1)
  if (longer.length === 0) return 0
  const rows = longer[0]?.dims[0] as number
  const uneven = inputs.find((tensor) => tensor.dims[0] !== rows)
  if (uneven) throw new InferError('bad_request', `one input has ${rows} rows, another is ${describe(uneven)}`)
  return rows
}

/** Row `row` of a tensor, with a first dimension of 1. */
export function sliceRow(tensor: Tensor, row: number): Tensor {
  const dims = [1, ...tensor.dims.slice(1)]
  const width = sizeOf(dims)
  return { dtype: tensor.dtype, dims, data: tensor.data.slice(row * width, (row + 1) * width) as TensorData }
}

/** The outputs of single rows, one below the other. */
export function stackRows(rows: readonly (readonly NamedTensor[])[]): NamedTensor[] {
  const first = rows[0] as readonly NamedTensor[]
  return first.map((tensor, i) => {
    const column = rows.map((row) => row[i] as NamedTensor)
    const alike = column.every((t) => t.dims[0] === 1 && t.dims.join() === tensor.dims.join())
    if (!alike)
      throw new InferError(
        'bad_request',
        `the model takes one row at a time and its output '${tensor.name}' cannot be stacked`,
      )
    const dims = [rows.length, ...tensor.dims.slice(1)]
    return { name: tensor.name, dtype: tensor.dtype, dims, data: concat(tensor.dtype, column) }
  })
}

function concat(dtype: DType, tensors: readonly Tensor[]): TensorData {
  if (dtype === 'string') return tensors.flatMap((tensor) => tensor.data as string[])
  const parts = tensors.map((tensor) => tensor.data as NumericArray)
  const data = createData(dtype, parts.length * sizeOf((tensors[0] as Tensor).dims)) as Float64Array
  let at = 0
  for (const part of parts as Float64Array[]) {
    data.set(part, at)
    at += part.length
  }
  return data
}
