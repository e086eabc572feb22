/**
 * The element types that the product knows, and how each lies in memory.
 *
 * `float16` holds IEEE half bits in a Uint16Array; `bfloat16` holds float32 values already rounded to bfloat16
 * (ONNX Runtime's Node binding has no bfloat16); complex types hold (real, imaginary) pairs; `bool` holds 0 or 1.
 */
const DTYPES = {
  float16: { kind: 'float', elementBytes: 2, create: (n: number) => new Uint16Array(n) },
  bfloat16: { kind: 'float', elementBytes: 4, create: (n: number) => new Float32Array(n) },
  float32: { kind: 'float', elementBytes: 4, create: (n: number) => new Float32Array(n) },
  float64: { kind: 'float', elementBytes: 8, create: (n: number) => new Float64Array(n) },
  int8: { kind: 'int', elementBytes: 1, create: (n: number) => new Int8Array(n) },
  int16: { kind: 'int', elementBytes: 2, create: (n: number) => new Int16Array(n) },
  int32: { kind: 'int', elementBytes: 4, create: (n: number) => new Int32Array(n) },
  int64: { kind: 'int', elementBytes: 8, create: (n: number) => new BigInt64Array(n) },
  uint8: { kind: 'int', elementBytes: 1, create: (n: number) => new Uint8Array(n) },
  uint16: { kind: 'int', elementBytes: 2, create: (n: number) => new Uint16Array(n) },
  uint32: { kind: 'int', elementBytes: 4, create: (n: number) => new Uint32Array(n) },
  uint64: { kind: 'int', elementBytes: 8, create: (n: number) => new BigUint64Array(n) },
  bool: { kind: 'bool', elementBytes: 1, create: (n: number) => new Uint8Array(n) },
  complex64: { kind: 'complex', elementBytes: 8, create: (n: number) => new Float32Array(2 * n) },
  complex128: { kind: 'complex', elementBytes: 16, create: (n: number) => new Float64Array(2 * n) },
  string: { kind: 'string', elementBytes: 0, create: (n: number): string[] => new Array<string>(n).fill('') },
} as const

export type DType = keyof typeof DTYPES
export type DTypeKind = 'float' | 'int' | 'bool' | 'complex' | 'string'

export const DTYPE_NAMES = Object.keys(DTYPES) as readonly DType[]

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
export type TensorData = NumericArray | string[]

export const kindOf = (dtype: DType): DTypeKind => DTYPES[dtype].kind

/** Bytes of one element in memory; 0 for strings. */
export const elementBytes = (dtype: DType): number => DTYPES[dtype].elementBytes

/** Zeroed storage for `count` elements. */
export const createData = (dtype: DType, count: number): TensorData => DTYPES[dtype].create(count)

/** [lowest, highest] of an integer dtype. */
export function intRange(dtype: DType): readonly [bigint, bigint] {
  const bits = BigInt(elementBytes(dtype) * 8)
  return dtype.startsWith('u') ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n]
}
