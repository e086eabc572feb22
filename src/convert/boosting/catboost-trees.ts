import { InferError } from '../../errors.ts'
import type { CatboostTrees } from '../../formats/catboost.ts'
import { type Forest, MISSING, MISSING_LEFT } from '../../kernels/forest-layout.ts'
import type { SymmetricTrees } from '../../kernels/symmetric-trees.ts'
import type { Bin } from './catboost-features.ts'

/** CatBoost's own limit of levels (`depth`). */
const MAX_DEPTH = 16

const broken = (what: string): InferError => new InferError('bad_model', `CatBoost: ${what}`)

function binAt(bins: readonly Bin[], split: number, tree: number): Bin {
  const bin = bins[split]
  if (!bin) throw broken(`tree ${tree} has the split ${split} of ${bins.length}`)
  return bin
}

/** @throws InferError bad_model that names the tree */
export function symmetricOf(
  { splits, sizes, values }: CatboostTrees,
  width: number,
  bins: readonly Bin[],
): SymmetricTrees {
  const columns = new Int32Array(splits.length)
  const borders = new Float64Array(splits.length)
  let at = 0
  let leaves = 0
  sizes.forEach((depth, tree) => {
    if (!(depth >= 0 && depth <= MAX_DEPTH))
      throw broken(`tree ${tree} has ${depth} levels; at most ${MAX_DEPTH} may be`)
    for (const end = at + depth; at < end; at++) {
      const { column, border } = binAt(bins, splits[at] ?? -1, tree)
      columns[at] = column
      borders[at] = border
    }
    leaves += 2 ** depth
  })
  if (at !== splits.length || leaves * width !== values.length)
    throw broken(`${values.length} values and ${splits.length} splits are not those of its ${sizes.length} trees`)
  return { depths: sizes, columns, borders, values, width }
}

export interface Branching {
  readonly forest: Forest
  readonly leafNumbers: Int32Array
  readonly cover: Float64Array | undefined
}

/**
 * Trees whose nodes have children of their own. A node may end on one side only: such a side gets a leaf of its own
 * behind the file's nodes.
 * @throws InferError bad_model that names the tree
 */
export function forestOf(trees: CatboostTrees, width: number, bins: readonly Bin[]): Branching {
  const { splits, sizes, steps, leaves, values } = trees
  const nodes = splits.length
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (steps.length !== 2 * nodes || leaves.length !== nodes || total !== nodes || sizes.some((size) => size < 1))
    throw broken(`${nodes} splits, ${steps.length / 2} steps and ${leaves.length} leaves are not those of its trees`)
  const leafCount = steps.reduce((sum, _, i) => sum + Number(i % 2 === 0 && (steps[i] === 0 || steps[i + 1] === 0)), 0)
  // Memory is taken by node: no more than the values of the file allow for.
  if (leafCount * width > values.length) throw broken(`it has ${values.length} values for ${leafCount} leaves`)
  const halves = steps.reduce((sum, _, i) => sum + Number(i % 2 === 0 && (steps[i] === 0) !== (steps[i + 1] === 0)), 0)
  const all = nodes + halves
  const forest = {
    roots: new Int32Array(sizes.length),
    feature: new Int32Array(all).fill(-1),
    threshold: new Float64Array(all),
    left: new Int32Array(all),
    right: new Int32Array(all),
    missing: new Uint8Array(all).fill(MISSING.nan | MISSING_LEFT),
    values: new Float64Array(all * width),
    width,
    target: new Int32Array(sizes.length),
    outputs: width,
    compare: 'at most' as const,
    precision: 'float64' as const,
    sum: 'float64' as const,
  }
  const places = new Int32Array(all)
  const leafNumbers = new Int32Array(all)
  let extra = nodes
  let root = 0
  sizes.forEach((size, tree) => {
    forest.roots[tree] = root
    const ends: number[] = []
    const end = (node: number, of: number): number => {
      const place = leaves[of] as number
      if (place % width !== 0 || place + width > values.length) throw broken(`tree ${tree} has the leaf ${place}`)
      forest.values.set(values.subarray(place, place + width), node * width)
      places[node] = place / width
      ends.push(node)
      return node
    }
    for (let node = root; node < root + size; node++) {
      const [left, right] = [steps[2 * node] as number, steps[2 * node + 1] as number]
      if (left === 0 && right === 0) {
        end(node, node)
        continue
      }
      if (node + Math.max(left, right) >= root + size) throw broken(`tree ${tree} leads out of its ${size} nodes`)
      const { column, border } = binAt(bins, splits[node] as number, tree)
      forest.feature[node] = column
      forest.threshold[node] = border
      forest.left[node] = left === 0 ? end(extra++, node) : node + left
      forest.right[node] = right === 0 ? end(extra++, node) : node + right
    }
    const first = ends.reduce((least, node) => Math.min(least, places[node] as number), Number.POSITIVE_INFINITY)
    for (const node of ends) leafNumbers[node] = (places[node] as number) - first
    root += size
  })
  const cover = coverOf(forest, places, trees.weights)
  return { forest, leafNumbers, cover }
}

/** Training data by node, of that by leaf: children come after their nodes. */
function coverOf(forest: Forest, places: Int32Array, weights: Float64Array): Float64Array | undefined {
  if (weights.length === 0) return undefined
  const cover = new Float64Array(places.length)
  for (let node = places.length - 1; node >= 0; node--) {
    cover[node] =
      (forest.feature[node] as number) < 0
        ? (weights[places[node] as number] ?? 0)
        : (cover[forest.left[node] as number] as number) + (cover[forest.right[node] as number] as number)
  }
  return cover
}
