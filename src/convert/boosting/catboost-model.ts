import { InferError } from '../../errors.ts'
import {
  type CatboostCtr,
  type CatboostModel,
  type CatboostTable,
  type CatboostTrees,
  tableKey,
} from '../../formats/catboost.ts'
import type { Column, HashPart, Statistic } from '../../kernels/catboost-columns.ts'
import { type Forest, MISSING, MISSING_LEFT } from '../../kernels/forest-layout.ts'
import type { SymmetricTrees } from '../../kernels/symmetric-trees.ts'
import { checkForest } from '../forest.ts'

/** CatBoost's own limit of levels (`depth`), and of columns that a request may have. */
const MAX_DEPTH = 16
const MAX_COLUMNS = 1_000_000

/** A CatBoost model in terms of the kernels. */
export interface CatboostBooster {
  /** Columns of a request, and their names. */
  readonly width: number
  readonly names: readonly string[] | undefined
  /** The request's columns that are numbers, and those that are categories, as `columns` counts them. */
  readonly floats: readonly number[]
  readonly categories: readonly number[]
  readonly columns: readonly Column[]
  /** By column of `columns`: the request's columns that it is made of. */
  readonly origins: readonly (readonly number[])[]
  /** Columns of the score. */
  readonly dimension: number
  readonly symmetric: SymmetricTrees | undefined
  readonly forest: Forest | undefined
  /** Of the forest, by tree and node: the number that CatBoost gives the leaf. */
  readonly leafNumbers: Int32Array
  /** Training data by leaf of the symmetric trees, or by node of the forest; `undefined` where the file has none. */
  readonly cover: Float64Array | undefined
  readonly scale: number
  readonly bias: Float64Array
  readonly info: ReadonlyMap<string, string>
}

interface Bin {
  readonly column: number
  readonly border: number
}

const broken = (what: string): InferError => new InferError('bad_model', `CatBoost: ${what}`)

/** @throws InferError bad_model that names what of the model is broken, or is not converted */
export function readBooster(model: CatboostModel): CatboostBooster {
  const [other] = model.others
  if (other) throw broken(`it has features of ${other}s, which are not supported`)
  const { dimension, trees } = model
  if (!(dimension >= 1) || !Number.isInteger(dimension)) throw broken(`its scores have ${dimension} columns`)
  if (model.bias.length !== dimension) throw broken(`it has ${model.bias.length} biases for ${dimension} columns`)
  const { bins, ...columns } = columnsOf(model)
  const isSymmetric = trees.steps.length === 0
  const shared = { ...columns, dimension, scale: model.scale, bias: model.bias, info: model.info }
  if (isSymmetric) {
    const symmetric = symmetricOf(trees, dimension, bins)
    const leaves = symmetric.values.length / dimension
    const cover = trees.weights.length === leaves && leaves > 0 ? trees.weights : undefined
    return { ...shared, symmetric, forest: undefined, leafNumbers: new Int32Array(0), cover }
  }
  const { forest, leafNumbers, cover } = forestOf(trees, dimension, bins)
  checkForest(forest, columns.columns.length, 'CatBoost')
  return { ...shared, symmetric: undefined, forest, leafNumbers, cover }
}

type Columns = Pick<CatboostBooster, 'width' | 'names' | 'floats' | 'categories' | 'columns' | 'origins'>

/** Columns in the order of CatBoost's binary features: each border of each number, each one-hot, each statistic's. */
function columnsOf(model: CatboostModel): Columns & { readonly bins: readonly Bin[] } {
  const places = [...model.floats, ...model.categories]
  const width = places.reduce((most, { flat }) => Math.max(most, flat + 1), 0)
  if (width > MAX_COLUMNS || places.some(({ flat }) => flat < 0))
    throw broken(`it has a feature in column ${width - 1}`)
  const categoryAt = placesBy(model.categories, 'category')
  const floatAt = placesBy(model.floats, 'number')
  const columns: Column[] = []
  const origins: number[][] = []
  const bins: Bin[] = []
  const add = (column: Column, origin: readonly number[], borders: Iterable<number>): void => {
    for (const border of borders) bins.push({ column: columns.length, border })
    columns.push(column)
    origins.push([...new Set(origin)].sort((a, b) => a - b))
  }
  model.floats.forEach(({ flat, borders, hasNans, nan }, i) => {
    if (borders.length === 0) return
    const standIn = { AsIs: Number.NaN, AsFalse: Number.NEGATIVE_INFINITY, AsTrue: Number.POSITIVE_INFINITY }[nan]
    add({ column: i, nan: hasNans ? standIn : Number.NaN }, [flat], borders)
  })
  for (const { index, values } of model.oneHots) {
    const category = categoryAt(index)
    for (const is of values) add({ category, is }, [(model.categories[category] as { flat: number }).flat], [0.5])
  }
  for (const ctr of model.ctrs) {
    const flats = ctr.projection.categories.map(
      (index) => (model.categories[categoryAt(index)] as { flat: number }).flat,
    )
    add(statisticOf(ctr, model.tables, categoryAt, floatAt), flats, ctr.borders)
  }
  return {
    width,
    names: namesOf(model, width),
    floats: model.floats.map(({ flat }) => flat),
    categories: model.categories.map(({ flat }) => flat),
    columns,
    origins,
    bins,
  }
}

/** From CatBoost's own number of a feature to its place in the list. */
function placesBy(features: readonly { readonly index: number }[], what: string): (index: number) => number {
  const places = new Map(features.map(({ index }, place) => [index, place]))
  return (index) => {
    const place = places.get(index)
    if (place === undefined) throw broken(`there is no ${what} ${index}`)
    return place
  }
}

/** Features without a name are called by their columns. */
function namesOf({ floats, categories }: CatboostModel, width: number): readonly string[] | undefined {
  const names = Array.from({ length: width }, (_, column) => `${column}`)
  for (const { flat, name } of [...floats, ...categories]) if (name !== '') names[flat] = name
  return names.every((name, column) => name === `${column}`) ? undefined : names
}

function statisticOf(
  ctr: CatboostCtr,
  tables: ReadonlyMap<string, CatboostTable>,
  categoryAt: (index: number) => number,
  floatAt: (index: number) => number,
): Statistic {
  const { type, projection, classifier, prior, denominator, shift, scale } = ctr
  const table = tables.get(tableKey(type, projection, classifier))
  if (!table) throw broken(`the file lacks the statistics ${type} that its trees look at`)
  const { index, stride } = table
  const places = table.values.length / stride
  if (!(stride >= 1) || !Number.isInteger(places)) throw broken(`statistics of ${stride} numbers each`)
  for (const place of index.values()) if (!(place < places)) throw broken(`statistics ${place} of ${places}`)
  const parts: HashPart[] = [
    ...projection.categories.map((category) => ({ category: categoryAt(category) })),
    ...projection.floats.map(([float, above]) => ({ column: floatAt(float), above })),
    ...projection.oneHots.map(([category, is]) => ({ category: categoryAt(category), is })),
  ]
  const isCounter = type === 'Counter' || type === 'FeatureFreq'
  const missing = isCounter ? table.denominator : 0
  return { parts, index, ...countsOf(ctr, table, places), missing, prior, denominator, shift, scale }
}

/** Numerators and denominators (`TStaticCtrProvider::CalcCtrs`). */
function countsOf(
  { type, targetBorder }: CatboostCtr,
  { values, stride, denominator }: CatboostTable,
  places: number,
): { counts: Float64Array; totals: Float64Array } {
  const counts = new Float64Array(places)
  const totals = new Float64Array(places)
  for (let i = 0; i < places; i++) {
    const own = values.subarray(i * stride, (i + 1) * stride)
    if (type.endsWith('MeanValue')) {
      counts[i] = own[0] as number
      totals[i] = own[1] as number
    } else if (type === 'Counter' || type === 'FeatureFreq') {
      counts[i] = own[0] as number
      totals[i] = denominator
    } else {
      totals[i] = own.reduce((total, count) => total + count, 0)
      counts[i] =
        type === 'Buckets'
          ? (own[targetBorder] ?? 0)
          : own.subarray(targetBorder + 1).reduce((total, count) => total + count, 0)
    }
  }
  return { counts, totals }
}

function binAt(bins: readonly Bin[], split: number, tree: number): Bin {
  const bin = bins[split]
  if (!bin) throw broken(`tree ${tree} has the split ${split} of ${bins.length}`)
  return bin
}

function symmetricOf({ splits, sizes, values }: CatboostTrees, width: number, bins: readonly Bin[]): SymmetricTrees {
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

interface Branching {
  readonly forest: Forest
  readonly leafNumbers: Int32Array
  readonly cover: Float64Array | undefined
}

/** A node may end on one side only: such a side gets a leaf of its own behind the file's nodes. */
function forestOf(trees: CatboostTrees, width: number, bins: readonly Bin[]): Branching {
  const { splits, sizes, steps, leaves, values } = trees
  const nodes = splits.length
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (steps.length !== 2 * nodes || leaves.length !== nodes || total !== nodes || sizes.some((size) => size < 1))
    throw broken(`${nodes} splits, ${steps.length / 2} steps and ${leaves.length} leaves are not those of its trees`)
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
