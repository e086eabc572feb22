import { InferError } from '../errors.ts'
import type { DType } from '../tensor/dtype.ts'

/**
 * Field numbers of the ONNX messages that are read or written here, from onnx-ml.proto3
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx-ml.proto3, IR version 14).
 */
export const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  graph: 7,
  opsetImport: 8,
  metadataProps: 14,
  trainingInfo: 20,
  functions: 25,
} as const
export const OPSET = { domain: 1, version: 2 } as const
export const ENTRY = { key: 1, value: 2 } as const
export const TRAINING = { initialization: 1, algorithm: 2 } as const
export const GRAPH = {
  node: 1,
  name: 2,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
  sparseInitializer: 15,
} as const
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const
export const ATTRIBUTE = {
  name: 1,
  float: 2,
  int: 3,
  string: 4,
  tensor: 5,
  graph: 6,
  floats: 7,
  ints: 8,
  strings: 9,
  tensors: 10,
  graphs: 11,
  type: 20,
  sparseTensor: 22,
  sparseTensors: 23,
} as const
export const FUNCTION = { name: 1, node: 7, domain: 10, attributeProto: 11 } as const
export const TENSOR = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  externalData: 13,
  dataLocation: 14,
} as const
export const SPARSE_TENSOR = { values: 1, indices: 2 } as const
export const VALUE_INFO = { name: 1, type: 2 } as const
export const TYPE = { tensor: 1, sequence: 4, map: 5, opaque: 7, sparseTensor: 8, optional: 9 } as const
export const TENSOR_TYPE = { elemType: 1, shape: 2 } as const
export const MAP_TYPE = { keyType: 1, valueType: 2 } as const
/** Of a sequence or an optional. */
export const ELEMENT_TYPE = { elemType: 1 } as const
export const SHAPE = { dim: 1 } as const
export const DIMENSION = { value: 1, param: 2 } as const

/** Protobuf's own bound on a message: no ONNX Runtime loads more. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1

/** TensorProto.DataLocation of a tensor whose bytes lie in a file of their own. */
export const EXTERNAL = 1

export interface ElementType {
  /** ONNX's own name for it, in lower case. */
  readonly name: string
  /** What we hold it as, if we do. */
  readonly dtype: DType | null
  /** Bits of one element in raw_data; 0 where its length is not fixed. */
  readonly bits: number
}

/** TensorProto.DataType of the types that are spoken of by name. */
export const FLOAT = 1
export const INT64 = 7

/** TensorProto.DataType, by number. */
// biome-ignore format: one row per type
const ELEMENT_TYPES: readonly ElementType[] = [
  { name: 'undefined', dtype: null, bits: 0 },
  { name: 'float', dtype: 'float32', bits: 32 },
  { name: 'uint8', dtype: 'uint8', bits: 8 },
  { name: 'int8', dtype: 'int8', bits: 8 },
  { name: 'uint16', dtype: 'uint16', bits: 16 },
  { name: 'int16', dtype: 'int16', bits: 16 },
  { name: 'int32', dtype: 'int32', bits: 32 },
  { name: 'int64', dtype: 'int64', bits: 64 },
  { name: 'string', dtype: 'string', bits: 0 },
  { name: 'bool', dtype: 'bool', bits: 8 },
  { name: 'float16', dtype: 'float16', bits: 16 },
  { name: 'double', dtype: 'float64', bits: 64 },
  { name: 'uint32', dtype: 'uint32', bits: 32 },
  { name: 'uint64', dtype: 'uint64', bits: 64 },
  { name: 'complex64', dtype: 'complex64', bits: 64 },
  { name: 'complex128', dtype: 'complex128', bits: 128 },
  { name: 'bfloat16', dtype: 'bfloat16', bits: 16 },
  { name: 'float8e4m3fn', dtype: null, bits: 8 },
  { name: 'float8e4m3fnuz', dtype: null, bits: 8 },
  { name: 'float8e5m2', dtype: null, bits: 8 },
  { name: 'float8e5m2fnuz', dtype: null, bits: 8 },
  { name: 'uint4', dtype: null, bits: 4 },
  { name: 'int4', dtype: null, bits: 4 },
  { name: 'float4e2m1', dtype: null, bits: 4 },
  { name: 'float8e8m0', dtype: null, bits: 8 },
  { name: 'uint2', dtype: null, bits: 2 },
  { name: 'int2', dtype: null, bits: 2 },
  { name: 'float6e2m3', dtype: null, bits: 6 },
  { name: 'float6e3m2', dtype: null, bits: 6 },
]

/** The element type of that number; one from a later ONNX is of no dtype and no known size. */
export const elementType = (number: number): ElementType =>
  ELEMENT_TYPES[number] ?? { name: `type ${number}`, dtype: null, bits: 0 }

/**
 * TensorProto.DataType of a dtype as we hold it.
 * @throws InferError internal for dtypes that ONNX has and we hold otherwise (bfloat16, complex)
 */
export function elementTypeNumber(dtype: DType): number {
  const number = UNWRITTEN.has(dtype) ? -1 : ELEMENT_TYPES.findIndex((type) => type.dtype === dtype)
  if (number < 0) throw new InferError('internal', `ONNX graphs are not written with ${dtype}`)
  return number
}

const UNWRITTEN: ReadonlySet<DType> = new Set(['bfloat16', 'complex64', 'complex128'])
