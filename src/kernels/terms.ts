import { InferError, show } from '../errors.ts'
import type { Objects, Scalar, Sparse } from '../tensor/host-value.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Counter } from './counter.ts'
import type { TermCounter } from './vocabulary.ts'

/**
 * How often each term stands in each text.
 * @param table texts [rows], or a table of which `column` holds them
 * @throws InferError bad_request where there is no text
 */
export function countTerms(count: TermCounter, counter: Counter, table: Objects | Tensor, column: number): Sparse {
  const [rows = 0, width = 1] = table.dims
  counter.begin(rows)
  for (let row = 0; row < rows; row++) {
    const text = table.data[row * width + column] as Scalar
    if (typeof text !== 'string') {
      const what = text === null ? 'no value' : show(String(text))
      throw new InferError('bad_request', `row ${row} has ${what} where a text is needed`)
    }
    count(text, counter)
    counter.endRow()
  }
  return counter.done()
}

/** How tf-idf weighs counts. */
export interface Weighting {
  readonly isSublinear: boolean
  readonly idf: Float64Array | undefined
  readonly norm: 'l1' | 'l2' | undefined
  /** Whether each step is rounded to float32. */
  readonly isSingle: boolean
}

/**
 * `count * idf`, or `(1 + log count) * idf`, rows of length one. The counts are changed in place.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/feature_extraction/text.py (TfidfTransformer)
 */
export function weighTerms({ isSublinear, idf, norm, isSingle }: Weighting, counts: Sparse): Sparse {
  const { dims, indptr, indices, data } = counts
  const round = isSingle ? Math.fround : (value: number) => value
  for (let row = 0; row < dims[0]; row++) {
    const [start, end] = [indptr[row] as number, indptr[row + 1] as number]
    let length = 0
    for (let i = start; i < end; i++) {
      let value = data[i] as number
      if (isSublinear) value = round(round(Math.log(value)) + 1)
      if (idf) value = round(value * (idf[indices[i] as number] as number))
      data[i] = value
      length += norm === 'l2' ? round(value * value) : Math.abs(value)
    }
    if (norm === undefined || length === 0) continue
    if (norm === 'l2') length = Math.sqrt(length)
    for (let i = start; i < end; i++) data[i] = round((data[i] as number) / length)
  }
  return counts
}
