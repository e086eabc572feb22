import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { CELL, NO_CATEGORY, OUTSIDE, type SetTable, SIDE, type Walk } from './forest-layout.ts'

/**
 * How many cells the rows have that walk a tree together: few where a tree is small, so that they stay in the nearest
 * cache from tree to tree; many where it is large, so that its nodes do for all of them.
 */
const BLOCK_CELLS = { small: 4096, large: 65_536 } as const
const SMALL_TREE_NODES = 1024
const MIN_BLOCK_ROWS = 64
/** Walks under way at once: while one waits for memory, the others go on. */
const LANES = 4
const ZERO = 1e-35

/**
 * The sum of the leaves' values over all trees, tree by tree in their order, as the libraries sum.
 * @param x float64 [rows, columns]
 * @param init [rows, outputs] or [outputs]: what the sums start from; zero by default
 * @returns float64 [rows, outputs]
 */
export function sumTrees(walk: Walk, x: Tensor, init?: Tensor): Tensor {
  const [rows = 0] = x.dims
  const sums = startOf(rows, walk.outputs, init)
  walkAll(walk, x, (ends, at, tree, first, count) => {
    if (walk.sum === 'float32') addRounded(walk, sums, ends, at, tree, first, count)
    else addLeaves(walk, sums, ends, at, tree, first, count)
  })
  return createTensor('float64', [rows, walk.outputs], sums)
}

/** The leaf that each row ends in: int32 [rows, trees], as positions within the tree. */
export function applyTrees(walk: Walk, x: Tensor): Tensor {
  const [rows = 0] = x.dims
  const { origin, roots } = walk
  const trees = roots.length
  const leaves = new Int32Array(rows * trees)
  walkAll(walk, x, (ends, at, tree, first, count) => {
    for (let i = 0; i < count; i++) leaves[(first + i) * trees + tree] = origin[ends[at + i] as number] as number
  })
  return createTensor('int32', [rows, trees], leaves)
}

/** Row `first + i` ends in the node `ends[at + i]` of the tree. */
type Take = (ends: Int32Array, at: number, tree: number, first: number, count: number) => void

/** For each row the trees come in their order. */
function walkAll(walk: Walk, x: Tensor, take: Take): void {
  const [rows = 0] = x.dims
  const { roots } = walk
  const width = walk.columns.length + 1
  const isSmall = walk.origin.length <= SMALL_TREE_NODES * roots.length
  const most = BLOCK_CELLS[isSmall ? 'small' : 'large']
  const block = Math.min(rows, Math.max(MIN_BLOCK_ROWS, Math.floor(most / width)))
  const isFew = rows < LANES
  const cells = new Float64Array(block * width)
  const lanes = new Int32Array((isFew ? roots.length : block) + LANES)
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first)
    fillCells(walk, x, first, count, cells)
    if (isFew) {
      for (let row = 0; row < count; row++) {
        walkTrees(walk, cells, row * width, lanes)
        for (let tree = 0; tree < roots.length; tree++) take(lanes, tree, tree, first + row, 1)
      }
      continue
    }
    for (let tree = 0; tree < roots.length; tree++) {
      walkRows(walk, cells, count, tree, lanes)
      take(lanes, 0, tree, first, count)
    }
  }
}

/** One tree, many rows. */
function walkRows(walk: Walk, cells: Float64Array, count: number, tree: number, ends: Int32Array): void {
  const { bounds, links, sets, roots, depths } = walk
  const width = walk.columns.length + 1
  if (!sets) walkLanes(bounds, links, cells, 0, width, roots, tree, 0, count, depths[tree] as number, ends)
  else for (let row = 0; row < count; row++) ends[row] = endOf(walk, sets, cells, row * width, roots[tree] as number)
}

/** One row, all trees. */
function walkTrees(walk: Walk, cells: Float64Array, at: number, ends: Int32Array): void {
  const { bounds, links, sets, roots, depth } = walk
  if (!sets) walkLanes(bounds, links, cells, at, 0, roots, 0, 1, roots.length, depth, ends)
  else for (let tree = 0; tree < roots.length; tree++) ends[tree] = endOf(walk, sets, cells, at, roots[tree] as number)
}

/**
 * `count` walks, four at a time, each for at most `steps` or until none of the four moves. Walk i begins in the node
 * `roots[first + i * next]`, with the cells from `at + i * width` on. `+!(x <= y)` is compiled without a branch, of
 * which half would be predicted wrong: measured, 3 to 6 times faster than `x <= y ? 0 : 1` and one walk after the other.
 */
function walkLanes(
  bounds: Float64Array,
  links: Int32Array,
  cells: Float64Array,
  at: number,
  width: number,
  roots: Int32Array,
  first: number,
  next: number,
  count: number,
  steps: number,
  ends: Int32Array,
): void {
  for (let lane = 0; lane < count; lane += LANES) {
    // Lanes beyond the last repeat it.
    const l1 = Math.min(lane + 1, count - 1)
    const l2 = Math.min(lane + 2, count - 1)
    const l3 = Math.min(lane + 3, count - 1)
    const atA = at + lane * width
    const atB = at + l1 * width
    const atC = at + l2 * width
    const atD = at + l3 * width
    let a = roots[first + lane * next] as number
    let b = roots[first + l1 * next] as number
    let c = roots[first + l2 * next] as number
    let d = roots[first + l3 * next] as number
    for (let step = 0; step < steps; step++) {
      const i =
        ((links[4 * a + 3] as number) +
          +!((cells[atA + (links[4 * a + 2] as number)] as number) <= (bounds[2 * a] as number))) |
        0
      const j =
        ((links[4 * b + 3] as number) +
          +!((cells[atB + (links[4 * b + 2] as number)] as number) <= (bounds[2 * b] as number))) |
        0
      const k =
        ((links[4 * c + 3] as number) +
          +!((cells[atC + (links[4 * c + 2] as number)] as number) <= (bounds[2 * c] as number))) |
        0
      const l =
        ((links[4 * d + 3] as number) +
          +!((cells[atD + (links[4 * d + 2] as number)] as number) <= (bounds[2 * d] as number))) |
        0
      if (((i ^ a) | (j ^ b) | (k ^ c) | (l ^ d)) === 0) break
      a = i
      b = j
      c = k
      d = l
    }
    ends[lane] = a
    ends[lane + 1] = b
    ends[lane + 2] = c
    ends[lane + 3] = d
  }
}

/** The node that a row ends in, where some nodes have sets. `at`: where the row begins in `cells`. */
function endOf(walk: Walk, sets: SetTable, cells: Float64Array, at: number, root: number): number {
  const { bounds, links } = walk
  let node = root
  for (;;) {
    const cell = cells[at + (links[4 * node + 2] as number)] as number
    const bound = bounds[2 * node] as number
    const isLeft = Number.isNaN(bound) ? isIn(sets, node, cell) : cell <= bound
    const next = (links[4 * node + 3] as number) + (isLeft ? 0 : 1)
    if (next === node) return node
    node = next
  }
}

/** Whether the category goes left. */
function isIn({ from, length, sides, words }: SetTable, node: number, category: number): boolean {
  if (category === NO_CATEGORY) return ((sides[node] as number) & SIDE.missingLeft) !== 0
  const word = category >> 5
  if (category === OUTSIDE || word >= (length[node] as number))
    return ((sides[node] as number) & SIDE.outsideLeft) !== 0
  return (((words[(from[node] as number) + word] as number) >>> (category & 31)) & 1) === 1
}

/** Cells of the rows `first` and on, row by row. */
export function fillCells(
  { columns, kinds, isSingle }: Walk,
  x: Tensor,
  first: number,
  count: number,
  cells: Float64Array,
): void {
  const [, given = 0] = x.dims
  const data = x.data as Float64Array
  let to = 0
  for (let row = first; row < first + count; row++) {
    const from = row * given
    for (let cell = 0; cell < columns.length; cell++) {
      const number = data[from + (columns[cell] as number)] as number
      const value = isSingle ? Math.fround(number) : number
      const kind = kinds[cell] as number
      cells[to++] = kind === CELL.asIs ? value : cellOf(kind, value)
    }
    cells[to++] = -Infinity
  }
}

function cellOf(kind: number, value: number): number {
  const isMissing =
    Number.isNaN(value) ||
    ((kind === CELL.zeroMissing || kind === CELL.zeroMissingLow || kind === CELL.categoryZeroMissing) &&
      Math.abs(value) <= ZERO)
  if (kind < CELL.category) {
    if (!isMissing) return value
    return kind === CELL.missingZero ? 0 : kind === CELL.zeroMissing ? Number.NaN : -Infinity
  }
  if (isMissing) return kind === CELL.categoryMissingZero ? 0 : NO_CATEGORY
  const whole = Math.trunc(value)
  return whole >= 0 && whole <= 0x7fffffff ? whole : OUTSIDE
}

function addLeaves(
  { bounds, values, width, target, outputs }: Walk,
  sums: Float64Array,
  ends: Int32Array,
  at: number,
  tree: number,
  first: number,
  count: number,
): void {
  let to = first * outputs + (target[tree] as number)
  for (let i = at; i < at + count; i++, to += outputs) {
    const from = (bounds[2 * (ends[i] as number)] as number) | 0
    for (let j = 0; j < width; j++) sums[to + j] = (sums[to + j] as number) + (values[from + j] as number)
  }
}

/** The same in float32. */
function addRounded(
  { bounds, values, width, target, outputs }: Walk,
  sums: Float64Array,
  ends: Int32Array,
  at: number,
  tree: number,
  first: number,
  count: number,
): void {
  let to = first * outputs + (target[tree] as number)
  for (let i = at; i < at + count; i++, to += outputs) {
    const from = bounds[2 * (ends[i] as number)] as number
    for (let j = 0; j < width; j++)
      sums[to + j] = Math.fround((sums[to + j] as number) + Math.fround(values[from + j] as number))
  }
}

/** What the sums start from: [rows, outputs]. */
export function startOf(rows: number, outputs: number, init: Tensor | undefined): Float64Array {
  if (!init) return new Float64Array(rows * outputs)
  const from = init.data as Float64Array
  if (from.length === rows * outputs && init.dims.length === 2) return from.slice()
  return Float64Array.from({ length: rows * outputs }, (_, i) => from[i % outputs] as number)
}
