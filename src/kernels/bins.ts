import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** How the values of each column are cut. */
export interface Bins {
  /** By column: where a new bin begins, ascending. */
  readonly edges: readonly Float64Array[]
  /** Values this close below an edge count as on it, as releases up to 1.0 have it. */
  readonly isTolerant: boolean
}

/** The bin of each value: float64 [rows, columns]. */
export function binsOf({ edges, isTolerant }: Bins, x: Tensor): Tensor {
  const from = x.data as Float64Array
  const bins = new Float64Array(from.length)
  for (let i = 0; i < from.length; i++) {
    const value = from[i] as number
    bins[i] = countUpTo(
      edges[i % edges.length] as Float64Array,
      isTolerant ? value + 1e-8 + 1e-5 * Math.abs(value) : value,
    )
  }
  return createTensor('float64', x.dims, bins)
}

/** A 1 for each column in the place of its bin, the columns' places side by side. */
export function hotBinsOf(bins: Bins, x: Tensor): Tensor {
  const [rows = 0, width = 1] = x.dims
  const places = binsOf(bins, x).data as Float64Array
  const offsets = new Float64Array(width + 1)
  for (const [i, edges] of bins.edges.entries()) offsets[i + 1] = (offsets[i] as number) + edges.length + 1
  const total = offsets[width] as number
  const hot = new Float64Array(rows * total)
  for (let i = 0; i < places.length; i++)
    hot[Math.floor(i / width) * total + (offsets[i % width] as number) + (places[i] as number)] = 1
  return createTensor('float64', [rows, total], hot)
}

/** How many of the ascending numbers are at most `x`. */
function countUpTo(numbers: Float64Array, x: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (x < (numbers[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}
