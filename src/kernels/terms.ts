import { InferError, show } from '../errors.ts'
import type { Objects, Scalar, Sparse } from '../tensor/host-value.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Analyzer } from './analyzer.ts'
import { SparseRows } from './sparse.ts'

/** How terms are counted in a row. */
export interface Counting {
  readonly columns: number
  /** The column of a term and what it counts: a number with the column's sign, shifted by one; 0 counts nothing. */
  readonly placeOf: (term: string) => number
  /** Whether all counts are 1. */
  readonly isBinary: boolean
}

/**
 * How often each term stands in each text.
 * @param table texts [rows], or a table of which `column` holds them
 * @throws InferError bad_request where there is no text
 */
export function countTerms(counting: Counting, analyze: Analyzer, table: Objects | Tensor, column: number): Sparse {
  const [rows = 0, width = 1] = table.dims
  const counts = new SparseRows(rows, counting.columns)
  const found = new Map<number, number>()
  for (let row = 0; row < rows; row++) {
    const text = table.data[row * width + column] as Scalar
    if (typeof text !== 'string') {
      const what = text === null ? 'no value' : show(String(text))
      throw new InferError('bad_request', `row ${row} has ${what} where a text is needed`)
    }
    for (const term of analyze(text)) {
      const place = counting.placeOf(term)
      if (place === 0) continue
      const at = Math.abs(place)
      found.set(at, (found.get(at) ?? 0) + Math.sign(place))
    }
    pushRow(counts, found, counting.isBinary)
  }
  return counts.done()
}

/** Ends a row of what has been found, by column (shifted by one), and empties it. */
export function pushRow(to: SparseRows, found: Map<number, number>, isBinary: boolean): void {
  const places = Int32Array.from(found.keys()).sort()
  for (const place of places) to.push(place - 1, isBinary ? 1 : (found.get(place) as number))
  to.endRow()
  found.clear()
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
