import { InferError } from '../../errors.ts'
import { isArray, isObject, isTuple, itemsOf, type Value } from '../../formats/values.ts'
import { boosterOf as catboostOf } from '../boosting/catboost.ts'
import { lightgbmOf } from '../boosting/lightgbm.ts'
import { learnerOf } from '../boosting/xgboost.ts'
import type { Form } from './convert.ts'
import { Estimator } from './estimator.ts'

/** What an estimator says of the rows that it was fitted on. */
export interface TableSignature {
  /** The form that it was fitted on, as far as its kind tells. */
  readonly form: Form
  /** Columns; `undefined` where the file does not say. */
  readonly width: number | undefined
  /** Columns by name; `undefined` where it was fitted without. */
  readonly names: readonly string[] | undefined
  /** Whether rows are records of any names, which are the features themselves. */
  readonly takesAnyNames?: boolean
  /** Whether columns that it does not know are left out, rather than refused. */
  readonly dropsUnknown: boolean
}

/** Estimators that take one text a row. */
const TEXT = new Set(['CountVectorizer', 'TfidfVectorizer', 'HashingVectorizer'])
/** Estimators that take one label a row. */
const LABELS = new Set(['LabelEncoder', 'LabelBinarizer', 'MultiLabelBinarizer'])
/** Where a release of an estimator keeps the number of its columns. */
const COUNTS = ['n_features_in_', '_n_features', 'n_features_', 'n_features', 'n_input_features_'] as const
/** Arrays with a column for each feature, the last axis, of estimators older than 0.24. */
const ARRAYS = [
  ...['coef_', 'components_', 'support_vectors_', '_fit_X', 'cluster_centers_', 'means_', 'theta_', 'shape_fit_'],
  ...['feature_log_prob_', 'mean_', 'scale_', 'center_', 'min_', 'statistics_', 'X_train_', 'centroids_'],
] as const
/** Where a composite keeps what gets the rows as they come. */
const INNER = ['best_estimator_', 'regressor_', 'estimator_', 'base_estimator_'] as const
/** Composites all of whose members get the rows as they come. */
const MEMBERS = ['estimators_', 'calibrated_classifiers_', 'transformer_list'] as const

/** Python's own recursion would have ended earlier. */
const MAX_DEPTH = 64

/** What the estimator, or the first of its stages that tells, says of its rows. */
export function signatureOf(model: Estimator): TableSignature {
  const stages = stagesOf(model)
  const booster = stages.map(boosterOf).find((found) => found !== undefined)
  const first = stages.at(-1) as Estimator
  const names = stages.map(namesOf).find((found) => found !== undefined) ?? booster?.names
  const width = booster?.columns ?? stages.map(widthOf).find((found) => found !== undefined) ?? names?.length
  const isText = TEXT.has(first.name) || LABELS.has(first.name)
  const takesAnyNames = first.name === 'DictVectorizer' || first.name === 'FeatureHasher'
  const isTable = names !== undefined || takesAnyNames
  return {
    form: isText ? 'texts' : isTable ? 'table' : 'matrix',
    width: isText || takesAnyNames ? 1 : width,
    takesAnyNames,
    names,
    dropsUnknown: stages.some((stage) => stage.name === 'ColumnTransformer' && stage.raw('remainder') === 'drop'),
  }
}

/** The estimator, its first stage, that one's first stage, and so on: all get the rows as they come. */
function stagesOf(model: Estimator): Estimator[] {
  const stages = [model]
  for (let inner = innerOf(model); inner !== undefined; inner = innerOf(inner)) {
    if (stages.length === MAX_DEPTH)
      throw new InferError('bad_model', `${model.type} nests more than ${MAX_DEPTH} estimators`)
    stages.push(inner)
  }
  return stages
}

function innerOf(model: Estimator): Estimator | undefined {
  if (model.name === 'ColumnTransformer') return undefined
  for (const [, step] of (itemsOf(model.raw('steps')) ?? []).map((item) => (isTuple(item) ? item.items : []))) {
    if (isObject(step)) return new Estimator(step)
  }
  for (const name of INNER) if (isObject(model.raw(name))) return model.estimator(name)
  for (const name of MEMBERS) {
    const value = model.raw(name)
    const members: readonly Value[] = (isArray(value) ? (value.data as readonly Value[]) : itemsOf(value)) ?? []
    for (const member of members) {
      const inner = isTuple(member) ? member.items[1] : member
      if (isObject(inner)) return new Estimator(inner)
    }
  }
  return undefined
}

/** What a booster's own file says, which an estimator of its library carries. */
function boosterOf(
  model: Estimator,
): { readonly columns: number; readonly names: readonly string[] | undefined } | undefined {
  if (model.type.startsWith('xgboost.')) return learnerOf(model)
  if (model.type.startsWith('catboost.')) {
    const { width: columns, names } = catboostOf(model)
    return { columns, names }
  }
  return model.type.startsWith('lightgbm.') ? lightgbmOf(model) : undefined
}

function widthOf(model: Estimator): number | undefined {
  for (const name of COUNTS) {
    const value = model.raw(name)
    if (typeof value === 'bigint') return Number(value)
    if (isArray(value) && value.shape.length === 0) return Number(value.data[0])
  }
  for (const name of ARRAYS) {
    const value = model.raw(name)
    if (isArray(value) && value.shape.length > 0) return value.shape.at(-1)
  }
  return undefined
}

/** `feature_names_in_`; ColumnTransformers before 1.0 have `_df_columns` or `_feature_names_in`. */
function namesOf(model: Estimator): readonly string[] | undefined {
  const value = model.raw('feature_names_in_', '_feature_names_in', '_df_columns')
  const inner = isObject(value) ? indexOf(value.args) : value
  const items = isArray(inner) ? (inner.data as readonly Value[]) : itemsOf(inner)
  const isNames = items !== undefined && items.length > 0 && items.every((item) => typeof item === 'string')
  return isNames ? (items as readonly string[]) : undefined
}

/** The labels in a pickled pandas Index: `_new_Index(cls, {"data": array, ...})`. */
function indexOf(args: readonly Value[]): Value | undefined {
  const dict = args.find((arg) => arg instanceof Map)
  return dict instanceof Map ? dict.get('data') : undefined
}
