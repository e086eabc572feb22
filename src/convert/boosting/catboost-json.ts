import { InferError } from '../../errors.ts'
import {
  type CatboostCtr,
  type CatboostModel,
  type CatboostTable,
  type CatboostTrees,
  CTR_TYPES,
  NAN_TREATMENTS,
  type Projection,
  strideOf,
  tableKey,
} from '../../formats/catboost.ts'
import { type Json, parseJson } from '../../formats/json.ts'
import { Fields } from './fields.ts'

const CLASSIFIER = 'target_border_classifier_idx'

/** What the JSON of a CatBoost model has at its top, and that of XGBoost has not. */
export const isCatboostJson = (value: Json): boolean =>
  value instanceof Map && (value.has('oblivious_trees') || value.has('trees')) && value.has('features_info')

/**
 * CatBoost's JSON as its binary form has it (https://github.com/catboost/catboost/tree/v1.2.7/catboost/libs/model,
 * `json_model_helpers.cpp`).
 * @throws InferError bad_model that names the field
 */
export function catboostOfJson(value: Json): CatboostModel {
  const model = new Fields(value, 'CatBoost')
  const features = model.object('features_info')
  const categories = objects(features, 'categorical_features')
  const info = model.has('model_info') ? model.object('model_info') : undefined
  const { trees, dimension } = model.has('trees') ? branching(model.objects('trees')) : symmetric(model)
  const scale = model.has('scale_and_bias') ? model.raw('scale_and_bias') : undefined
  const [factor = 1, bias = 0] = Array.isArray(scale) ? scale : []
  const biases = Array.isArray(bias) || ArrayBuffer.isView(bias) ? (bias as ArrayLike<number>) : [bias as number]
  return {
    dimension,
    floats: objects(features, 'float_features').map((feature) => ({
      ...placeOf(feature),
      borders: feature.has('borders') ? feature.numbers('borders').map(Math.fround) : new Float64Array(0),
      hasNans: feature.raw('has_nans') === true,
      nan: feature.has('nan_value_treatment') ? oneOf(NAN_TREATMENTS, feature, 'nan_value_treatment') : 'AsIs',
    })),
    categories: categories.map(placeOf),
    unused: [],
    oneHots: categories
      .filter((feature) => feature.has('values'))
      .map((feature) => ({
        index: feature.count('feature_index'),
        values: Int32Array.from(feature.numbers('values')),
      })),
    ctrs: objects(features, 'ctrs').map(readCtr),
    tables: readTables(model),
    trees,
    scale: Number(factor),
    bias:
      biases.length === dimension
        ? Float64Array.from(biases, Number)
        : new Float64Array(dimension).fill(Number(biases[0] ?? 0)),
    info: new Map((info?.names ?? []).map((name) => [name, textOf(info?.raw(name))])),
    others: [
      ...(features.has('text_features') ? ['text' as const] : []),
      ...(features.has('embedding_features') ? ['embedding' as const] : []),
    ],
  }
}

const objects = (fields: Fields, name: string): Fields[] => (fields.has(name) ? fields.objects(name) : [])

const placeOf = (feature: Fields): { index: number; flat: number; name: string } => ({
  index: feature.count('feature_index'),
  flat: feature.count('flat_feature_index'),
  name: feature.text(feature.has('feature_id') ? 'feature_id' : 'feature_name', ''),
})

function oneOf<T extends string>(names: readonly T[], fields: Fields, name: string): T {
  const text = fields.text(name) as T
  if (!names.includes(text)) throw fields.broken(name, `one of ${names.join(', ')}`)
  return text
}

/** Part of the training's own words, which are JSON within the binary form. */
function textOf(value: Json | undefined): string {
  if (!(value instanceof Map)) return typeof value === 'string' ? value : ''
  const parts = ['class_names', 'class_to_label', 'class_label_type', 'classes_count', 'type', 'loss_function']
  const kept = parts.filter((part) => value.has(part)).map((part) => [part, plain(value.get(part))])
  return JSON.stringify(Object.fromEntries(kept))
}

function plain(value: Json | undefined): unknown {
  if (value instanceof Map) return { type: plain(value.get('type')) }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as ArrayLike<Json>, scalar)
  return scalar(value)
}

const scalar = (value: Json | undefined): unknown =>
  typeof value === 'bigint' ? Number(value) : value instanceof Map || Array.isArray(value) ? null : value

function readCtr(feature: Fields): CatboostCtr {
  return {
    type: oneOf(CTR_TYPES, feature, 'ctr_type'),
    projection: projectionOf(feature.objects('elements')),
    classifier: feature.count(CLASSIFIER, 0),
    targetBorder: feature.count('target_border_idx', 0),
    prior: Math.fround(feature.number('prior_numerator')),
    denominator: Math.fround(feature.number('prior_denomerator')),
    shift: Math.fround(feature.number('shift')),
    scale: Math.fround(feature.number('scale')),
    borders: feature.numbers('borders').map(Math.fround),
  }
}

function projectionOf(elements: readonly Fields[]): Projection {
  const of = (kind: string): Fields[] => elements.filter((element) => element.text('combination_element') === kind)
  return {
    categories: of('cat_feature_value').map((element) => element.count('cat_feature_index')),
    floats: of('float_feature').map((element) => [
      element.count('float_feature_index'),
      Math.fround(element.number('border')),
    ]),
    oneHots: of('cat_feature_exact_value').map((element) => [
      element.count('cat_feature_index'),
      element.number('value'),
    ]),
  }
}

/** `ctr_data`: by the JSON of what a table is about; a hash as text, then its numbers, and so on. */
function readTables(model: Fields): Map<string, CatboostTable> {
  const tables = new Map<string, CatboostTable>()
  if (!model.has('ctr_data')) return tables
  const data = model.object('ctr_data')
  for (const name of data.names) {
    const table = data.object(name)
    const base = new Fields(parseJson(name, { format: 'catboost', nonFinite: false }), 'CatBoost.ctr_data')
    const type = oneOf(CTR_TYPES, base, 'type')
    const width = table.count('hash_stride')
    const list = table.raw('hash_map')
    if (!Array.isArray(list) || width < 2 || list.length % width !== 0)
      throw table.broken('hash_map', `a list of ${width} for each hash`)
    const index = new Map<bigint, number>()
    const values = new Float64Array((list.length / width) * (width - 1))
    for (let i = 0; i * width < list.length; i++) {
      const hash = list[i * width]
      if (typeof hash !== 'string' || !/^\d{1,20}$/.test(hash)) throw table.broken('hash_map', 'hashes and numbers')
      index.set(BigInt(hash), i)
      for (let k = 1; k < width; k++) values[i * (width - 1) + k - 1] = Number(list[i * width + k])
    }
    tables.set(tableKey(type, projectionOf(base.objects('identifier')), base.count(CLASSIFIER, 0)), {
      index,
      values,
      stride: strideOf(type, width - 1),
      denominator: table.count('counter_denominator', 0),
    })
  }
  return tables
}

interface Read {
  readonly trees: CatboostTrees
  readonly dimension: number
}

function symmetric(model: Fields): Read {
  const trees = model.objects('oblivious_trees')
  const splits = trees.map((tree) => objects(tree, 'splits').map((split) => split.count('split_index')))
  const values = trees.map((tree) => tree.numbers('leaf_values'))
  const weights = trees.map((tree) => (tree.has('leaf_weights') ? tree.numbers('leaf_weights') : new Float64Array(0)))
  const depth = splits[0]?.length ?? 0
  const dimension = (values[0]?.length ?? 1) / 2 ** depth
  return {
    dimension,
    trees: {
      splits: Int32Array.from(splits.flat()),
      sizes: Int32Array.from(splits, ({ length }) => length),
      values: joined(values),
      weights: joined(weights),
      steps: new Uint16Array(0),
      leaves: new Uint32Array(0),
    },
  }
}

function joined(lists: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(lists.reduce((total, { length }) => total + length, 0))
  let at = 0
  for (const list of lists) {
    all.set(list, at)
    at += list.length
  }
  return all
}

/** Nodes within nodes: a split with `left` and `right`, or a `value`. They are numbered as they are met, left first. */
function branching(roots: readonly Fields[]): Read {
  const build = {
    splits: [] as number[],
    steps: [] as number[],
    leaves: [] as number[],
    values: [] as number[],
    weights: [] as number[],
    dimension: 0,
  }
  const sizes = roots.map((root) => {
    const first = build.splits.length
    const pending: { node: Fields; parent: number; side: 0 | 1 }[] = [{ node: root, parent: -1, side: 0 }]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { node, parent, side } = next
      const at = build.splits.length
      if (parent >= 0) build.steps[2 * parent + side] = at - parent
      build.steps.push(0, 0)
      const isLeaf = node.has('value')
      build.splits.push(isLeaf ? 0 : node.object('split').count('split_index'))
      build.leaves.push(isLeaf ? build.values.length : 0)
      if (isLeaf) addLeaf(node, build)
      else {
        pending.push({ node: node.object('right'), parent: at, side: 1 })
        pending.push({ node: node.object('left'), parent: at, side: 0 })
      }
    }
    return build.splits.length - first
  })
  if (build.steps.some((step) => step > 0xffff))
    throw new InferError('bad_model', 'CatBoost: a tree has more than 65536 nodes on one side')
  return {
    dimension: build.dimension,
    trees: {
      splits: Int32Array.from(build.splits),
      sizes: Int32Array.from(sizes),
      values: Float64Array.from(build.values),
      weights: Float64Array.from(build.weights),
      steps: Uint16Array.from(build.steps),
      leaves: Uint32Array.from(build.leaves),
    },
  }
}

function addLeaf(node: Fields, build: { values: number[]; weights: number[]; dimension: number }): void {
  const value = node.raw('value')
  const values = typeof value === 'number' || typeof value === 'bigint' ? [Number(value)] : [...node.numbers('value')]
  if (build.dimension !== 0 && values.length !== build.dimension)
    throw node.broken('value', `a list of ${build.dimension}`)
  build.dimension = values.length
  build.values.push(...values)
  if (node.has('weight')) build.weights.push(node.number('weight'))
}
