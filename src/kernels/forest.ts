import { createTensor, type Tensor } from '../tensor/tensor.ts'

/**
 * Decision trees of any library, node by node, the trees one after the other. A row goes left where its value is at
 * most (or below) the threshold, or where its category is in the node's set.
 */
export interface Forest {
  /** First node of each tree. */
  readonly roots: Int32Array
  /** By node: the column that is looked at, -1 in a leaf. */
  readonly feature: Int32Array
  readonly threshold: Float64Array
  /** By node: where to go on, as a position in these arrays. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** By node: one of MISSING, and MISSING_LEFT where what is missing goes left. */
  readonly missing: Uint8Array
  /** By node: which of `sets` sends left, -1 where the threshold does. */
  readonly set?: Int32Array
  /** Categories as bits: category c is bit c % 32 of word c >> 5. */
  readonly sets?: readonly Uint32Array[]
  /** By node: `width` values, which count in leaves. */
  readonly values: Float64Array
  readonly width: number
  /** By tree: the first output that its values are added to. */
  readonly target: Int32Array
  readonly outputs: number
  readonly compare: 'at most' | 'below'
  /** What a value is rounded to before it is compared. */
  readonly precision: 'float32' | 'float64'
  /** What sums are rounded to after each tree. */
  readonly sum: 'float32' | 'float64'
}

/** What counts as missing: NaN; NaN and zero (|x| <= 1e-35); nothing, NaN is taken for zero. */
export const MISSING = { nan: 0, zero: 2, none: 4 } as const
export const MISSING_LEFT = 1
const ZERO = 1e-35

/** Rows that walk a tree together, so that its nodes are in the cache for all of them. */
const BLOCK_ROWS = 64

/**
 * The sum of the leaves' values over all trees, tree by tree in their order, as the libraries sum.
 * @param x float64 [rows, columns]
 * @param init [rows, outputs] or [outputs]: what the sums start from; zero by default
 * @returns float64 [rows, outputs]
 */
export function sumTrees(forest: Forest, x: Tensor, init?: Tensor): Tensor {
  const { roots, target, values, width, outputs } = forest
  const [rows = 0, columns = 0] = x.dims
  const cells = rounded(forest, x)
  const sums = startOf(rows, outputs, init)
  const isSingle = forest.sum === 'float32'
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const end = Math.min(rows, first + BLOCK_ROWS)
    for (let tree = 0; tree < roots.length; tree++) {
      const root = roots[tree] as number
      const column = target[tree] as number
      for (let row = first; row < end; row++) {
        const from = leafOf(forest, cells, row * columns, root) * width
        const to = row * outputs + column
        for (let i = 0; i < width; i++) {
          const sum = (sums[to + i] as number) + (values[from + i] as number)
          sums[to + i] = isSingle ? Math.fround(sum) : sum
        }
      }
    }
  }
  return createTensor('float64', [rows, outputs], sums)
}

/** The leaf that each row ends in: int32 [rows, trees], as positions within the tree. */
export function applyTrees(forest: Forest, x: Tensor): Tensor {
  const { roots } = forest
  const [rows = 0, columns = 0] = x.dims
  const cells = rounded(forest, x)
  const leaves = new Int32Array(rows * roots.length)
  for (let row = 0; row < rows; row++) {
    for (let tree = 0; tree < roots.length; tree++) {
      const root = roots[tree] as number
      leaves[row * roots.length + tree] = leafOf(forest, cells, row * columns, root) - root
    }
  }
  return createTensor('int32', [rows, roots.length], leaves)
}

/** The node that a row ends in. `at`: where the row begins in `cells`. */
export function leafOf(forest: Forest, cells: Float64Array | Float32Array, at: number, root: number): number {
  const { feature, threshold, left, right, missing, set } = forest
  const isBelow = forest.compare === 'below'
  let node = root
  for (let column = feature[node] as number; column >= 0; column = feature[node] as number) {
    let value = cells[at + column] as number
    const policy = missing[node] as number
    if (policy > MISSING_LEFT || Number.isNaN(value)) {
      if (policy < MISSING.none) {
        if (Number.isNaN(value) || (policy >= MISSING.zero && Math.abs(value) <= ZERO)) {
          node = (policy & MISSING_LEFT ? left[node] : right[node]) as number
          continue
        }
      } else if (Number.isNaN(value)) value = 0
    }
    const index = set === undefined ? -1 : (set[node] as number)
    const bound = threshold[node] as number
    const isLeft = index >= 0 ? isIn(forest.sets?.[index], value) : isBelow ? value < bound : value <= bound
    node = (isLeft ? left[node] : right[node]) as number
  }
  return node
}

/** Whether the category, cut to an integer, is one of the bits. */
export function isIn(bits: Uint32Array | undefined, category: number): boolean {
  const whole = Math.trunc(category)
  if (bits === undefined || !(whole >= 0 && whole < 32 * bits.length)) return false
  return (((bits[whole >> 5] as number) >>> (whole & 31)) & 1) === 1
}

function rounded({ precision }: Forest, { data }: Tensor): Float64Array | Float32Array {
  return precision === 'float32' ? Float32Array.from(data as Float64Array) : (data as Float64Array)
}

function startOf(rows: number, outputs: number, init: Tensor | undefined): Float64Array {
  if (!init) return new Float64Array(rows * outputs)
  const from = init.data as Float64Array
  if (from.length === rows * outputs && init.dims.length === 2) return from.slice()
  return Float64Array.from({ length: rows * outputs }, (_, i) => from[i % outputs] as number)
}
