import { InferError } from '../../errors.ts'
import type { Json } from '../../formats/json.ts'
import type { Block, LightgbmText } from '../../formats/lightgbm.ts'
import { type Forest, MISSING, MISSING_LEFT } from '../../kernels/forest-layout.ts'
import type { LinearLeaf } from '../../kernels/linear-leaves.ts'
import { checkForest } from '../forest.ts'
import { checkSizes } from './fields.ts'

/** A LightGBM booster, whatever it was saved as. */
export interface LightgbmModel {
  /** `binary`, `multiclass`, ...; '' where training had its own objective. */
  readonly objective: string
  /** What follows it: `sigmoid:1`, `num_class:3`, `sqrt`. */
  readonly settings: ReadonlyMap<string, string>
  readonly columns: number
  readonly names: readonly string[] | undefined
  /** Trees a round, and columns of the score. */
  readonly groups: number
  /** Whether the score is the mean over the rounds (random forests). */
  readonly isAverage: boolean
  readonly forest: Forest
  /** Data that reached each node of `forest`, which contributions are weighted by. */
  readonly cover: Float64Array
  readonly linear: ReadonlyMap<number, LinearLeaf>
  /** By column, the categories that stand for 0, 1, ... */
  readonly categories: ReadonlyMap<number, readonly Json[]>
}

const CATEGORICAL = 1
const DEFAULT_LEFT = 2
/** Bits 2 and 3 of a decision type (include/LightGBM/tree.h). */
const MISSING_TYPES = [MISSING.none, MISSING.zero, MISSING.nan] as const

/** @throws InferError bad_model that names the tree and the field */
export function readLightgbmModel({ header, trees, parameters, pandasCategorical }: LightgbmText): LightgbmModel {
  const [objective = '', ...rest] = (header.get('objective') ?? '').split(' ')
  const columns = count(header, 'max_feature_idx', 'LightGBM') + 1
  const groups = count(header, 'num_tree_per_iteration', 'LightGBM')
  if (groups < 1) throw new InferError('bad_model', 'LightGBM: num_tree_per_iteration is 0')
  checkSizes('LightGBM', columns, groups)
  const build = readTrees(trees, groups)
  const names = (header.get('feature_names') ?? '').split(' ')
  return {
    objective,
    settings: new Map(rest.map((setting) => [setting.split(':')[0] as string, setting.split(':')[1] ?? ''])),
    columns,
    names: names.length === columns && !names.every((name, i) => name === `Column_${i}`) ? names : undefined,
    groups,
    isAverage: header.has('average_output'),
    ...build,
    forest: checkForest(build.forest, columns, 'LightGBM'),
    categories: categoriesByColumn(header, parameters, pandasCategorical),
  }
}

interface Build {
  readonly forest: Forest
  readonly cover: Float64Array
  readonly linear: Map<number, LinearLeaf>
}

/** Inner nodes first, then the leaves, tree by tree: a child is a node, or the complement of a leaf. */
function readTrees(trees: readonly Block[], groups: number): Build {
  const sizes = trees.map((tree, i) => {
    const leaves = count(tree, 'num_leaves', `LightGBM: tree ${i}`)
    if (leaves < 1) throw new InferError('bad_model', `LightGBM: tree ${i} has no leaves`)
    // Memory is taken for as many leaves as there are values, which are at least a digit and a space.
    if (2 * leaves - 1 > (tree.get('leaf_value')?.length ?? 0))
      throw new InferError('bad_model', `LightGBM: tree ${i} has not values for ${leaves} leaves`)
    return 2 * leaves - 1
  })
  const nodes = sizes.reduce((total, size) => total + size, 0)
  if (!(nodes <= 0x7fffffff)) throw new InferError('bad_model', `LightGBM: the trees have ${nodes} nodes`)
  const feature = new Int32Array(nodes).fill(-1)
  const forest = {
    roots: new Int32Array(trees.length),
    feature,
    threshold: new Float64Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missing: new Uint8Array(nodes),
    set: new Int32Array(nodes).fill(-1),
    sets: [] as Uint32Array[],
    values: new Float64Array(nodes),
    width: 1,
    target: Int32Array.from(trees, (_, i) => i % groups),
    outputs: groups,
    compare: 'at most' as const,
    precision: 'float64' as const,
    sum: 'float64' as const,
  }
  const cover = new Float64Array(nodes)
  const linear = new Map<number, LinearLeaf>()
  let root = 0
  trees.forEach((tree, i) => {
    forest.roots[i] = root
    readTree(tree, i, root, { forest, cover, linear })
    root += sizes[i] as number
  })
  const { set, sets, ...plain } = forest
  return { forest: sets.length > 0 ? forest : plain, cover, linear }
}

interface Filling {
  readonly forest: Omit<Forest, 'set' | 'sets'> & { readonly set: Int32Array; readonly sets: Uint32Array[] }
  readonly cover: Float64Array
  readonly linear: Map<number, LinearLeaf>
}

function readTree(tree: Block, index: number, root: number, { forest, cover, linear }: Filling): void {
  const what = `LightGBM: tree ${index}`
  const leaves = count(tree, 'num_leaves', what)
  const inner = leaves - 1
  const firstLeaf = root + inner
  forest.values.set(list(tree, 'leaf_value', leaves, what), firstLeaf)
  if (tree.has('leaf_count') && inner > 0) cover.set(list(tree, 'leaf_count', leaves, what), firstLeaf)
  if (tree.get('is_linear') === '1') readLinear(tree, leaves, firstLeaf, linear, what)
  if (inner === 0) return
  if (tree.has('internal_count')) cover.set(list(tree, 'internal_count', inner, what), root)
  forest.feature.set(list(tree, 'split_feature', inner, what), root)
  const thresholds = list(tree, 'threshold', inner, what)
  const decisions = list(tree, 'decision_type', inner, what)
  const place = (child: number): number => (child < 0 ? firstLeaf + (-child - 1) : root + child)
  forest.left.set(list(tree, 'left_child', inner, what).map(place), root)
  forest.right.set(list(tree, 'right_child', inner, what).map(place), root)
  const sets = count(tree, 'num_cat', what, 0) > 0 ? readSets(tree, what) : []
  for (let i = 0; i < inner; i++) {
    const decision = decisions[i] as number
    const missing = MISSING_TYPES[(decision >> 2) & 3]
    if (missing === undefined) throw new InferError('bad_model', `${what} has the decision type ${decision}`)
    if (decision & CATEGORICAL) {
      const bits = sets[thresholds[i] as number]
      if (!bits) throw new InferError('bad_model', `${what} has no categories ${thresholds[i]}`)
      forest.set[root + i] = forest.sets.length
      forest.sets.push(bits)
      forest.missing[root + i] = MISSING.nan
      continue
    }
    forest.threshold[root + i] = thresholds[i] as number
    forest.missing[root + i] = missing | (decision & DEFAULT_LEFT ? MISSING_LEFT : 0)
  }
}

function readSets(tree: Block, what: string): Uint32Array[] {
  const bounds = numbers(tree, 'cat_boundaries', what)
  const words = numbers(tree, 'cat_threshold', what)
  const sets: Uint32Array[] = []
  for (let i = 1; i < bounds.length; i++) {
    const [start, end] = [bounds[i - 1] as number, bounds[i] as number]
    if (!(start >= 0 && start <= end && end <= words.length))
      throw new InferError('bad_model', `${what} has cat_boundaries that are no ascending places of cat_threshold`)
    sets.push(Uint32Array.from(words.slice(start, end)))
  }
  return sets
}

function readLinear(tree: Block, leaves: number, first: number, linear: Map<number, LinearLeaf>, what: string): void {
  const constants = list(tree, 'leaf_const', leaves, what)
  const counts = list(tree, 'num_features', leaves, what)
  const columns = numbers(tree, 'leaf_features', what)
  const coefficients = list(tree, 'leaf_coeff', columns.length, what)
  let at = 0
  for (let leaf = 0; leaf < leaves; leaf++) {
    const end = at + (counts[leaf] as number)
    if (!(end >= at && end <= columns.length)) throw new InferError('bad_model', `${what} has too few leaf_features`)
    linear.set(first + leaf, {
      constant: constants[leaf] as number,
      columns: Int32Array.from(columns.slice(at, end)),
      coefficients: coefficients.slice(at, end),
    })
    at = end
  }
}

/** Which columns are categorical is a parameter of the training; else what the file says of their values. */
function categoriesByColumn(
  header: Block,
  parameters: Block,
  categories: LightgbmText['pandasCategorical'],
): Map<number, readonly Json[]> {
  const found = new Map<number, readonly Json[]>()
  if (!categories || categories.length === 0) return found
  const named = (parameters.get('categorical_feature') ?? '').split(',').filter(Boolean).map(Number)
  const seen = (header.get('feature_infos') ?? '')
    .split(' ')
    .flatMap((info, i) => (/^-?\d+(:|$)/.test(info) ? [i] : []))
  const columns = [named, seen].find((each) => each.length === categories.length)
  if (!columns)
    throw new InferError('bad_model', 'LightGBM: pandas_categorical does not tell which columns it is about')
  columns.forEach((column, i) => {
    found.set(column, categories[i] as readonly Json[])
  })
  return found
}

function count(block: Block, name: string, what: string, byDefault?: number): number {
  const text = block.get(name) ?? (byDefault === undefined ? undefined : `${byDefault}`)
  if (text === undefined || !/^\d{1,9}$/.test(text))
    throw new InferError('bad_model', `${what} has ${name}=${text ?? 'nothing'}, not a count`)
  return Number(text)
}

function list(block: Block, name: string, length: number, what: string): Float64Array {
  const found = numbers(block, name, what)
  if (found.length !== length)
    throw new InferError('bad_model', `${what} has ${found.length} of ${name}, not ${length}`)
  return found
}

function numbers(block: Block, name: string, what: string): Float64Array {
  const words = (block.get(name) ?? '').split(' ')
  const found = new Float64Array(words.length)
  let length = 0
  for (const word of words) {
    if (word === '') continue
    const number = Number(word)
    found[length++] = Number.isNaN(number) ? nonFinite(word, name, what) : number
  }
  return found.subarray(0, length)
}

function nonFinite(word: string, name: string, what: string): number {
  const number = NON_FINITE.get(word.toLowerCase())
  if (number !== undefined) return number
  throw new InferError('bad_model', `${what} has "${word.slice(0, 20)}" in ${name}, not a number`)
}

const NON_FINITE: ReadonlyMap<string, number> = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['nan', Number.NaN],
  ['-nan', Number.NaN],
])
