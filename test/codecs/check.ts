import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { InferError } from '../../src/errors.ts'
import { type DType, kindOf } from '../../src/tensor/dtype.ts'
import { createTensor, sizeOf, type Tensor, valueAt } from '../../src/tensor/tensor.ts'

/** Words of 32 bytes as hex, two's complement. */
export const words = (...values: readonly (number | bigint)[]): string =>
  values.map((value) => BigInt.asUintN(256, BigInt(value)).toString(16).padStart(64, '0')).join('')

/** Text or bytes as the ABI lays them: a length, then zero-padded words. */
export function padded(text: string): string {
  const hex = Buffer.from(text).toString('hex')
  return words(hex.length / 2) + hex.padEnd(Math.ceil(hex.length / 64) * 64, '0')
}

/** `run` gives up with bad_request and a sentence that `says`. */
export const refuses = (run: () => unknown, says = /./): void => {
  assert.throws(run, (thrown) => {
    assert.ok(thrown instanceof InferError, `threw ${thrown}`)
    assert.equal(thrown.code, 'bad_request')
    assert.match(thrown.message, says)
    assert.ok(thrown.message.length < 400 && !thrown.message.includes('\n'), thrown.message)
    return true
  })
}

/** The elements as plain values, complex ones as pairs. */
export function valuesOf(tensor: Tensor): unknown[] {
  const complex = kindOf(tensor.dtype) === 'complex'
  return Array.from({ length: sizeOf(tensor.dims) }, (_, i) =>
    complex ? [tensor.data[2 * i], tensor.data[2 * i + 1]] : valueAt(tensor, i),
  )
}

/** Dtype, shape and every value are the same; 0 is not -0. */
export function sameTensor(
  actual: Tensor,
  expected: { dtype: string; dims: readonly number[]; values: unknown[] },
): void {
  assert.equal(actual.dtype, expected.dtype)
  assert.deepEqual(actual.dims, expected.dims)
  assert.deepEqual(valuesOf(actual), expected.values)
}

const VECTORS = new URL('../../../shared/reference/vectors/', import.meta.url)

/** The rows of a vector file, or why there are none here. */
export function readVectors<Row>(name: string): { rows: readonly Row[]; skip: string | false } {
  try {
    return { rows: JSON.parse(readFileSync(new URL(name, VECTORS), 'utf8')) as Row[], skip: false }
  } catch {
    return { rows: [], skip: `${name} is not on this machine` }
  }
}

type PythonValue = number | bigint | boolean | [number, number]

/** A value as Python prints it: `1`, `-0.0`, `inf`, `True`, `(1.038+0.1j)`. */
function fromPython(text: string): PythonValue {
  if (text === 'True' || text === 'False') return text === 'True'
  const complex = /^\((.+)([+-][^+-]+)j\)$/.exec(text)
  if (complex) return [Number(complex[1]), Number(complex[2])]
  if (/^-?\d+$/.test(text)) return BigInt(text)
  return text === 'nan' ? Number.NaN : Number(text.replace('inf', 'Infinity'))
}

/** What Python printed as it held it: doubles, integers, bools or complexes, whatever they are to be written as. */
export function pythonTensor(dims: readonly number[], texts: readonly string[]): Tensor {
  const held = texts.map(fromPython)
  const [first = 0] = held
  if (Array.isArray(first)) return createTensor('complex128', dims, Float64Array.from(held.flat().map(Number)))
  if (typeof first === 'boolean') return createTensor('bool', dims, Uint8Array.from(held, Number))
  if (typeof first === 'bigint') return createTensor('int64', dims, BigInt64Array.from(held as bigint[]))
  return createTensor('float64', dims, Float64Array.from(held as number[]))
}

/** What Python printed as `valuesOf` gives it for a tensor of `dtype`: only 64-bit integers are bigints. */
export const pythonValues = (dtype: DType, texts: readonly string[]): PythonValue[] =>
  texts.map(fromPython).map((value) => (typeof value === 'bigint' && !dtype.endsWith('int64') ? Number(value) : value))
