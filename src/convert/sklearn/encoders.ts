import { isArray, type Value } from '../../formats/values.ts'
import { type Codes, type Encoder, lookUp, oneHot, oneHotSparse } from '../../kernels/categories.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Objects } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { type Categories, categoriesIn, categoriesOf, codesOf, groupingOf } from './categories.ts'
import type { Converter } from './converter.ts'
import { type Estimator, numberOf, toFloats } from './estimator.ts'
import { Features } from './features.ts'
import { requireWidth } from './guard.ts'

/** Above so many columns the ones are kept without the zeros between them. */
const MAX_DENSE = 512

const NOWHERE = -1

/** A 1 in the place of each column's category. */
export const oneHotEncoder: Converter = (model, x) => {
  const handling = model.oneOf('handle_unknown', ['error', 'ignore', 'infrequent_if_exist', 'warn'], 'error')
  const dropped = droppedOf(model)
  let width = 0
  const codes = categoriesOf(model).map((categories, i): Codes => {
    const { groupOf, count, rare } = groupingOf(model, i, categories.keys.length)
    const without = dropped[i] ?? Number.POSITIVE_INFINITY
    const start = width
    const place = (group: number): number => (group === without ? NOWHERE : start + group - (group > without ? 1 : 0))
    width += count - (without < count ? 1 : 0)
    const isGrouped = handling === 'infrequent_if_exist' || (handling === 'warn' && model.isSince(1, 8))
    const elsewhere = isGrouped && rare !== undefined ? place(rare) : NOWHERE
    const unknown = handling === 'error' ? undefined : elsewhere
    return codesOf(categories, (position) => place(groupOf(position)), unknown)
  })
  return { transform: hot(model, x, codes, width) }
}

/** By column: the group that has no place. */
function droppedOf(model: Estimator): (number | undefined)[] {
  const value = model.raw('_drop_idx_after_grouping', 'drop_idx_')
  if (value === undefined) return []
  const list = isArray(value) ? Array.from(value.data as Value[]) : model.list('_drop_idx_after_grouping', 'drop_idx_')
  return list.map(numberOf)
}

function hot(model: Estimator, x: Features, codes: readonly Codes[], width: number): Features {
  const encoder = encoderOf(model, x, codes)
  const { table, columns } = x.cells
  const isDense = width <= MAX_DENSE
  const run = (cells: unknown) => [
    (isDense ? oneHot : oneHotSparse)(encoder, cells as Objects | Tensor, columns, width),
  ]
  const [value] = table.graph.host('one-hot', [table], [isDense ? 'float64' : 'sparse'], run)
  return new Features(value as Expr, width)
}

function encoderOf(model: Estimator, x: Features, codes: readonly Codes[]): Encoder {
  requireWidth(model, x, 'categories_', codes.length)
  return { codes, taker: model.name, names: x.names }
}

/** The position of each column's category. */
export const ordinalEncoder: Converter = (model, x) => {
  const isRefused = model.oneOf('handle_unknown', ['error', 'use_encoded_value'], 'error') === 'error'
  const unknownValue = isRefused ? Number.NaN : model.number('unknown_value', Number.NaN)
  const missingValue = model.number('encoded_missing_value', Number.NaN)
  const values: Float64Array[] = []
  const codes = categoriesOf(model).map((categories, i): Codes => {
    const { keys, missing } = categories
    const apart = model.isSince(0, 24) ? missing : -1
    const { groupOf } = groupingOf(model, i, keys.length, apart)
    const list = Float64Array.from(keys, (_, position) => (position === apart ? missingValue : groupOf(position)))
    values.push(Float64Array.of(...list, unknownValue))
    return codesOf(categories, (position) => position, isRefused ? undefined : keys.length)
  })
  return { transform: new Features(looked(model, x, codes, values, 1), x.width) }
}

/** The fitted mean of the target in each column's category; of several classes, one for each class. */
export const targetEncoder: Converter = (model, x) => {
  const isMulti = model.text('target_type_', 'continuous') === 'multiclass'
  const means = model.floats('target_mean_').data as Float64Array
  const count = isMulti ? means.length : 1
  const encodings = model.list('encodings_').map((list) => {
    if (!isArray(list)) throw model.broken(['encodings_'], 'holds no arrays')
    return toFloats(list)
  })
  const values: Float64Array[] = []
  const codes = categoriesOf(model).map((categories, i): Codes => {
    const { keys } = categories
    const list = new Float64Array((keys.length + 1) * count)
    for (let j = 0; j < count; j++) {
      for (let k = 0; k < keys.length; k++) list[k * count + j] = encodings[i * count + j]?.[k] as number
      list[keys.length * count + j] = means[j] as number
    }
    values.push(list)
    return codesOf(categories, (position) => position, keys.length)
  })
  return { transform: new Features(looked(model, x, codes, values, count), x.width * count) }
}

function looked(
  model: Estimator,
  x: Features,
  codes: readonly Codes[],
  values: readonly Float64Array[],
  count: number,
): Expr {
  const encoder = encoderOf(model, x, codes)
  const { table, columns } = x.cells
  const run = (cells: unknown) => [lookUp(encoder, cells as Objects | Tensor, columns, values, count)]
  return table.graph.host('categories', [table], ['float64'], run)[0] as Expr
}

/** Labels to their positions: int64 [rows]. */
export const labelEncoder: Converter = (model, x) => {
  const codes = codesOf(labelsIn(model), (position) => position, undefined)
  const values = [Float64Array.from(codes.known.keys(), (_, i) => i)]
  const value = looked(model, first(model, x), [codes], values, 1)
  return { transform: new Features(value.cast('int64').squeeze(1), 1) }
}

/** Labels to a column for each class, of two classes to one for the second. */
export const labelBinarizer: Converter = (model, x) => {
  const [negative, positive] = [model.number('neg_label', 0), model.number('pos_label', 1)]
  const spread = (value: Expr): Expr =>
    value
      .mul(positive - negative)
      .add(negative)
      .cast('int64')
  if (model.text('y_type_', 'multiclass').startsWith('multilabel')) return { transform: x.with(spread(x.numbers)) }
  const classes = labelsIn(model)
  const count = classes.keys.length
  const isPair = count <= 2
  const place = (position: number): number => (isPair ? position - 1 : position)
  const one = hot(model, first(model, x), [codesOf(classes, place, NOWHERE)], isPair ? 1 : count)
  return { transform: new Features(spread(one.numbers), one.width) }
}

/** Each row's cells are its labels, as many as it has; the rest of the row is null. */
export const multiLabelBinarizer: Converter = (model, x) => {
  const classes = labelsIn(model)
  const width = classes.keys.length
  const codes = codesOf(classes, (position) => position, NOWHERE)
  const { table, columns } = x.cells
  const encoder = { codes: columns.map(() => codes), taker: model.name, names: x.names }
  const run = (cells: unknown) => [oneHot(encoder, cells as Objects | Tensor, columns, width)]
  const [value] = table.graph.host('labels', [table], ['float64'], run) as [Expr]
  return { transform: new Features(value.cast('int64'), width) }
}

function labelsIn(model: Estimator): Categories {
  const value = model.raw('classes_')
  if (!isArray(value)) throw model.broken(['classes_'], 'is no array')
  return categoriesIn(value)
}

function first(model: Estimator, x: Features): Features {
  if (x.width !== 1) throw model.unsupported(`${x.width} columns`, ['one label a row'])
  return x
}
