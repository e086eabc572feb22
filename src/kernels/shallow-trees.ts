import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { fillCells, startOf } from './forest.ts'
import type { Walk } from './forest-layout.ts'

/** Deeper trees are seldom full. */
const MAX_LEVELS = 8
/** How many times as many nodes as there are may be written for full trees. */
const MAX_FILLING = 4
/** How many times as many steps as ranks take must be walked: else they cost more than they save. */
const MIN_GAIN = 4
const BLOCK_ROWS = 64
/** Walks under way at once. */
const LANES = 4

/**
 * Many shallow trees, each as a full one: node i, from 1 on, has the children 2i and 2i + 1. A cell is the number of
 * its column's bounds that are below it, so `cell <= bound` is one comparison of integers, and a node is one word: the
 * rank of its bound, and below it in `bits` bits its cell.
 */
export interface Shallow {
  readonly bits: number
  /** By tree: its levels, and where its 2^levels words, the first of them unused, and as many leaves begin. */
  readonly levels: Int32Array
  readonly starts: Int32Array
  readonly words: Int32Array
  readonly leaves: Float64Array
  /** The trees by depth: four that follow each other have the same number of levels. */
  readonly order: Int32Array
  readonly ranks: Ranks
}

/** Bounds by cell, ascending, each once; infinite ones fill each list to 2^n - 1. */
interface Ranks {
  readonly starts: Int32Array
  /** 2^(n - 1) */
  readonly halves: Int32Array
  readonly bounds: Float64Array
}

/** The same trees in this form; `undefined` where they are walked faster as they are, or cannot be said so. */
export function layOutShallow(walk: Walk): Shallow | undefined {
  const { roots, depth, depths, columns, origin, sets, width } = walk
  const trees = roots.length
  if (sets || width !== 1 || depth > MAX_LEVELS || trees < LANES) return undefined
  const order = Int32Array.from(roots.keys()).sort((a, b) => (depths[a] as number) - (depths[b] as number))
  const levels = new Int32Array(trees)
  order.forEach((tree, i) => {
    levels[tree] = depths[order[Math.min(i | (LANES - 1), trees - 1)] as number] as number
  })
  const starts = new Int32Array(trees)
  for (let tree = 1; tree < trees; tree++)
    starts[tree] = (starts[tree - 1] as number) + (1 << (levels[tree - 1] as number))
  const size = (starts[trees - 1] as number) + (1 << (levels[trees - 1] as number))
  if (size > MAX_FILLING * origin.length) return undefined
  const ranks = ranksOf(walk)
  const bits = 32 - Math.clz32(columns.length)
  const steps = ranks.halves.reduce((total, half) => total + 32 - Math.clz32(half), 0)
  const walked = levels.reduce((total, level) => total + level, 0)
  const largest = 2 * ranks.halves.reduce((most, half) => Math.max(most, half), 0)
  if (walked < MIN_GAIN * steps || largest > 2 ** (31 - bits)) return undefined
  const shallow = { bits, levels, starts, order, ranks, words: new Int32Array(size), leaves: new Float64Array(size) }
  for (let tree = 0; tree < trees; tree++) place(walk, shallow, tree, roots[tree] as number, 1, levels[tree] as number)
  return shallow
}

/** A leaf above the last level is all leaves below it: whichever way its words send. */
function place(walk: Walk, shallow: Shallow, tree: number, node: number, at: number, below: number): void {
  const { bounds, links, values } = walk
  const { bits, levels, starts, words, leaves, ranks } = shallow
  const start = starts[tree] as number
  if (below === 0) {
    leaves[start + at - (1 << (levels[tree] as number))] = values[bounds[2 * node] as number] as number
    return
  }
  const left = links[4 * node + 3] as number
  const isLeaf = left === node
  if (!isLeaf) {
    const cell = links[4 * node + 2] as number
    words[start + at] = (rankOf(ranks, cell, bounds[2 * node] as number) << bits) | cell
  }
  place(walk, shallow, tree, left, 2 * at, below - 1)
  place(walk, shallow, tree, isLeaf ? node : left + 1, 2 * at + 1, below - 1)
}

function ranksOf({ bounds, links, columns, origin }: Walk): Ranks {
  const found = Array.from(columns, (): number[] => [])
  for (let node = 0; node < origin.length; node++)
    if (links[4 * node + 3] !== node) found[links[4 * node + 2] as number]?.push(bounds[2 * node] as number)
  const lists = found.map((each) => Float64Array.from(new Set(each)).sort())
  const halves = Int32Array.from(lists, ({ length }) => (1 << (32 - Math.clz32(length))) >> 1)
  const starts = new Int32Array(lists.length)
  for (let cell = 1; cell < starts.length; cell++)
    starts[cell] = (starts[cell - 1] as number) + 2 * (halves[cell - 1] as number) - 1
  const all = new Float64Array((starts.at(-1) ?? 0) + 2 * (halves.at(-1) ?? 0)).fill(Number.POSITIVE_INFINITY)
  for (const [cell, list] of lists.entries()) all.set(list, starts[cell])
  return { starts, halves, bounds: all }
}

/** How many bounds of the cell are below the value; all of them where it is NaN. Compiled without a branch. */
function rankOf({ starts, halves, bounds }: Ranks, cell: number, value: number): number {
  const before = (starts[cell] as number) - 1
  let at = before
  for (let half = halves[cell] as number; half > 0; half >>= 1)
    at = (at + (-+!(value <= (bounds[at + half] as number)) & half)) | 0
  return at - before
}

/** What `sumTrees` gives. */
export function sumShallow(shallow: Shallow, walk: Walk, x: Tensor, init?: Tensor): Tensor {
  const [rows = 0] = x.dims
  const { roots, columns, outputs } = walk
  const trees = roots.length
  const sums = startOf(rows, outputs, init)
  const width = columns.length + 1
  const block = Math.min(rows, BLOCK_ROWS)
  const cells = new Float64Array(block * width)
  const ranks = new Int32Array(block * width)
  const ends = new Int32Array((rows < LANES ? trees : block) + LANES)
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first)
    fillCells(walk, x, first, count, cells)
    rankAll(shallow.ranks, cells, count, ranks)
    if (rows < LANES) {
      for (let row = 0; row < count; row++) {
        walkTrees(shallow, ranks, row * width, ends)
        for (let tree = 0; tree < trees; tree++) addLeaves(shallow, walk, sums, ends, tree, tree, first + row, 1)
      }
      continue
    }
    for (let tree = 0; tree < trees; tree++) {
      walkRows(shallow, ranks, width, tree, count, ends)
      addLeaves(shallow, walk, sums, ends, 0, tree, first, count)
    }
  }
  return createTensor('float64', [rows, outputs], sums)
}

function rankAll(ranks: Ranks, cells: Float64Array, rows: number, to: Int32Array): void {
  const columns = ranks.starts.length
  for (let row = 0, at = 0; row < rows; row++, at++)
    for (let cell = 0; cell < columns; cell++, at++) to[at] = rankOf(ranks, cell, cells[at] as number)
}

/** One row, whose ranks begin at `at`, in all trees: the leaves of each, by tree. */
function walkTrees({ bits, levels, starts, words, order }: Shallow, ranks: Int32Array, at: number, ends: Int32Array) {
  const mask = (1 << bits) - 1
  const last = order.length - 1
  for (let i = 0; i <= last; i += LANES) {
    // Lanes beyond the last repeat it.
    const [j, k] = [order[i] as number, order[Math.min(i + 1, last)] as number]
    const [l, m] = [order[Math.min(i + 2, last)] as number, order[Math.min(i + 3, last)] as number]
    const [atA, atB, atC, atD] = [starts[j] as number, starts[k] as number, starts[l] as number, starts[m] as number]
    let [a, b, c, d] = [1, 1, 1, 1]
    const steps = levels[j] as number
    for (let step = 0; step < steps; step++) {
      const p = words[atA + a] as number
      const q = words[atB + b] as number
      const r = words[atC + c] as number
      const s = words[atD + d] as number
      a = (2 * a + (((p >> bits) - (ranks[at + (p & mask)] as number)) >>> 31)) | 0
      b = (2 * b + (((q >> bits) - (ranks[at + (q & mask)] as number)) >>> 31)) | 0
      c = (2 * c + (((r >> bits) - (ranks[at + (r & mask)] as number)) >>> 31)) | 0
      d = (2 * d + (((s >> bits) - (ranks[at + (s & mask)] as number)) >>> 31)) | 0
    }
    const size = 1 << steps
    ends[j] = a - size
    ends[k] = b - size
    ends[l] = c - size
    ends[m] = d - size
  }
}

/** One tree, many rows, whose ranks are `width` apart: the leaves of each, by row. */
function walkRows(shallow: Shallow, ranks: Int32Array, width: number, tree: number, count: number, ends: Int32Array) {
  const { bits, levels, starts, words } = shallow
  const mask = (1 << bits) - 1
  const start = starts[tree] as number
  const steps = levels[tree] as number
  const size = 1 << steps
  for (let lane = 0; lane < count; lane += LANES) {
    const atA = (lane * width) | 0
    const atB = (Math.min(lane + 1, count - 1) * width) | 0
    const atC = (Math.min(lane + 2, count - 1) * width) | 0
    const atD = (Math.min(lane + 3, count - 1) * width) | 0
    let [a, b, c, d] = [1, 1, 1, 1]
    for (let step = 0; step < steps; step++) {
      const p = words[start + a] as number
      const q = words[start + b] as number
      const r = words[start + c] as number
      const s = words[start + d] as number
      a = (2 * a + (((p >> bits) - (ranks[atA + (p & mask)] as number)) >>> 31)) | 0
      b = (2 * b + (((q >> bits) - (ranks[atB + (q & mask)] as number)) >>> 31)) | 0
      c = (2 * c + (((r >> bits) - (ranks[atC + (r & mask)] as number)) >>> 31)) | 0
      d = (2 * d + (((s >> bits) - (ranks[atD + (s & mask)] as number)) >>> 31)) | 0
    }
    ends[lane] = a - size
    ends[lane + 1] = b - size
    ends[lane + 2] = c - size
    ends[lane + 3] = d - size
  }
}

/** Row `first + i` ends in the leaf `ends[at + i]` of the tree. */
function addLeaves(
  { starts, leaves }: Shallow,
  { target, outputs, sum }: Walk,
  sums: Float64Array,
  ends: Int32Array,
  at: number,
  tree: number,
  first: number,
  count: number,
): void {
  const from = starts[tree] as number
  let to = first * outputs + (target[tree] as number)
  if (sum === 'float32') {
    for (let i = at; i < at + count; i++, to += outputs)
      sums[to] = Math.fround((sums[to] as number) + Math.fround(leaves[from + (ends[i] as number)] as number))
  } else {
    for (let i = at; i < at + count; i++, to += outputs)
      sums[to] = (sums[to] as number) + (leaves[from + (ends[i] as number)] as number)
  }
}
