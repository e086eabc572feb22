import { createTensor, type Tensor } from '../tensor/tensor.ts'
import type { Forest } from './forest-layout.ts'

/** What a leaf of a linear tree adds: `constant + Σ coefficient · x[column]`, or its plain value where one is missing. */
export interface LinearLeaf {
  readonly constant: number
  readonly columns: Int32Array
  readonly coefficients: Float64Array
}

/**
 * The sum over all trees, whose leaves are linear where `leaves` has one for the node
 * (https://github.com/microsoft/LightGBM/blob/v4.6.0/src/io/tree.cpp, `Tree::Predict`).
 * @param places int32 [rows, trees]: the leaf of each tree that a row ends in, as a position within the tree
 * @returns float64 [rows, outputs]
 */
export function sumLinearTrees(
  forest: Forest,
  leaves: ReadonlyMap<number, LinearLeaf>,
  x: Tensor,
  places: Tensor,
): Tensor {
  const { roots, target, values, outputs } = forest
  const [rows = 0, columns = 0] = x.dims
  const cells = x.data as Float64Array
  const sums = new Float64Array(rows * outputs)
  for (let row = 0; row < rows; row++) {
    for (let tree = 0; tree < roots.length; tree++) {
      const node = (roots[tree] as number) + (places.data[row * roots.length + tree] as number)
      const leaf = leaves.get(node)
      const value = leaf ? linearValue(leaf, cells, row * columns) : Number.NaN
      const to = row * outputs + (target[tree] as number)
      sums[to] = (sums[to] as number) + (Number.isNaN(value) ? (values[node] as number) : value)
    }
  }
  return createTensor('float64', [rows, outputs], sums)
}

/** NaN where a column that counts is missing. */
function linearValue({ constant, columns, coefficients }: LinearLeaf, cells: Float64Array, at: number): number {
  let value = constant
  for (let i = 0; i < columns.length; i++) {
    const cell = cells[at + (columns[i] as number)] as number
    if (Number.isNaN(cell)) return Number.NaN
    value += cell * (coefficients[i] as number)
  }
  return value
}
