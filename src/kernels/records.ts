import type { Objects, Scalar, Sparse } from '../tensor/host-value.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { SparseRows } from './sparse.ts'
import { pushRow } from './terms.ts'

/**
 * Rows of named values as features: a number is the value of the feature of its name, a text the value 1 of the
 * feature `name=text`. What is missing has none.
 * @param placeOf the column of a feature, counted from 1 (negative: its values count the other way), 0 for none
 */
export function featuresOf(
  table: Objects | Tensor,
  names: readonly string[],
  separator: string,
  width: number,
  placeOf: (feature: string) => number,
): Sparse {
  const [rows = 0, columns = 1] = table.dims
  const features = new SparseRows(rows, width)
  const found = new Map<number, number>()
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns; i++) {
      const cell = table.data[row * columns + i] as Scalar
      if (cell === null || Number.isNaN(cell)) continue
      const name = names[i] as string
      const place = placeOf(typeof cell === 'string' ? name + separator + cell : name)
      const value = typeof cell === 'string' ? 1 : Number(cell)
      if (place === 0 || value === 0) continue
      const at = Math.abs(place)
      found.set(at, (found.get(at) ?? 0) + (place < 0 ? -value : value))
    }
    pushRow(features, found, false)
  }
  return features.done()
}
