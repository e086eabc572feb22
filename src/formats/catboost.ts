import { broken, Cursor } from './cursor.ts'
import { FlatTable } from './flatbuffer.ts'

/**
 * CatBoost's binary models, `.cbm` (https://github.com/catboost/catboost/tree/v1.2.7/catboost/libs/model: `Save` and
 * `Load` in model.cpp, flatbuffers/*.fbs, ctr_value_table.cpp): `CBM1`, a flatbuffer with its length before it, then
 * the parts that it names; of these the tables of categories' statistics are read.
 *
 * Limits on a file from a stranger: those of the flatbuffers; a table has at most `MAX_BUCKETS` buckets, as the index
 * that is made of them takes about ten times their memory. What the numbers mean is checked by who converts them.
 */
const MAGIC = 'CBM1'
const MAX_BUCKETS = 2 ** 23
const BUCKET_BYTES = 12
const EMPTY = 2n ** 64n - 1n
const TABLES_PART = 'static_provider_v1'

export const NAN_TREATMENTS = ['AsIs', 'AsFalse', 'AsTrue'] as const
export const CTR_TYPES = [
  ...(['Borders', 'Buckets', 'BinarizedTargetMeanValue', 'FloatTargetMeanValue', 'Counter', 'FeatureFreq'] as const),
]
export type CtrType = (typeof CTR_TYPES)[number]

export interface CatboostFloat {
  readonly index: number
  /** Its column. */
  readonly flat: number
  readonly name: string
  readonly borders: Float64Array
  readonly hasNans: boolean
  readonly nan: (typeof NAN_TREATMENTS)[number]
}

export interface CatboostCategory {
  readonly index: number
  readonly flat: number
  readonly name: string
}

/** What a category's statistics are about: categories, and whether values are above borders or equal others. */
export interface Projection {
  readonly categories: readonly number[]
  readonly floats: readonly (readonly [index: number, border: number])[]
  readonly oneHots: readonly (readonly [index: number, value: number])[]
}

export interface CatboostCtr {
  readonly projection: Projection
  readonly type: CtrType
  /** Which binarization of the target has been counted. */
  readonly classifier: number
  readonly targetBorder: number
  readonly prior: number
  readonly denominator: number
  readonly shift: number
  readonly scale: number
  readonly borders: Float64Array
}

/** Statistics by the hash of a projection's values: the `i`th hash has the numbers from `i * stride`. */
export interface CatboostTable {
  readonly index: ReadonlyMap<bigint, number>
  readonly values: Float64Array
  readonly stride: number
  readonly denominator: number
}

/** Trees by their splits, which are numbers of binary features: those of floats, one-hots and ctrs, in this order. */
export interface CatboostTrees {
  readonly splits: Int32Array
  /** By tree: its splits, a level each; or its nodes, where trees are not symmetric. */
  readonly sizes: Int32Array
  readonly values: Float64Array
  /** By leaf; empty where the file has none. */
  readonly weights: Float64Array
  /** Of trees that are not symmetric, by node: how far on its left and its right child are, 0 where it ends. */
  readonly steps: Uint16Array
  /** Likewise: where its values begin. */
  readonly leaves: Uint32Array
}

export interface CatboostModel {
  readonly dimension: number
  readonly floats: readonly CatboostFloat[]
  readonly categories: readonly CatboostCategory[]
  readonly oneHots: readonly { readonly index: number; readonly values: Int32Array }[]
  readonly ctrs: readonly CatboostCtr[]
  /** By `tableKey`. */
  readonly tables: ReadonlyMap<string, CatboostTable>
  readonly trees: CatboostTrees
  readonly scale: number
  readonly bias: Float64Array
  /** `params`, `class_params`, ...: JSON as text. */
  readonly info: ReadonlyMap<string, string>
  /** Features of texts and embeddings that trees do not look at. */
  readonly unused: readonly CatboostCategory[]
  /** Kinds of those that trees look at. */
  readonly others: readonly ('text' | 'embedding')[]
}

export const tableKey = (type: CtrType, { categories, floats, oneHots }: Projection, classifier: number): string =>
  JSON.stringify([type, categories, floats, oneHots, classifier])

export const isCatboost = (bytes: Uint8Array): boolean =>
  [...MAGIC].every((letter, i) => bytes[i] === letter.charCodeAt(0))

/** @throws InferError bad_model naming what is wrong and where */
export function readCatboost(bytes: Uint8Array): CatboostModel {
  const file = new Cursor(bytes, 'catboost')
  if (!isCatboost(bytes)) file.fail('it does not begin with CBM1')
  file.skip(MAGIC.length)
  const core = FlatTable.root(file.bytes(file.u32()), 'catboost')
  const trees = core.table(1)
  if (!trees) throw broken('catboost', 'it has no trees')
  const info = new Map(core.tables(2).map((pair) => [pair.text(0), pair.text(1)]))
  const tables = new Map<string, CatboostTable>()
  for (const part of core.texts(3)) {
    if (part !== TABLES_PART) break
    readTables(file, tables)
  }
  return { ...readModelTrees(trees), tables, info }
}

function readModelTrees(trees: FlatTable): Omit<CatboostModel, 'tables' | 'info'> {
  const bias = trees.f64s(16)
  const dimension = trees.i32(0, 0)
  const used = (field: number, name: 'text' | 'embedding', usedField: number) =>
    trees.tables(field).some((feature) => feature.bool(usedField, true)) ? [name] : []
  return {
    dimension,
    categories: trees.tables(4).map(placeOf),
    unused: [...trees.tables(12), ...trees.tables(18)].map(placeOf),
    floats: trees.tables(5).map((feature) => ({
      index: feature.i32(1, -1),
      flat: feature.i32(2, -1),
      name: feature.text(4),
      borders: Float64Array.from(feature.f32s(3)),
      hasNans: feature.bool(0, false),
      nan: oneOf(NAN_TREATMENTS, feature.i8(5, 0), 'treatment of NaN'),
    })),
    oneHots: trees.tables(6).map((feature) => ({ index: feature.i32(0, -1), values: feature.i32s(1) })),
    ctrs: trees.tables(7).map(readCtr),
    trees: {
      splits: trees.i32s(1),
      sizes: trees.i32s(2),
      values: trees.f64s(8),
      weights: trees.f64s(9),
      steps: new Uint16Array(trees.bytes(10, 4).buffer),
      leaves: new Uint32Array(trees.bytes(11, 4).buffer),
    },
    scale: trees.f64(14, 1),
    bias: bias.length > 0 ? bias : new Float64Array(Math.min(Math.max(dimension, 0), 65_536)).fill(trees.f64(15, 0)),
    others: [...used(12, 'text', 3), ...used(18, 'embedding', 4)],
  }
}

const placeOf = (feature: FlatTable): CatboostCategory => ({
  index: feature.i32(0, -1),
  flat: feature.i32(1, -1),
  name: feature.text(2),
})

function readCtr(feature: FlatTable): CatboostCtr {
  const ctr = feature.table(0)
  const base = ctr?.table(0)
  if (!ctr || !base) throw broken('catboost', 'a statistic of categories says not what it is about')
  return {
    ...readBase(base),
    targetBorder: ctr.i32(1, 0),
    prior: ctr.f32(2, 0),
    denominator: ctr.f32(3, 1),
    shift: ctr.f32(4, 0),
    scale: ctr.f32(5, 1),
    borders: Float64Array.from(feature.f32s(1)),
  }
}

function readBase(base: FlatTable): Pick<CatboostCtr, 'projection' | 'type' | 'classifier'> {
  const combination = base.table(0)
  const pairs = (field: number): DataView => new DataView(combination?.bytes(field, 8).buffer ?? new ArrayBuffer(0))
  const [floats, oneHots] = [pairs(1), pairs(2)]
  const count = (view: DataView): number[] => Array.from({ length: view.byteLength / 8 }, (_, i) => 8 * i)
  return {
    type: oneOf(CTR_TYPES, base.i8(1, 0), 'statistic of categories'),
    classifier: base.i32(2, 0),
    projection: {
      categories: [...(combination?.i32s(0) ?? [])],
      floats: count(floats).map((at) => [floats.getInt32(at, true), floats.getFloat32(at + 4, true)]),
      oneHots: count(oneHots).map((at) => [oneHots.getInt32(at, true), oneHots.getInt32(at + 4, true)]),
    },
  }
}

function readTables(file: Cursor, tables: Map<string, CatboostTable>): void {
  for (let count = file.u32(); count > 0; count--) {
    const table = FlatTable.root(file.bytes(file.u32()), 'catboost')
    const base = table.table(0)
    if (!base) throw broken('catboost', 'a table of statistics says not what it is about', file.at)
    const { type, projection, classifier } = readBase(base)
    const blob = table.bytes(2, 1)
    if (blob.length % 4 !== 0) throw broken('catboost', `a table of statistics has ${blob.length} bytes`, file.at)
    const stride = strideOf(type, table.i32(4, 0))
    tables.set(tableKey(type, projection, classifier), {
      index: readIndex(table.bytes(1, 1)),
      values: type.endsWith('MeanValue') ? meansOf(blob) : Float64Array.from(new Int32Array(blob.buffer)),
      stride,
      denominator: table.i32(3, 0),
    })
  }
}

/** Numbers of a hash: a sum and a count, a count, or a count of each class of the target. */
export function strideOf(type: CtrType, classes: number): number {
  if (type.endsWith('MeanValue')) return 2
  return type === 'Counter' || type === 'FeatureFreq' ? 1 : classes
}

/** Pairs of a float32 and an int32. */
function meansOf(blob: Uint8Array): Float64Array {
  const [sums, counts] = [new Float32Array(blob.buffer), new Int32Array(blob.buffer)]
  return Float64Array.from(sums, (sum, i) => (i % 2 === 0 ? sum : (counts[i] as number)))
}

/** Buckets of an open hash table: a hash, and the place of its numbers. */
function readIndex(bytes: Uint8Array): Map<bigint, number> {
  const count = Math.floor(bytes.length / BUCKET_BYTES)
  if (count > MAX_BUCKETS)
    throw broken('catboost', `a table of statistics has ${count} buckets, more than ${MAX_BUCKETS}`)
  const view = new DataView(bytes.buffer)
  const index = new Map<bigint, number>()
  for (let at = 0; at < count * BUCKET_BYTES; at += BUCKET_BYTES) {
    const hash = view.getBigUint64(at, true)
    if (hash !== EMPTY) index.set(hash, view.getUint32(at + 8, true))
  }
  return index
}

function oneOf<T>(names: readonly T[], index: number, what: string): T {
  const name = names[index]
  if (name === undefined) throw broken('catboost', `it has the ${what} ${index}`)
  return name
}
