import { InferError } from '../../errors.ts'
import { type Forest, MISSING_LEFT } from '../../kernels/forest-layout.ts'
import type { Fields } from './fields.ts'

/** A node's category is at most this: XGBoost holds categories in float32 (src/common/categorical.h). */
const MAX_CATEGORY = 2 ** 24
/** Bits of all sets of categories together, 128 MiB: a set is as long as its largest category, however few it has. */
const MAX_CATEGORY_WORDS = 2 ** 25

/** Trees, and the cover (sum of hessians) of each node, which contributions are weighted by. */
export interface XgboostTrees {
  readonly forest: Forest
  readonly cover: Float64Array
  /** By node, what a leaf of one output adds before its tree is weighed: float32. */
  readonly leaves: Float64Array
}

/**
 * The trees of a gbtree or dart model in one form. A tree's parallel arrays are taken as they are: a leaf has no left
 * child and its value among the split conditions; a row goes left when its float32 value is below the condition.
 * A node with categories sends those to its right (https://github.com/dmlc/xgboost/blob/v2.1.0/src/common/categorical.h),
 * so its children change places.
 * @param weights of dart, by tree
 * @param groups outputs, of which tree i adds to `tree_info[i]`
 */
export function readTrees(
  trees: readonly Fields[],
  info: Float64Array,
  groups: number,
  weights?: Float64Array,
): XgboostTrees {
  const width = Math.max(1, ...trees.map((tree) => tree.object('tree_param').count('size_leaf_vector', 1)))
  const sizes = trees.map((tree) => tree.numbers('left_children').length)
  const nodes = sizes.reduce((total, size) => total + size, 0)
  if (width > 1) for (const [i, tree] of trees.entries()) alike(tree, 'base_weights', (sizes[i] as number) * width)
  const build: Build = {
    feature: new Int32Array(nodes),
    threshold: new Float64Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missing: new Uint8Array(nodes),
    set: new Int32Array(nodes).fill(-1),
    sets: [],
    values: new Float64Array(nodes * width),
    width,
    cover: new Float64Array(nodes),
    leaves: new Float64Array(weights ? nodes : 0),
    words: 0,
  }
  const roots = new Int32Array(trees.length)
  let root = 0
  trees.forEach((tree, i) => {
    roots[i] = root
    readTree(tree, root, build, weights?.[i])
    root += sizes[i] as number
  })
  const target = Int32Array.from(info)
  if (target.length !== trees.length || target.some((group) => group < 0 || group + width > Math.max(groups, width)))
    throw new InferError('bad_model', `XGBoost: tree_info does not give each tree one of ${groups} outputs`)
  const { cover, leaves, set, sets, words: _, ...arrays } = build
  const forest: Forest = {
    ...arrays,
    ...(sets.length > 0 && { set, sets }),
    roots,
    target,
    outputs: Math.max(groups, width),
    compare: 'below',
    precision: 'float32',
    sum: 'float32',
  }
  return { forest, cover, leaves }
}

interface Build {
  readonly feature: Int32Array
  readonly threshold: Float64Array
  readonly left: Int32Array
  readonly right: Int32Array
  readonly missing: Uint8Array
  readonly set: Int32Array
  readonly sets: Uint32Array[]
  readonly values: Float64Array
  readonly width: number
  readonly cover: Float64Array
  readonly leaves: Float64Array
  /** Of all sets so far. */
  words: number
}

function readTree(tree: Fields, root: number, build: Build, weight: number | undefined): void {
  const left = tree.numbers('left_children')
  const right = alike(tree, 'right_children', left.length)
  const indices = alike(tree, 'split_indices', left.length)
  const conditions = alike(tree, 'split_conditions', left.length)
  const defaults = alike(tree, 'default_left', left.length)
  const cover = tree.has('sum_hessian') ? alike(tree, 'sum_hessian', left.length) : new Float64Array(left.length)
  const vectors = build.width > 1 ? tree.numbers('base_weights') : undefined
  const categories = categoriesOf(tree, build)
  for (let i = 0; i < left.length; i++) {
    const node = root + i
    build.cover[node] = cover[i] as number
    if (left[i] === -1) {
      build.feature[node] = -1
      for (let k = 0; k < build.width; k++) {
        const value = vectors ? (vectors[i * build.width + k] ?? 0) : (conditions[i] as number)
        build.values[node * build.width + k] = Math.fround(Math.fround(value) * Math.fround(weight ?? 1))
        if (weight !== undefined) build.leaves[node] = Math.fround(value)
      }
      continue
    }
    build.feature[node] = indices[i] as number
    build.threshold[node] = Math.fround(conditions[i] as number)
    const set = categories.get(i)
    const [yes, no] = set ? [right, left] : [left, right]
    build.left[node] = root + (yes[i] as number)
    build.right[node] = root + (no[i] as number)
    build.missing[node] = (defaults[i] === 1) === (set === undefined) ? MISSING_LEFT : 0
    if (set) {
      build.set[node] = build.sets.length
      build.sets.push(set)
    }
  }
}

function alike(tree: Fields, name: string, length: number): Float64Array {
  const numbers = tree.numbers(name)
  if (numbers.length !== length) throw tree.broken(name, `a list of ${length}, one for each node`)
  return numbers
}

/** By node, the categories of its split as bits. */
function categoriesOf(tree: Fields, build: Build): Map<number, Uint32Array> {
  const found = new Map<number, Uint32Array>()
  if (!tree.has('categories_nodes')) return found
  const nodes = tree.numbers('categories_nodes')
  const segments = alike(tree, 'categories_segments', nodes.length)
  const sizes = alike(tree, 'categories_sizes', nodes.length)
  const categories = tree.numbers('categories')
  nodes.forEach((node, i) => {
    const start = segments[i] as number
    const chosen = categories.subarray(start, start + (sizes[i] as number))
    const largest = chosen.reduce((most, category) => Math.max(most, category), 0)
    if (!(largest < MAX_CATEGORY) || chosen.some((category) => !(category >= 0)))
      throw tree.broken('categories', `a list of categories from 0 to ${MAX_CATEGORY}`)
    build.words += (largest >> 5) + 1
    if (build.words > MAX_CATEGORY_WORDS)
      throw tree.broken('categories', `lists of which all bits together are at most ${32 * MAX_CATEGORY_WORDS}`)
    const bits = new Uint32Array((largest >> 5) + 1)
    for (const category of chosen) bits[category >> 5] = (bits[category >> 5] as number) | (1 << (category & 31))
    found.set(node, bits)
  })
  return found
}
