import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** CatBoost's trees: one split for all nodes of a level. */
export interface SymmetricTrees {
  /** By tree: its levels. */
  readonly depths: Int32Array
  /** By level, tree after tree: the column that is looked at, and the border that it is compared with. */
  readonly columns: Int32Array
  readonly borders: Float64Array
  /** By tree and leaf `width` numbers. Bit d of a leaf's number is set where the value of level d is above its border. */
  readonly values: Float64Array
  readonly width: number
}

/** Rows that walk a tree together, so that its borders are read once for all of them. */
const BLOCK_ROWS = 128

/**
 * The sums over all trees, tree by tree in their order, as CatBoost sums
 * (https://github.com/catboost/catboost/blob/v1.2.7/catboost/libs/model/cpu/evaluator_impl.cpp). `+(x > y)` is compiled
 * without a branch, of which half would be predicted wrong.
 * @param x float64 [rows, columns]
 * @returns float64 [rows, width]
 */
export function sumSymmetricTrees(trees: SymmetricTrees, x: Tensor): Tensor {
  const { depths, values, width } = trees
  const [rows = 0, columns = 0] = x.dims
  const sums = new Float64Array(rows * width)
  const block = Math.min(rows, BLOCK_ROWS)
  const cells = new Float64Array(block * columns)
  const leaves = new Int32Array(block)
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first)
    transpose(x.data as Float64Array, first, count, columns, cells)
    let level = 0
    let values0 = 0
    for (let tree = 0; tree < depths.length; tree++) {
      const depth = depths[tree] as number
      findLeaves(trees, level, depth, cells, count, leaves)
      if (width === 1)
        for (let row = 0; row < count; row++)
          sums[first + row] = (sums[first + row] as number) + (values[values0 + (leaves[row] as number)] as number)
      else addVectors(values, values0, leaves, count, width, sums, first)
      level += depth
      values0 += width * 2 ** depth
    }
  }
  return createTensor('float64', [rows, width], sums)
}

/** `count` rows from `first` on, column after column. */
function transpose(x: Float64Array, first: number, count: number, columns: number, cells: Float64Array): void {
  for (let row = 0; row < count; row++)
    for (let column = 0; column < columns; column++)
      cells[column * count + row] = x[(first + row) * columns + column] as number
}

function findLeaves(
  { columns, borders }: SymmetricTrees,
  level: number,
  depth: number,
  cells: Float64Array,
  count: number,
  leaves: Int32Array,
): void {
  leaves.fill(0)
  for (let d = 0; d < depth; d++) {
    const at = (columns[level + d] as number) * count
    const border = borders[level + d] as number
    for (let row = 0; row < count; row++)
      leaves[row] = (leaves[row] as number) | (+((cells[at + row] as number) > border) << d)
  }
}

function addVectors(
  values: Float64Array,
  from: number,
  leaves: Int32Array,
  count: number,
  width: number,
  sums: Float64Array,
  first: number,
): void {
  for (let row = 0; row < count; row++) {
    const to = (first + row) * width
    const at = from + (leaves[row] as number) * width
    for (let i = 0; i < width; i++) sums[to + i] = (sums[to + i] as number) + (values[at + i] as number)
  }
}

/** The leaf that each row ends in: int32 [rows, trees]. */
export function applySymmetricTrees(trees: SymmetricTrees, x: Tensor): Tensor {
  const { depths } = trees
  const [rows = 0, columns = 0] = x.dims
  const leaves = new Int32Array(rows * depths.length)
  for (let row = 0; row < rows; row++) {
    let level = 0
    for (let tree = 0; tree < depths.length; tree++) {
      const depth = depths[tree] as number
      leaves[row * depths.length + tree] = leafOf(trees, level, depth, x.data as Float64Array, row * columns)
      level += depth
    }
  }
  return createTensor('int32', [rows, depths.length], leaves)
}

function leafOf(
  { columns, borders }: SymmetricTrees,
  first: number,
  depth: number,
  cells: Float64Array,
  at: number,
): number {
  let leaf = 0
  for (let d = 0; d < depth; d++) {
    const level = first + d
    leaf |= +((cells[at + (columns[level] as number)] as number) > (borders[level] as number)) << d
  }
  return leaf
}
