import { InferError } from '../../errors.ts'
import {
  type CatboostCtr,
  type CatboostFloat,
  type CatboostModel,
  type CatboostTable,
  tableKey,
} from '../../formats/catboost.ts'
import type { Column, HashPart, Statistic } from '../../kernels/catboost-columns.ts'

/** Columns that a request may have. */
const MAX_COLUMNS = 1_000_000

/** What trees look at, in terms of a request's columns. */
export interface CatboostColumns {
  /** Columns of a request, and their names. */
  readonly width: number
  readonly names: readonly string[] | undefined
  /** The request's columns that are numbers, and those that are categories, as `columns` counts them. */
  readonly floats: readonly number[]
  readonly categories: readonly number[]
  readonly columns: readonly Column[]
  /** By column of `columns`: the request's columns that it is made of. */
  readonly origins: readonly (readonly number[])[]
}

/** A binary feature of CatBoost's: whether a column is above a border. */
export interface Bin {
  readonly column: number
  readonly border: number
}

const broken = (what: string): InferError => new InferError('bad_model', `CatBoost: ${what}`)

/** Columns in the order of CatBoost's binary features: each border of each number, each one-hot, each statistic's. */
export function columnsOf(model: CatboostModel): CatboostColumns & { readonly bins: readonly Bin[] } {
  const places = [...model.floats, ...model.categories, ...model.unused]
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
  model.floats.forEach(({ flat, borders }, i) => {
    if (borders.length === 0) return
    add({ column: i, nan: standIn(model.floats[i] as CatboostFloat) }, [flat], borders)
  })
  for (const { index, values } of model.oneHots) {
    const category = categoryAt(index)
    for (const is of values) add({ category, is }, [(model.categories[category] as { flat: number }).flat], [0.5])
  }
  for (const ctr of model.ctrs) {
    const flats = ctr.projection.categories.map(
      (index) => (model.categories[categoryAt(index)] as { flat: number }).flat,
    )
    add(statisticOf(ctr, model, categoryAt, floatAt), flats, ctr.borders)
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

/** What NaN is compared as. */
const standIn = ({ hasNans, nan }: CatboostFloat): number =>
  hasNans ? { AsIs: Number.NaN, AsFalse: Number.NEGATIVE_INFINITY, AsTrue: Number.POSITIVE_INFINITY }[nan] : Number.NaN

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
function namesOf({ floats, categories, unused }: CatboostModel, width: number): readonly string[] | undefined {
  const names = Array.from({ length: width }, (_, column) => `${column}`)
  for (const { flat, name } of [...floats, ...categories, ...unused]) if (name !== '') names[flat] = name
  return names.every((name, column) => name === `${column}`) ? undefined : names
}

function statisticOf(
  ctr: CatboostCtr,
  { tables, floats }: CatboostModel,
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
    ...projection.floats.map(([float, above]) => {
      const column = floatAt(float)
      return { column, nan: standIn(floats[column] as CatboostFloat), above }
    }),
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
