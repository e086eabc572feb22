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
  /** By node: one of MISSING, with MISSING_LEFT where what is missing goes left, and OUTSIDE_LEFT. */
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
/** Of nodes with a set: categories below zero, or beyond the set's words, go left; by default they go right. */
export const OUTSIDE_LEFT = 8

/**
 * A forest as it is walked. A node is 16 bytes; its right child stands after its left one, and a row goes left where
 * `cell <= bound`. A leaf is its own left child: its cell is always -Infinity, its bound the position of its values.
 */
export interface Walk {
  readonly roots: Int32Array
  /** By tree: the most steps that a walk takes. */
  readonly depths: Int32Array
  /** Of the deepest tree. */
  readonly depth: number
  /** At 2 * node: the bound; NaN where a set decides. */
  readonly bounds: Float64Array
  /** The same memory. At 4 * node + 2: the cell; after it, the left child. */
  readonly links: Int32Array
  /** By cell: its column, and one of CELL. One more cell, that of the leaves, stands after them. */
  readonly columns: Int32Array
  readonly kinds: Uint8Array
  readonly isSingle: boolean
  /** By node: the position that the file gives it within its tree. */
  readonly origin: Int32Array
  readonly sets: SetTable | undefined
  /** By leaf, `width` values. */
  readonly values: Float64Array
  readonly width: number
  readonly target: Int32Array
  readonly outputs: number
  readonly sum: 'float32' | 'float64'
}

/** By node with a set: where its words are, and its SIDE. */
export interface SetTable {
  readonly from: Int32Array
  readonly length: Int32Array
  readonly sides: Uint8Array
  readonly words: Uint32Array
}

export const SIDE = { missingLeft: 1, outsideLeft: 2 } as const

/** How a column becomes a cell. What is missing is NaN, which goes right, or (`Low`) -Infinity, which goes left. */
// biome-ignore format: a table
export const CELL = {
  asIs: 0, missingLow: 1, zeroMissing: 2, zeroMissingLow: 3, missingZero: 4,
  category: 5, categoryZeroMissing: 6, categoryMissingZero: 7,
} as const
/** Cells of categories that are none. */
export const NO_CATEGORY = -1
export const OUTSIDE = -2

/** Prepares a forest that `checkForest` lets through. Time and memory are linear in its nodes. */
export function layOut(forest: Forest): Walk {
  const { roots, feature, left, right, threshold, missing, set, values, width } = forest
  const nodes = feature.length
  const memory = new ArrayBuffer(nodes * 16)
  const bounds = new Float64Array(memory)
  const links = new Int32Array(memory)
  const old = new Int32Array(nodes)
  const origin = new Int32Array(nodes)
  const cells = new Map<number, number>()
  const sets = new Sets(forest)
  const leafValues = new Float64Array(((nodes + roots.length) >> 1) * width)
  const starts = new Int32Array(roots.length)
  const depths = new Int32Array(roots.length)
  const levels = new Int32Array(nodes)
  const pending: number[] = []
  const leaves: number[] = []
  let next = 0
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree] as number
    starts[tree] = next
    old[next] = root
    pending.push(next++)
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      const at = old[node] as number
      origin[node] = at - root
      const column = feature[at] as number
      if (column < 0) {
        const to = leaves.length * width
        for (let i = 0; i < width; i++) leafValues[to + i] = values[at * width + i] as number
        bounds[2 * node] = to
        links[4 * node + 3] = node
        leaves.push(node)
        depths[tree] = Math.max(depths[tree] as number, levels[node] as number)
        continue
      }
      const policy = missing[at] as number
      const bound = boundOf(forest, threshold[at] as number)
      const isSet = (set?.[at] ?? -1) >= 0 || bound === undefined
      if (isSet) sets.put(node, set?.[at] ?? -1, policy)
      bounds[2 * node] = isSet ? Number.NaN : (bound as number)
      const key = column * 8 + kindOf(policy, isSet)
      if (!cells.has(key)) cells.set(key, cells.size)
      links[4 * node + 2] = cells.get(key) as number
      links[4 * node + 3] = next
      old[next] = left[at] as number
      old[next + 1] = right[at] as number
      levels[next] = levels[next + 1] = (levels[node] as number) + 1
      pending.push(next + 1, next)
      next += 2
    }
  }
  for (const leaf of leaves) links[4 * leaf + 2] = cells.size
  const { target, outputs, sum } = forest
  return {
    ...{ roots: starts, depths, bounds, links, origin, values: leafValues, width, target, outputs, sum },
    depth: depths.reduce((most, depth) => Math.max(most, depth), 0),
    columns: Int32Array.from(cells.keys(), (key) => key >> 3),
    kinds: Uint8Array.from(cells.keys(), (key) => key & 7),
    isSingle: forest.precision === 'float32',
    sets: sets.table,
  }
}

/** `x < t` is `x <= bound`; `undefined` where nothing is below. */
function boundOf({ compare }: Forest, threshold: number): number | undefined {
  if (compare === 'at most') return threshold
  return threshold === -Infinity ? undefined : before(threshold)
}

const scratch = new DataView(new ArrayBuffer(8))

/** The next float64 towards -Infinity. */
export function before(value: number): number {
  if (value === 0) return -Number.MIN_VALUE
  scratch.setFloat64(0, value)
  scratch.setBigInt64(0, scratch.getBigInt64(0) + (value > 0 ? -1n : 1n))
  return scratch.getFloat64(0)
}

function kindOf(policy: number, isSet: boolean): number {
  const isLow = (policy & MISSING_LEFT) !== 0
  if (policy & MISSING.none) return isSet ? CELL.categoryMissingZero : CELL.missingZero
  if (policy & MISSING.zero) return isSet ? CELL.categoryZeroMissing : isLow ? CELL.zeroMissingLow : CELL.zeroMissing
  return isSet ? CELL.category : isLow ? CELL.missingLow : CELL.asIs
}

/** Collects the sets of nodes; the words of a set that several nodes share stand once. */
class Sets {
  table: SetTable | undefined
  readonly #nodes: number
  readonly #starts: Int32Array
  readonly #sets: readonly Uint32Array[]
  readonly #words: Uint32Array

  constructor({ feature, sets = [] }: Forest) {
    this.#nodes = feature.length
    this.#sets = sets
    this.#starts = new Int32Array(sets.length)
    let total = 0
    sets.forEach((words, i) => {
      this.#starts[i] = total
      total += words.length
    })
    this.#words = new Uint32Array(total)
    sets.forEach((words, i) => {
      this.#words.set(words, this.#starts[i] as number)
    })
  }

  /** @param set -1: the empty one */
  put(node: number, set: number, policy: number): void {
    this.table ??= {
      from: new Int32Array(this.#nodes),
      length: new Int32Array(this.#nodes),
      sides: new Uint8Array(this.#nodes),
      words: this.#words,
    }
    this.table.from[node] = this.#starts[set] ?? 0
    this.table.length[node] = this.#sets[set]?.length ?? 0
    this.table.sides[node] =
      (policy & MISSING_LEFT ? SIDE.missingLeft : 0) | (policy & OUTSIDE_LEFT && set >= 0 ? SIDE.outsideLeft : 0)
  }
}
