import { isArray, isTuple, itemsOf } from '../../formats/values.ts'
import { type CategoryCodes, codesOf } from '../../kernels/category-codes.ts'
import { MISSING_LEFT, OUTSIDE_LEFT } from '../../kernels/forest-layout.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Objects } from '../../tensor/host-value.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { forestOf, type Tree, treeSums } from '../forest.ts'
import { labelsAt, pairOf } from './classifiers.ts'
import type { Converter } from './converter.ts'
import { Estimator, toFloats } from './estimator.ts'
import type { Features } from './features.ts'
import { multinomial } from './gradient-boosting.ts'
import { fieldsOf } from './tree.ts'

/** Words of a set of categories: upstream's are below 256. */
const WORDS = 8

/**
 * The baseline, and stage by stage one tree for each class: float64, `<=`, a side for what is missing, and sets of
 * categories, of which those that training did not see count as missing.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/ensemble/_hist_gradient_boosting/_predictor.pyx
 */
function rawPredictions(model: Estimator, x: Features): Expr {
  const stages = model.list('_predictors').map((stage) => {
    const predictors = itemsOf(stage)
    if (!predictors) throw model.broken(['_predictors'], 'holds no lists')
    return predictors.map((predictor) => new Estimator(predictor, `${model.type}._predictors`))
  })
  const baseline = model.floats('_baseline_prediction').data as Float64Array
  const outputs = baseline.length
  if (stages.some(({ length }) => length !== outputs))
    throw model.broken(['_predictors'], `has stages that are not of ${outputs} trees`)
  const sets: Uint32Array[] = []
  const known = model.has('_preprocessor') ? knownCodes(model) : knownCategories(model)
  const trees = stages.flatMap((stage) => stage.map((predictor, k) => readPredictor(predictor, k, known, sets)))
  const rows = model.has('_preprocessor') ? encoded(model, x) : x.numbers
  const forest = forestOf(trees, {
    ...{ compare: 'at most', precision: 'float64', sum: 'float64', width: 1, outputs, sets },
    columns: x.width,
    what: model.type,
  })
  return treeSums(rows, forest, x.value.graph.constant(createTensor('float64', [outputs], baseline)))
}

function readPredictor(
  predictor: Estimator,
  target: number,
  known: ReadonlyMap<number, Uint32Array>,
  sets: Uint32Array[],
): Tree {
  const field = fieldsOf(predictor, 'nodes')
  const feature = field('feature_idx')
  const isLeaf = field('is_leaf')
  const isMissingLeft = field('missing_go_to_left')
  const left = field('left')
  const tree = {
    feature,
    threshold: field('num_threshold', 'threshold'),
    left: left.map((child, node) => (isLeaf[node] ? -1 : child)),
    right: field('right'),
    missing: isMissingLeft.map((side) => (side ? MISSING_LEFT | OUTSIDE_LEFT : 0)),
    values: field('value'),
    target,
  }
  if (!predictor.has('raw_left_cat_bitsets')) return tree
  const bitsets = predictor.floats('raw_left_cat_bitsets').data as Float64Array
  const bitset = field('bitset_idx')
  const set = field('is_categorical').map((isCategorical, node) => {
    if (!isCategorical || isLeaf[node]) return -1
    const from = (bitset[node] as number) * WORDS
    if (from + WORDS > bitsets.length)
      throw predictor.broken(['raw_left_cat_bitsets'], `has no set ${bitset[node]}, which node ${node} takes`)
    const seen = known.get(feature[node] as number) ?? new Uint32Array(WORDS)
    const words = Uint32Array.from(bitsets.subarray(from, from + WORDS))
    return sets.push(isMissingLeft[node] ? words.map((word, i) => word | ~(seen[i] as number)) : words) - 1
  })
  return set.some((index) => index >= 0) ? { ...tree, set } : tree
}

/** By column, the categories that training saw, as bits: the releases that take them as they are. */
function knownCategories(model: Estimator): Map<number, Uint32Array> {
  const known = new Map<number, Uint32Array>()
  if (!model.has('is_categorical_')) return known
  const mapper = model.estimator('_bin_mapper', 'bin_mapper_')
  const thresholds = mapper.list('bin_thresholds_')
  model.integers('is_categorical_').forEach((isCategorical, column) => {
    const categories = thresholds[column]
    if (!isCategorical) return
    if (!isArray(categories)) throw mapper.broken(['bin_thresholds_'], `has no categories for column ${column}`)
    known.set(column, bitsOf(toFloats(categories)))
  })
  return known
}

/** From 1.4 on: categorical columns come first, as positions among their categories. */
function knownCodes(model: Estimator): Map<number, Uint32Array> {
  const counts = encodersOf(model).categories.map(({ length }) => length)
  return new Map(counts.map((count, column) => [column, bitsOf(Float64Array.from({ length: count }, (_, i) => i))]))
}

function bitsOf(categories: Float64Array): Uint32Array {
  const words = new Uint32Array(WORDS)
  for (const category of categories)
    if (category >= 0 && category < 32 * WORDS)
      words[category >> 5] = (words[category >> 5] as number) | (1 << (category & 31))
  return words
}

interface Encoders {
  /** The columns with categories, then the others. */
  readonly columns: readonly number[]
  /** By column with categories: these, in order; what is missing is none. */
  readonly categories: readonly (readonly (number | string | boolean)[])[]
}

/** What the ColumnTransformer in front does: an OrdinalEncoder for some columns, the others after them as they are. */
function encodersOf(model: Estimator): Encoders {
  const preprocessor = model.estimator('_preprocessor')
  const flags = model.integers('is_categorical_')
  const isEncoder = (name: unknown): boolean => name === 'encoder'
  const entry = preprocessor.list('transformers_').find((item) => isTuple(item) && isEncoder(item.items[0]))
  const encoder = new Estimator(isTuple(entry) ? entry.items[1] : undefined, `${model.type}._preprocessor`)
  const columns = flags.flatMap((flag, column) => (flag ? [column] : []))
  const others = flags.flatMap((flag, column) => (flag ? [] : [column]))
  const categories = encoder.list('categories_').map((item) => {
    if (!isArray(item)) throw encoder.broken(['categories_'], 'holds no arrays')
    return Array.from(item.data as readonly unknown[], (value) => plain(encoder, value, item.dtype === 'bool')).filter(
      (value) => value !== undefined,
    )
  })
  if (categories.length !== columns.length) throw encoder.broken(['categories_'], `is not of ${columns.length} columns`)
  return { columns: [...columns, ...others], categories }
}

function plain(encoder: Estimator, value: unknown, isBool: boolean): number | string | boolean | undefined {
  if (value === null || Number.isNaN(value)) return undefined
  if (isBool) return Boolean(value)
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value
  throw encoder.broken(['categories_'], 'holds what is neither a number, a string nor a bool')
}

function encoded(model: Estimator, x: Features): Expr {
  const { columns, categories } = encodersOf(model)
  if (columns.length !== x.width)
    throw model.broken(['is_categorical_'], `is of ${columns.length} columns of ${x.width}`)
  const codes: CategoryCodes = {
    columns,
    codes: categories.map((list) => new Map(list.map((category, code) => [keyOf(category), code]))),
    names: x.names,
  }
  const value = x.value.dtype === 'object' ? x.value : x.numbers
  const run = (rows: unknown) => [codesOf(rows as Tensor | Objects, codes)]
  return x.value.graph.host('codes of categories', [value], ['float64'], run)[0] as Expr
}

/** Python finds 1, 1.0 and True alike. */
const keyOf = (category: number | string | boolean): number | string =>
  typeof category === 'boolean' ? Number(category) : category

const LOSSES = [
  ...['squared_error', 'least_squares', 'absolute_error', 'least_absolute_deviation', 'gamma', 'poisson', 'quantile'],
] as const

export const histGradientBoostingRegressor: Converter = (model, x) => {
  const loss = model.oneOf('loss', LOSSES, 'squared_error')
  const raw = rawPredictions(model, x).squeeze(1)
  return { predict: loss === 'gamma' || loss === 'poisson' ? raw.exp() : raw }
}

export const histGradientBoostingClassifier: Converter = (model, x, g) => {
  model.oneOf('loss', ['log_loss', 'auto', 'binary_crossentropy', 'categorical_crossentropy'], 'log_loss')
  const classes = model.labels()
  const raw = rawPredictions(model, x)
  const withoutLogs = (made: ReturnType<Converter>) => {
    const { predict_log_proba: _, ...rest } = made
    return rest
  }
  const outputs = model.floats('_baseline_prediction').data.length
  if (outputs !== (classes.data.length > 2 ? classes.data.length : 1))
    throw model.broken(['_baseline_prediction'], `is of ${outputs} values for ${classes.data.length} classes`)
  if (outputs > 1) return withoutLogs(multinomial(g, classes, raw))
  const score = raw.squeeze(1)
  // Before 1.2 the likelier class, later the sign: the same but within the last bit of one half.
  return {
    predict: labelsAt(g, classes, score.gt(0).cast('int64')),
    predict_proba: pairOf(g, score.sigmoid()),
    decision_function: score,
    classes,
  }
}
