import type { Objects, Scalar, Sparse } from '../tensor/host-value.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Counter } from './counter.ts'

/**
 * Rows of named values as features: a number is the value of the feature of its name, a text the value 1 of the
 * feature `name=text`. What is missing has none.
 * @param placeOf the column of a feature, counted from 1 (negative: its values count the other way), 0 for none
 */
export function featuresOf(
  table: Objects | Tensor,
  names: readonly string[],
  separator: string,
  counter: Counter,
  placeOf: (feature: string) => number,
): Sparse {
  const [rows = 0, columns = 1] = table.dims
  counter.begin(rows)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns; i++) {
      const cell = table.data[row * columns + i] as Scalar
      if (cell === null || Number.isNaN(cell)) continue
      const name = names[i] as string
      if (typeof cell === 'string') counter.add(placeOf(name + separator + cell), 1)
      else counter.add(placeOf(name), Number(cell))
    }
    counter.endRow()
  }
  return counter.done()
}
