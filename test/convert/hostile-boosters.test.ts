/** Boosters that were made to harm: each is refused in one sentence, at once. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import type { Format } from '../../src/formats/detect.ts'
import { readTableSource } from '../../src/models/table-source.ts'
import { BOOSTING } from './boosting-cases.ts'

const MAX_MS = 1000

function refuses(bytes: Uint8Array, format: Format, sentence: RegExp): void {
  const start = performance.now()
  try {
    const { signature, convert } = readTableSource(bytes, format)
    convert({ form: 'matrix', width: signature.width ?? 1, names: signature.names })
  } catch (error) {
    assert.ok(error instanceof InferError, `${(error as Error).stack}`)
    assert.equal(error.code, 'bad_model')
    assert.match(error.message, sentence)
    assert.doesNotMatch(error.message, /\n/)
    assert.ok(performance.now() - start < MAX_MS)
    return
  }
  assert.fail('it was taken')
}

// biome-ignore lint/suspicious/noExplicitAny: JSON that is changed at will
type Anything = any

const jsonOf = (path: string): Anything => JSON.parse(readFileSync(join(BOOSTING, path), 'utf8'))

function xgboost(change: (tree: Anything, learner: Anything) => void): Uint8Array {
  const model = jsonOf('xgboost-3.4/named.json')
  change(model.learner.gradient_booster.model.trees[0], model.learner)
  return Buffer.from(JSON.stringify(model).replaceAll('"NaN"', 'NaN'))
}

/** A tree that goes down on one side, level after level. */
function deep(tree: Anything, levels: number): void {
  const nodes = 2 * levels + 1
  const of = (value: (node: number) => number): number[] => Array.from({ length: nodes }, (_, node) => value(node))
  tree.left_children = of((node) => (node % 2 === 0 && node < nodes - 1 ? node + 1 : -1))
  tree.right_children = of((node) => (node % 2 === 0 && node < nodes - 1 ? node + 2 : -1))
  for (const name of ['split_indices', 'default_left', 'split_type']) tree[name] = of(() => 0)
  for (const name of ['split_conditions', 'sum_hessian', 'base_weights']) tree[name] = of(() => 1)
}

// biome-ignore format: one row per attack
const XGBOOST: readonly (readonly [string, (tree: Anything, learner: Anything) => void, RegExp])[] = [
  ['a cycle', (tree) => { tree.left_children[1] = 0 }, /^XGBoost: node 0 of tree 0 is reached twice$/],
  ['a node of two parents', (tree) => { tree.left_children[1] = 4; tree.right_children[1] = 4 }, /reached twice$/],
  ['a child that is not there', (tree) => { tree.left_children[0] = 99_999_999 }, /does not exist$/],
  ['a child below zero', (tree) => { tree.right_children[0] = -7 }, /does not exist|reached twice/],
  ['a column that is not there', (tree) => { tree.split_indices[0] = 4 }, /looks at column 4 of 4$/],
  ['a threshold that is none', (tree) => { tree.split_conditions[0] = 'NaN' }, /has no threshold$/],
  ['lists of different lengths', (tree) => { tree.split_indices.pop() }, /split_indices/],
  ['absurd vector leaves', (tree) => { tree.tree_param.size_leaf_vector = '2147483647' }, /base_weights/],
  ['absurd columns', (_, learner) => { learner.learner_model_param.num_feature = '2147483647' }, /it has 2147483647 columns/],
  ['absurd classes', (_, learner) => { learner.learner_model_param.num_class = '2147483647' }, /it has 2147483647 outputs/],
  ['negative classes', (_, learner) => { learner.learner_model_param.num_class = '-3' }, /not a count/],
  ['outputs that are not there', (_, learner) => { learner.gradient_booster.model.tree_info[0] = 5 }, /tree_info/],
  ['a category beyond all', (tree) => { Object.assign(tree, categories([2 ** 31])) }, /categories/],
  ['categories that are bombs', (_, learner) => { bombs(learner) }, /at most 1073741824/],
  ['texts of categories that overlap', (_, learner) => { learner.gradient_booster.model.cats = { enc: [{ offsets: [0, 4, 2], values: [66, 66, 66, 66] }] } }, /ascending places/],
]

const categories = (list: number[]): Anything => ({
  categories: list,
  categories_nodes: [0],
  categories_segments: [0],
  categories_sizes: [list.length],
  split_type: [1, 0, 0, 0, 0, 0, 0],
})

function bombs(learner: Anything): void {
  const { model } = learner.gradient_booster
  const [tree] = model.trees
  model.trees = Array.from({ length: 200 }, () => ({ ...tree, ...categories([2 ** 24 - 1]) }))
  model.tree_info = model.trees.map(() => 0)
}

const lightgbmText = readFileSync(join(BOOSTING, 'lightgbm-4.7/regression.txt'), 'utf8')
const setLine = (name: string, value: string): Uint8Array =>
  Buffer.from(lightgbmText.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${value}`))

// biome-ignore format: one row per attack
const LIGHTGBM: readonly (readonly [string, string, string, RegExp])[] = [
  ['a cycle', 'left_child', '0 -1 -2', /is reached twice$/],
  ['a node that is not there', 'right_child', '77 -3 -4', /does not exist$/],
  ['a leaf that is not there', 'right_child', '-99999 -3 -4', /does not exist$/],
  ['a column that is not there', 'split_feature', '4 0 0', /looks at column 4 of 4$/],
  ['a threshold that is none', 'threshold', 'nan 0 0', /has no threshold$/],
  ['absurd leaves', 'num_leaves', '999999999', /has not values for 999999999 leaves$/],
  ['no leaves', 'num_leaves', '0', /has no leaves$/],
  ['negative leaves', 'num_leaves', '-4', /num_leaves=-4, not a count$/],
  ['absurd columns', 'max_feature_idx', '999999999', /it has 1000000000 columns/],
  ['absurd outputs', 'num_tree_per_iteration', '999999999', /it has 999999999 outputs/],
  ['words for numbers', 'leaf_value', 'a b c d', /not a number$/],
]

const catboost = (change: (model: Anything) => void, path = 'catboost-1.2.10/rmse.json'): Uint8Array => {
  const model = jsonOf(path)
  change(model)
  return Buffer.from(JSON.stringify(model))
}

// biome-ignore format: one row per attack
const CATBOOST: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['a split that is not there', catboost((m) => { m.oblivious_trees[0].splits[0].split_index = 999 }), /has the split 999 of/],
  ['a negative split', catboost((m) => { m.oblivious_trees[0].splits[0].split_index = -1 }), /not a count$/],
  ['too few values', catboost((m) => { m.oblivious_trees[1].leaf_values.pop() }), /are not those of its/],
  ['a hundred levels', catboost((m) => { m.oblivious_trees[1].splits = Array.from({ length: 100 }, () => ({ split_index: 0 })) }), /has 100 levels; at most 16 may be$/],
  ['a column far away', catboost((m) => { m.features_info.float_features[0].flat_feature_index = 2_000_000_000 }), /it has a feature in column 2000000000$/],
  ['statistics that are not there', catboost((m) => { m.ctr_data = {} }, 'catboost-1.2.10/ctr-borders.json'), /the file lacks the statistics/],
  ['hashes that are none', catboost((m) => { Object.values<Anything>(m.ctr_data)[0].hash_map[0] = -1 }, 'catboost-1.2.10/ctr-borders.json'), /hash_map is .* not hashes and numbers$/],
  ['a tree without an end', catboost((m) => { m.trees[0] = { left: m.trees[0].left, split: { split_index: 0 } } }, 'catboost-1.2.10/depthwise-classes.json'), /right is not there, not an object$/],
  ['absurd classes', catboost((m) => { m.model_info.class_params.classes_count = 4_000_000_000 }, 'catboost-1.2.10/multiclass.json'), /classes for 3 columns$/],
]

describe('hostile trees of XGBoost are refused', () => {
  for (const [name, change, sentence] of XGBOOST) test(name, () => refuses(xgboost(change), 'json', sentence))

  test('a hundred thousand levels are walked in a second', () => {
    const bytes = xgboost((tree) => deep(tree, 100_000))
    const start = performance.now()
    const { signature, convert } = readTableSource(bytes, 'json')
    convert({ form: 'matrix', width: 4, names: signature.names })
    assert.ok(performance.now() - start < MAX_MS)
  })
})

describe('hostile trees of LightGBM are refused', () => {
  for (const [what, name, value, sentence] of LIGHTGBM)
    test(what, () => refuses(setLine(name, value), 'lightgbm', sentence))
})

describe('hostile trees of CatBoost are refused', () => {
  for (const [name, bytes, sentence] of CATBOOST) test(name, () => refuses(bytes, 'json', sentence))
})
