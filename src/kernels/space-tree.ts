import { Heap } from './heap.ts'
import { EUCLIDEAN, type Metric } from './metrics.ts'
import { fixed, Lists, type Neighbors, toDistances, type Wanted } from './neighbors.ts'
import type { Rows } from './pairs.ts'

/**
 * A k-d tree or a ball tree as scikit-learn keeps it: node i has the children 2i + 1 and 2i + 2.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/neighbors/_binary_tree.pxi.tp
 */
export interface SpaceTree {
  readonly rows: Rows
  /** Fitted rows in the order of the leaves. */
  readonly order: Int32Array
  /** By node: where its rows begin and end in `order`, and whether it is a leaf. */
  readonly start: Int32Array
  readonly end: Int32Array
  readonly leaf: Uint8Array
  /** The least reduced distance of a point that begins at `i` in `x` to anything in the node. */
  readonly bound: (node: number, x: Float64Array, i: number) => number
}

/** By node and column, the lowest and the highest value; `p`: the power of the metric, Infinity for the maximum. */
export function boxBound(low: Float64Array, high: Float64Array, width: number, p: number): SpaceTree['bound'] {
  return (node, x, i) => {
    const from = node * width
    let sum = 0
    for (let c = 0; c < width; c++) {
      const value = x[i + c] as number
      const below = (low[from + c] as number) - value
      const above = value - (high[from + c] as number)
      const twice = below + Math.abs(below) + (above + Math.abs(above))
      const d = 0.5 * twice
      if (p === Infinity) sum = Math.max(sum, d)
      else sum += p === 1 ? d : p === 2 ? d * d : d ** p
    }
    return sum
  }
}

/** By node, its centre and how far its rows are from that at most. */
export function ballBound(centres: Float64Array, radii: Float64Array, width: number, metric: Metric) {
  return (node: number, x: Float64Array, i: number): number => {
    const distance = metric.toDistance(metric.reduced(x, i, centres, node * width, width))
    return metric.toReduced(Math.max(0, distance - (radii[node] as number)))
  }
}

/**
 * Neighbours by walking the tree, the nearer child first: rows are met in scikit-learn's order, so of equal distances
 * the same ones are kept.
 */
export function walk(tree: SpaceTree, x: Rows, wanted: Wanted, metric: Metric): Neighbors {
  if ('radius' in wanted) return within(tree, x, wanted.radius, metric)
  const { rows, order, start, end, leaf, bound } = tree
  const { width } = rows
  const found = fixed(x.count, wanted.nearest)
  const heap = new Heap(wanted.nearest)
  const visit = (node: number, least: number, from: number): void => {
    if (least > (heap.values[0] as number)) return
    if (leaf[node] === 1) {
      for (let at = start[node] as number; at < (end[node] as number); at++) {
        const row = order[at] as number
        const limit = heap.values[0] as number
        const value = reducedWithin(metric, x.data, from, rows.data, row * width, width, limit)
        if (value < limit) heap.push(value, row)
      }
      return
    }
    const first = 2 * node + 1
    const [one, two] = [bound(first, x.data, from), bound(first + 1, x.data, from)]
    if (one <= two) {
      visit(first, one, from)
      visit(first + 1, two, from)
    } else {
      visit(first + 1, two, from)
      visit(first, one, from)
    }
  }
  for (let i = 0; i < x.count; i++) {
    heap.clear()
    visit(0, bound(0, x.data, i * width), i * width)
    heap.sortInto(found.distances, found.indices, i * wanted.nearest)
  }
  return toDistances(found, metric)
}

/** Columns after which a sum of squares is compared with what is not good enough any more. */
const STRIDE = 8

/** The reduced distance, or something above `limit` where it is above. */
function reducedWithin(
  metric: Metric,
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
  width: number,
  limit: number,
): number {
  if (metric !== EUCLIDEAN || width <= STRIDE) return metric.reduced(a, i, b, j, width)
  let sum = 0
  for (let c = 0; c < width; ) {
    const end = Math.min(width, c + STRIDE)
    for (; c < end; c++) {
      const d = (a[i + c] as number) - (b[j + c] as number)
      sum += d * d
    }
    if (sum > limit) return sum
  }
  return sum
}

function within({ rows, order, start, end, leaf, bound }: SpaceTree, x: Rows, radius: number, metric: Metric) {
  const { width } = rows
  const most = metric.toReduced(radius)
  // The bound is rounded, too: a node is left out only where it is clearly farther away.
  const clearly = most * (1 + 1e-9)
  const lists = new Lists(x.count)
  const visit = (node: number, from: number): void => {
    if (bound(node, x.data, from) > clearly) return
    if (leaf[node] === 1) {
      for (let at = start[node] as number; at < (end[node] as number); at++) {
        const row = order[at] as number
        const reduced = metric.reduced(x.data, from, rows.data, row * width, width)
        if (reduced <= most) lists.push(row, reduced)
      }
      return
    }
    visit(2 * node + 1, from)
    visit(2 * node + 2, from)
  }
  for (let i = 0; i < x.count; i++) {
    visit(0, i * width)
    lists.end(i)
  }
  return toDistances(lists.neighbors(), metric)
}
