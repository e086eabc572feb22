/**
 * Tensors to JSON text, as Python's `json.dumps(tensor.tolist())` writes them: floats keep a fraction (`1.0`), 64-bit
 * integers keep every digit, booleans are `true`/`false`. JSON has no NaN and no infinities: NaN is `null`, the
 * infinities are the strings "Infinity" and "-Infinity" (the spelling of golden samples).
 */
import { InferError } from '../errors.ts'
import type { DType } from './dtype.ts'
import { fromHalfBits } from './half.ts'
import { sizeOf, type Tensor } from './tensor.ts'

/** All values in one flat list, row-major. */
export const flatJson = (tensor: Tensor): string => `[${valuesText(tensor, 0, tensor.data.length)}]`

/** A list for each item of the first axis, each flattened: what the classic services answer. */
export function rowsJson(tensor: Tensor): string {
  const rows = tensor.dims[0] ?? 1
  const width = rows === 0 ? 0 : tensor.data.length / rows
  return `[${joined(rows, (row) => `[${valuesText(tensor, row * width, (row + 1) * width)}]`)}]`
}

/** Nested lists of the tensor's own shape; a bare value for rank 0. */
export function nestedJson(tensor: Tensor): string {
  const rank = tensor.dims.length
  if (rank === 0) return valuesText(tensor, 0, 1)
  const nest = (depth: number, start: number): string => {
    const count = tensor.dims[depth] as number
    if (depth === rank - 1) return `[${valuesText(tensor, start, start + count)}]`
    const step = sizeOf(tensor.dims.slice(depth + 1))
    return `[${joined(count, (i) => nest(depth + 1, start + i * step))}]`
  }
  return nest(0, 0)
}

function valuesText({ dtype, data }: Tensor, start: number, end: number): string {
  const text = TEXT[dtype]
  return joined(end - start, (i) => text(data[start + i] as never))
}

/** A million short strings take far more memory than their text, so no more than these are alive at a time. */
const CHUNK = 4096

/** `item(0),item(1),...` */
function joined(count: number, item: (index: number) => string): string {
  const chunks: string[] = []
  for (let start = 0; start < count; start += CHUNK) {
    const texts = new Array<string>(Math.min(CHUNK, count - start))
    for (let i = 0; i < texts.length; i++) texts[i] = item(start + i)
    chunks.push(texts.join(','))
  }
  return chunks.length === 1 ? (chunks[0] as string) : chunks.join(',')
}

/** Python's repr of a float, but for the exponent's leading zero, which is the same number. */
function floatText(value: number): string {
  if (Number.isInteger(value)) {
    if (Object.is(value, -0)) return '-0.0'
    return Math.abs(value) < 1e21 ? `${value}.0` : `${value}`
  }
  if (Number.isFinite(value)) return `${value}`
  if (Number.isNaN(value)) return 'null'
  return value > 0 ? '"Infinity"' : '"-Infinity"'
}

const intText = (value: number | bigint): string => `${value}`

const complexText = (): string => {
  throw new InferError('bad_request', 'complex numbers cannot be written in JSON; ask for an on-chain destination')
}

const TEXT: Readonly<Record<DType, (value: never) => string>> = {
  float16: (bits: number) => floatText(fromHalfBits(bits)),
  bfloat16: floatText,
  float32: floatText,
  float64: floatText,
  int8: intText,
  int16: intText,
  int32: intText,
  int64: intText,
  uint8: intText,
  uint16: intText,
  uint32: intText,
  uint64: intText,
  bool: (value: number) => (value === 0 ? 'false' : 'true'),
  complex64: complexText,
  complex128: complexText,
  string: (value: string) => JSON.stringify(value),
}
