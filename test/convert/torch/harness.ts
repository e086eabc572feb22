/** Runs modules of torch, and compares with what torch recorded. */
import assert from 'node:assert/strict'
import { sizesAt } from '../../../src/convert/aten/size.ts'
import { modelOf } from '../../../src/convert/plan.ts'
import { type ConvertedOutput, convertTorch } from '../../../src/convert/torch/convert.ts'
import { tensorFromBytes } from '../../../src/formats/raw-tensor.ts'
import type { Value } from '../../../src/formats/values.ts'
import { openSession } from '../../../src/runtime/session.ts'
import type { DType } from '../../../src/tensor/dtype.ts'
import { kindOf } from '../../../src/tensor/dtype.ts'
import { toHalfBits } from '../../../src/tensor/half.ts'
import type { Tensor } from '../../../src/tensor/tensor.ts'
import { createTensor, valueAt } from '../../../src/tensor/tensor.ts'

/** A tensor as the scripts under test/fixtures/make record it: little-endian memory in base64. */
export interface Recorded {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: string
}

export const decode = ({ dtype, shape, data }: Recorded): Tensor =>
  tensorFromBytes('recorded', dtype, shape, Buffer.from(data, 'base64'))

/** A tensor as the shared fixtures record it: a list of numbers. */
export interface Listed {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: readonly (number | boolean | null | string)[]
}

export function fromList({ dtype, shape, data }: Listed): Tensor {
  const tensor = createTensor(dtype as DType, shape)
  const numbers = data.map((item) => (item === null ? Number.NaN : Number(item)))
  numbers.forEach((value, i) => {
    const isBig = dtype === 'int64'
    ;(tensor.data as unknown[])[i] = isBig ? BigInt(value) : dtype === 'float16' ? toHalfBits(value) : value
  })
  return tensor
}

export interface Run {
  readonly outputs: readonly Tensor[]
  readonly converted: readonly ConvertedOutput[]
  readonly symbolic: boolean
}

/** What a module gives; the first dimension of the inputs is the batch, unless `fixed`. */
export async function run(
  root: Value,
  inputs: readonly Tensor[],
  {
    method = 'forward',
    fixed = false,
    names,
  }: { method?: string; fixed?: boolean; names?: readonly string[] | undefined } = {},
): Promise<Run> {
  const batch = inputs[0]?.dims[0] ?? 1
  const signature = inputs.map(({ dtype, dims }) => ({
    dtype,
    dims: dims.map((dim, i) => (i === 0 && dim === batch && !fixed ? null : dim)),
  }))
  const { graph, outputs, symbolic } = convertTorch(root, {
    inputs: signature,
    batch,
    method,
    ...(names && { names }),
  })
  const isDouble = inputs.some(({ dtype }) => dtype === 'float64')
  const session = await openSession(modelOf(graph, outputs), { optimization: isDouble ? 'basic' : 'all' })
  const feeds = inputs.map((tensor) =>
    tensor.dtype === 'bfloat16' ? { ...tensor, dtype: 'float32' as const } : tensor,
  )
  const made = await session.run(
    graph.inputs.map(({ name }) => name),
    feeds,
  )
  await session.close()
  const given = outputs.map(({ dtype, dims }, i) => {
    const tensor = made[i] as Tensor
    assert.deepEqual(sizesAt(dims, batch), [...tensor.dims], 'the sizes that were told')
    return dtype === 'bfloat16' ? { ...tensor, dtype } : tensor
  })
  return { outputs: given, converted: outputs, symbolic }
}

/** Of the output's scale: float32 as torch's own kernels differ, halves by their last place. */
export const TOLERANCE: Readonly<Record<string, number>> = {
  float64: 1e-9,
  float32: 1e-5,
  float16: 2e-3,
  bfloat16: 1.6e-2,
}

/** @throws AssertionError naming the first value that is not torch's */
export function assertTensor(ours: Tensor, theirs: Tensor, what: string, scaleOf = TOLERANCE): void {
  assert.equal(`${ours.dtype}[${ours.dims}]`, `${theirs.dtype}[${theirs.dims}]`, what)
  const values = Array.from(theirs.data as ArrayLike<unknown>, (_, i) => Number(valueAt(theirs, i)))
  const finite = values.filter(Number.isFinite).map(Math.abs)
  const scale = finite.reduce((most, value) => Math.max(most, value), 0)
  const atol = kindOf(theirs.dtype) === 'float' ? (scaleOf[theirs.dtype] as number) * scale : 0
  values.forEach((value, i) => {
    const mine = Number(valueAt(ours, i))
    const close = Object.is(mine, value) || mine === value || Math.abs(mine - value) <= atol
    if (!close) assert.fail(`${what}: value ${i} is ${mine}, torch gave ${value} (scale ${scale})`)
  })
}
