import { type Forest, MISSING, MISSING_LEFT } from '../../kernels/forest-layout.ts'
import type { CatboostBooster } from './catboost-model.ts'

/** Symmetric trees have as many nodes as leaves; more of them than this are not written out. */
const MAX_NODES = 2 ** 22

export interface ShapTrees {
  readonly forest: Forest
  readonly cover: Float64Array
  /** By column of the forest, where its columns are not the booster's own. */
  readonly origins?: readonly (readonly number[])[]
}

/**
 * The trees of a booster for its contributions, node by node, with the data that reached each node. Columns that are
 * made of the same features count as one, as in CatBoost (catboost/libs/fstr/shap_values.cpp,
 * `MapBinFeaturesToClasses`). `undefined` where the file has no such data, or too many nodes.
 */
export function shapTrees(booster: CatboostBooster): ShapTrees | undefined {
  const { cover, forest } = booster
  if (!cover || booster.scale !== 1) return undefined
  return forest ? { forest, cover } : written(booster, cover)
}

function written({ symmetric, dimension }: CatboostBooster, weights: Float64Array): ShapTrees | undefined {
  if (!symmetric) return undefined
  const { depths, columns, borders, values } = symmetric
  const nodes = depths.reduce((total, depth) => total + 2 ** (depth + 1) - 1, 0)
  if (nodes > MAX_NODES) return undefined
  const forest = {
    roots: new Int32Array(depths.length),
    feature: new Int32Array(nodes).fill(-1),
    threshold: new Float64Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missing: new Uint8Array(nodes).fill(MISSING.nan | MISSING_LEFT),
    values: new Float64Array(nodes * dimension),
    width: dimension,
    target: new Int32Array(depths.length),
    outputs: dimension,
    compare: 'at most' as const,
    precision: 'float64' as const,
    sum: 'float64' as const,
  }
  const cover = new Float64Array(nodes)
  let root = 0
  let level = 0
  let leaves = 0
  depths.forEach((depth, tree) => {
    forest.roots[tree] = root
    // From the last split to the first, as in CatBoost: node i of a level goes on to 2 i and 2 i + 1 of the next.
    for (let d = 0; d < depth; d++) {
      const split = level + depth - 1 - d
      for (let i = 0; i < 2 ** d; i++) {
        const node = root + 2 ** d - 1 + i
        forest.feature[node] = columns[split] as number
        forest.threshold[node] = borders[split] as number
        forest.left[node] = root + 2 ** (d + 1) - 1 + 2 * i
        forest.right[node] = root + 2 ** (d + 1) + 2 * i
      }
    }
    const first = root + 2 ** depth - 1
    cover.set(weights.subarray(leaves, leaves + 2 ** depth), first)
    forest.values.set(values.subarray(leaves * dimension, (leaves + 2 ** depth) * dimension), first * dimension)
    for (let node = first - 1; node >= root; node--)
      cover[node] = (cover[forest.left[node] as number] as number) + (cover[forest.right[node] as number] as number)
    leaves += 2 ** depth
    level += depth
    root += 2 ** (depth + 1) - 1
  })
  return { forest, cover }
}
