import type { Sparse } from '../tensor/host-value.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { Heap } from './heap.ts'
import type { Metric } from './metrics.ts'
import { dot, pairwise, type Rows } from './pairs.ts'

/** Fitted rows that were found: row i has those at `starts[i] .. starts[i + 1] - 1`. */
export interface Neighbors {
  readonly starts: Int32Array
  readonly indices: Int32Array
  readonly distances: Float64Array
}

/** What is looked for: the `nearest` so many, or all within `radius`. */
export type Wanted = { readonly nearest: number } | { readonly radius: number }

/** Writes a number for each fitted row, in the order of their distances to row `i`, to `out`. */
export type Reduce = (i: number, out: Float64Array) => void

/**
 * Neighbours by looking at every fitted row.
 * @param reduce reduced distances of a row
 * @param bound the radius as a reduced distance
 */
export function scan(rows: number, count: number, wanted: Wanted, metric: Metric, reduce: Reduce): Neighbors {
  const row = new Float64Array(count)
  if ('nearest' in wanted) {
    const found = fixed(rows, wanted.nearest)
    const heap = new Heap(wanted.nearest)
    for (let i = 0; i < rows; i++) {
      reduce(i, row)
      heap.clear()
      let worst = Infinity
      for (let j = 0; j < count; j++) {
        const value = row[j] as number
        if (value >= worst) continue
        // What has no distance comes last.
        heap.push(Number.isNaN(value) ? Number.MAX_VALUE : value, j)
        worst = heap.values[0] as number
      }
      heap.sortInto(found.distances, found.indices, i * wanted.nearest)
    }
    return toDistances(found, metric)
  }
  const bound = metric.toReduced(wanted.radius)
  const lists = new Lists(rows)
  for (let i = 0; i < rows; i++) {
    reduce(i, row)
    for (let j = 0; j < count; j++) if ((row[j] as number) <= bound) lists.push(j, row[j] as number)
    lists.end(i)
  }
  return toDistances(lists.neighbors(), metric)
}

/** Reduced distances by the metric's own formula. */
export const byMetric =
  (metric: Metric, x: Rows, fitted: Rows): Reduce =>
  (i, out) => {
    out.set(pairwise(metric.reduced, { ...x, data: x.data.subarray(i * x.width, (i + 1) * x.width), count: 1 }, fitted))
  }

/**
 * Squared distances as `(|x|² - 2xy) + |y|²`, as scikit-learn's brute force has them.
 * @param products `-2xy`: [rows, fitted]
 */
export const byProducts =
  (x: Rows, norms: Float64Array, products: Float64Array): Reduce =>
  (i, out) => {
    const own = dot(x.data, i * x.width, x.data, i * x.width, x.width)
    const from = i * norms.length
    for (let j = 0; j < norms.length; j++) {
      const value = own + (products[from + j] as number) + (norms[j] as number)
      out[j] = value > 0 ? value : 0
    }
  }

/** Distances that are given: [rows, fitted]. */
export const given =
  ({ data }: Tensor, count: number): Reduce =>
  (i, out) => {
    out.set((data as Float64Array).subarray(i * count, (i + 1) * count))
  }

/** Distances by the metric's own formula in place of those that neighbours were found with. */
export function refined(found: Neighbors, metric: Metric, x: Rows, fitted: Rows): Neighbors {
  const { starts, indices, distances } = found
  for (let i = 0; i < x.count; i++) {
    for (let at = starts[i] as number; at < (starts[i + 1] as number); at++) {
      const from = (indices[at] as number) * fitted.width
      distances[at] = metric.toDistance(metric.reduced(x.data, i * x.width, fitted.data, from, x.width))
    }
  }
  return found
}

/** Neighbours in a graph of distances, where what is not stored is no neighbour. `undefined`: too few in a row. */
export function fromGraph({ dims: [rows], indptr, indices, data }: Sparse, wanted: Wanted): Neighbors | undefined {
  const lists = new Lists(rows)
  for (let i = 0; i < rows; i++) {
    const stored = Array.from({ length: (indptr[i + 1] as number) - (indptr[i] as number) }, (_, k) => k)
      .map((k) => k + (indptr[i] as number))
      .sort((a, b) => (data[a] as number) - (data[b] as number))
    if ('nearest' in wanted && stored.length < wanted.nearest) return undefined
    const chosen =
      'nearest' in wanted
        ? stored.slice(0, wanted.nearest)
        : stored.filter((at) => (data[at] as number) <= wanted.radius)
    for (const at of chosen) lists.push(indices[at] as number, data[at] as number)
    lists.end(i)
  }
  return lists.neighbors()
}

/** Room for `count` neighbours of every row. */
export const fixed = (rows: number, count: number): Neighbors => ({
  starts: Int32Array.from({ length: rows + 1 }, (_, i) => i * count),
  indices: new Int32Array(rows * count),
  distances: new Float64Array(rows * count),
})

/** Neighbours row by row, however many. */
export class Lists {
  readonly #starts: Int32Array
  readonly #indices: number[] = []
  readonly #distances: number[] = []

  constructor(rows: number) {
    this.#starts = new Int32Array(rows + 1)
  }

  push(index: number, distance: number): void {
    this.#indices.push(index)
    this.#distances.push(distance)
  }

  /** Row `i` has no more. */
  end(i: number): void {
    this.#starts[i + 1] = this.#indices.length
  }

  neighbors(): Neighbors {
    return {
      starts: this.#starts,
      indices: Int32Array.from(this.#indices),
      distances: Float64Array.from(this.#distances),
    }
  }
}

export function toDistances(found: Neighbors, { toDistance }: Metric): Neighbors {
  const { distances } = found
  for (let i = 0; i < distances.length; i++) distances[i] = toDistance(distances[i] as number)
  return found
}
