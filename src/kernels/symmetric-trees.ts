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

/** Rows that walk a tree together, so that its leaves are in the cache for all of them. */
const BLOCK_ROWS = 64

/**
 * The sums over all trees, tree by tree in their order, as CatBoost sums
 * (https://github.com/catboost/catboost/blob/v1.2.7/catboost/libs/model/cpu/evaluator_impl.cpp).
 * @param x float64 [rows, columns]
 * @returns float64 [rows, width]
 */
export function sumSymmetricTrees(trees: SymmetricTrees, x: Tensor): Tensor {
  const { depths, values, width } = trees
  const [rows = 0, columns = 0] = x.dims
  const cells = x.data as Float64Array
  const sums = new Float64Array(rows * width)
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const end = Math.min(rows, first + BLOCK_ROWS)
    let level = 0
    let leaves = 0
    for (let tree = 0; tree < depths.length; tree++) {
      const depth = depths[tree] as number
      for (let row = first; row < end; row++) {
        const from = leaves + leafOf(trees, level, depth, cells, row * columns) * width
        for (let i = 0; i < width; i++)
          sums[row * width + i] = (sums[row * width + i] as number) + (values[from + i] as number)
      }
      level += depth
      leaves += width * 2 ** depth
    }
  }
  return createTensor('float64', [rows, width], sums)
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
    if ((cells[at + (columns[level] as number)] as number) > (borders[level] as number)) leaf |= 1 << d
  }
  return leaf
}
