/**
 * The G2 vector on chain: `(uint8 dtype, uint16[] shape, T[] values)`, row-major (infernet contract 3.3).
 *
 * Limits on untrusted input: those of `abi.ts` and `shape.ts`; the dtype is looked up in a table.
 */
import { show } from '../errors.ts'
import type { DType } from '../tensor/dtype.ts'
import type { Tensor } from '../tensor/tensor.ts'
import * as abi from './abi.ts'
import { type Element, fromWords, TORCH_ELEMENTS, toWords } from './element.ts'
import { notA, refusal } from './refusal.ts'
import { readShape } from './shape.ts'

/** The twelve dtypes of G0 to G2 under the names that torch gives them. */
export const TORCH_DTYPES: ReadonlyMap<string, DType> = new Map(TORCH_ELEMENTS.map(({ name, dtype }) => [name, dtype]))

/** The tensor of a vector, and torch's name of its dtype. */
export interface TensorVector extends Tensor {
  readonly dtypeName: string
}

const WHAT = 'a TensorInput vector'

/**
 * Hex without `0x`. `dtypeName` is what to write the values as where that is not the tensor's own dtype: upstream
 * labels an answer with the dtype of the question.
 */
export function encodeTensorVector(tensor: Tensor, dtypeName?: string): string {
  const number = TORCH_ELEMENTS.findIndex(({ name, dtype }) =>
    dtypeName === undefined ? dtype === tensor.dtype : name === dtypeName,
  )
  const element = TORCH_ELEMENTS[number]
  if (element === undefined) throw refusal(`${show(dtypeName ?? tensor.dtype)} is no dtype of ${WHAT}`)
  return abi.encode(typesOf(element), [BigInt(number), tensor.dims.map(BigInt), toWords(tensor, element.encode)])
}

export function decodeTensorVector(hex: string): TensorVector {
  const [number] = abi.decode(['uint8'], hex, WHAT)
  const element = TORCH_ELEMENTS[Number(number)]
  if (element === undefined) throw notA(WHAT, `its dtype is ${number}, not 0 to 11`)
  const [, shape, words] = abi.decode(typesOf(element), hex, WHAT)
  return {
    dtype: element.dtype,
    dims: readShape(shape, words.length, WHAT),
    data: fromWords(words, element.dtype, element.decode),
    dtypeName: element.name,
  }
}

const typesOf = (element: Element) => ['uint8', 'uint16[]', `${element.word}[]`] as const
