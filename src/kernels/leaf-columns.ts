import type { Sparse } from '../tensor/host-value.ts'
import type { Tensor } from '../tensor/tensor.ts'

/**
 * One-hot columns of leaves.
 * @param leaves int32 [rows, trees]
 * @param columns by tree and leaf: the column, -1 where there is none
 */
export function oneHotLeaves(leaves: Tensor, columns: readonly Int32Array[], width: number): Sparse {
  const [rows = 0, trees = 0] = leaves.dims
  const at = leaves.data as Int32Array
  const indptr = new Int32Array(rows + 1)
  const indices = new Int32Array(rows * trees)
  let count = 0
  for (let row = 0; row < rows; row++) {
    for (let tree = 0; tree < trees; tree++) {
      const column = columns[tree]?.[at[row * trees + tree] as number] ?? -1
      if (column >= 0) indices[count++] = column
    }
    indptr[row + 1] = count
  }
  return {
    dtype: 'sparse',
    dims: [rows, width],
    indptr,
    indices: indices.subarray(0, count),
    data: new Float64Array(count).fill(1),
  }
}
