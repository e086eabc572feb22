import { isArray, isObject, isTuple, type Value } from '../../formats/values.ts'
import { fillMissing, missingIn } from '../../kernels/missing.ts'
import type { Finiteness } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { Objects, Scalar } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { type Converter, need, needTransform } from './converter.ts'
import { Estimator, numberOf } from './estimator.ts'
import { Features } from './features.ts'
import { requireFinite, requireWidth } from './guard.ts'
import { within } from './preprocessing.ts'

/** What stands for no value: NaN (and None, which is all that JSON has), a number, or a text. */
type Missing = number | string

function missingOf(model: Estimator, x: Features): Missing {
  const value = model.raw('missing_values')
  const missing = typeof value === 'string' ? value : value === undefined ? Number.NaN : numberOf(value)
  if (missing === undefined) return Number.NaN
  if (!Number.isNaN(missing) && typeof missing === 'number') requireFinite(model, x, 'finite')
  return missing
}

/** Each column's own number, or text, in place of what is missing; columns that had no value are left out. */
export const simpleImputer: Converter = (model, x, g) => {
  const missing = missingOf(model, x)
  const statistics = statisticsOf(model)
  requireWidth(model, x, 'statistics_', statistics.length)
  const isConstant = model.text('strategy', 'mean') === 'constant' && !model.isSince(1, 8)
  const isWhole = isConstant || model.flag('keep_empty_features', false)
  const isKept = (i: number): boolean => isWhole || !Number.isNaN(statistics[i])
  const kept = statistics.flatMap((_, i) => (isKept(i) ? [i] : []))
  if (kept.length === 0) return { transform: withIndicator(model, x, new Features([], 0), missing) }
  const fills = kept.map((i) => statistics[i] as Scalar)
  const rest = x.select(kept)
  const filled = isMixed(x, missing, fills)
    ? new Features(filledCells(g, rest, missing, fills), kept.length, rest.names)
    : new Features(filledNumbers(g, rest, missing as number, fills.map(Number)), kept.length, rest.names)
  return { transform: withIndicator(model, x, filled, missing) }
}

export const simpleImputerTakes = (model: Estimator): Finiteness =>
  statisticsOf(model).some((fill) => typeof fill === 'string') ? 'finite, missing or text' : 'finite or missing'

const isMixed = (x: Features, missing: Missing, fills: readonly Scalar[]): boolean =>
  x.isMixed && (typeof missing === 'string' || fills.some((fill) => typeof fill === 'string'))

function statisticsOf(model: Estimator): readonly Scalar[] {
  const value = model.raw('statistics_')
  if (!isArray(value)) throw model.broken(['statistics_'], 'is no array')
  return Array.from(value.data as Value[], (item): Scalar => {
    if (item === null) return Number.NaN
    const fill = typeof item === 'string' ? item : numberOf(item)
    if (fill === undefined) throw model.broken(['statistics_'], 'holds what is neither number nor text')
    return fill
  })
}

const isMissing = (value: Expr, missing: number): Expr => (Number.isNaN(missing) ? value.isNaN() : value.eq(missing))

function filledNumbers(g: Graph, x: Features, missing: number, fills: readonly number[]): Expr {
  return g.where(isMissing(x.numbers, missing), fills, x.numbers)
}

function filledCells(g: Graph, x: Features, missing: Missing, fills: readonly Scalar[]): Expr {
  const { table, columns } = x.cells
  const run = (cells: unknown) => [fillMissing(cells as Objects | Tensor, columns, missing, fills)]
  return g.host('imputed cells', [table], ['object'], run)[0] as Expr
}

/** Where something is missing: 1, else 0. */
function indicatorsOf(g: Graph, x: Features, missing: Missing): Expr {
  if (!x.isMixed) return isMissing(x.numbers, Number(missing)).cast('float64')
  const { table, columns } = x.cells
  const run = (cells: unknown) => [missingIn(cells as Objects | Tensor, columns, missing)]
  return g.host('missing cells', [table], ['float64'], run)[0] as Expr
}

function withIndicator(model: Estimator, x: Features, filled: Features, missing: Missing): Features {
  if (!model.flag('add_indicator', false)) return filled
  const columns = model.estimator('indicator_').integers('features_')
  if (columns.length === 0) return filled
  const [first] = columns
  const indicators = new Features(indicatorsOf(x.cells.table.graph, x.select(columns), missing), columns.length)
  return first === undefined ? filled : Features.join([filled, indicators])
}

/** 1 where something is missing, in the columns that were fitted. */
export const missingIndicator: Converter = (model, x, g) => {
  const missing = missingOf(model, x)
  const columns = model.integers('features_')
  const isStrict = model.text('features', 'missing-only') === 'missing-only' && model.flag('error_on_new', true)
  const others = Array.from({ length: x.width }, (_, i) => i).filter((i) => !columns.includes(i))
  if (isStrict && Number.isNaN(missing)) requireFinite(model, x.select(others), 'finite')
  const value = indicatorsOf(g, x.select(columns), missing)
  return { transform: new Features(value.cast('bool'), columns.length) }
}

/**
 * Each column in turn predicted from the others, in the order and with the estimators of the fit.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/impute/_iterative.py
 */
export const iterativeImputer: Converter = (model, x, g, convert) => {
  if (model.flag('sample_posterior', false)) throw model.unsupported('sample_posterior=True, which is random')
  const missing = missingOf(model, x)
  if (typeof missing === 'string') throw model.unsupported(`missing_values=${missing}`)
  const initial = model.estimator('initial_imputer_')
  const start = needTransform(initial, simpleImputer(initial, x, g, convert))
  const steps = model.number('n_iter_', 0) === 0 ? [] : model.list('imputation_sequence_')
  const absent = isMissing(x.select(keptOf(model, initial)).numbers, missing)
  const columns = Array.from({ length: start.width }, (_, i) => start.numbers.slice(i, i + 1, 1))
  for (const step of steps) {
    const { column, others, estimator } = stepOf(model, step, columns.length)
    const known = new Features(
      g.concat(
        others.map((other) => columns[other] as Expr),
        1,
      ),
      others.length,
    )
    const predicted = need(estimator, convert(estimator, known), 'predict').reshape([-1, 1])
    const limited = within(g, predicted, limitOf(model, '_min_value', column), limitOf(model, '_max_value', column))
    columns[column] = g.where(absent.slice(column, column + 1, 1), limited, columns[column] as Expr)
  }
  const filled = new Features(g.concat(columns, 1), columns.length, start.names)
  return { transform: withIndicator(model, x, filled, missing) }
}

/** The columns that the imputation goes over: all, or those that had a value when it was fitted. */
function keptOf(model: Estimator, initial: Estimator): number[] {
  const statistics = statisticsOf(initial)
  const isKept = model.flag('keep_empty_features', false)
  return statistics.flatMap((value, i) => (isKept || !Number.isNaN(value) ? [i] : []))
}

/** One of all columns, or one for each. */
function limitOf(model: Estimator, name: string, column: number): number {
  const { data } = model.floats(name)
  return data[data.length === 1 ? 0 : column] as number
}

/** A named tuple: which column, from which others, by which estimator. */
function stepOf(
  model: Estimator,
  step: Value,
  width: number,
): { column: number; others: number[]; estimator: Estimator } {
  const args = isObject(step) ? step.args : []
  // Protocols 0 and 1 rebuild it of one tuple.
  const [column, others, estimator] = args.length === 1 && isTuple(args[0]) ? args[0].items : args
  const list = isArray(others) ? Array.from(others.data as Value[], Number) : []
  const isColumn = (position: number | undefined): boolean =>
    position !== undefined && position >= 0 && position < width
  if (![numberOf(column), ...list].every(isColumn) || list.length === 0)
    throw model.broken(['imputation_sequence_'], 'names columns that are not there')
  return {
    column: numberOf(column) as number,
    others: list,
    estimator: new Estimator(estimator, `${model.type}.imputation_sequence_`),
  }
}
