import { readCatboost } from '../formats/catboost.ts'
import type { Json } from '../formats/json.ts'
import { readXgboost } from '../formats/xgboost.ts'
import { counted } from './inspection.ts'

/** What boosters say of themselves. */
export type Facts = [label: string, text: string][]

/** A model in any form of XGBoost's. Throws as `readXgboost` does. */
export function xgboostFacts(bytes: Uint8Array): Facts {
  const { model } = readXgboost(bytes)
  const learner = model.get('learner') as Map<string, Json>
  const parameters = at(learner, 'learner_model_param')
  const booster = at(learner, 'gradient_booster')
  const trees = at(booster, 'model', 'trees') ?? at(booster, 'gbtree', 'model', 'trees')
  const version = model.get('version')
  const facts: Facts = [
    ['library', `XGBoost${isList(version) ? ` ${versionText([...version].map(String))}` : ''}`],
    ['objective', text(at(learner, 'objective', 'name'))],
    ['booster', text(at(booster, 'name'))],
  ]
  if (Array.isArray(trees))
    facts.push(['trees', `${counted(trees.length, 'tree')}, ${counted(nodesIn(trees), 'node')}`])
  facts.push(['features', text(at(parameters, 'num_feature'))])
  const classes = Number(text(at(parameters, 'num_class')))
  if (classes > 1) facts.push(['classes', String(classes)])
  facts.push(['base score', text(at(parameters, 'base_score'))])
  return facts.filter(([, value]) => value !== '')
}

/** Before 1.0 no version was written. */
const versionText = ([major = '0', ...rest]: readonly string[]): string =>
  major === '0' ? 'before 1.0' : [major, ...rest].join('.')

const isList = (value: Json | undefined): value is Json[] => Array.isArray(value) || ArrayBuffer.isView(value)

function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found = value
  for (const key of path) found = found instanceof Map ? found.get(key) : undefined
  return found
}

const text = (value: Json | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

function nodesIn(trees: readonly Json[]): number {
  let nodes = 0
  for (const tree of trees) nodes += Number(text(at(tree, 'tree_param', 'num_nodes'))) || 0
  return nodes
}

/** LightGBM's text: lines `key=value`, then a block a tree (https://lightgbm.readthedocs.io, `save_model`). */
export function lightGbmFacts(model: string): Facts {
  const head = model.slice(0, model.search(/^Tree=/m) >>> 0).split(/\r?\n/)
  const value = (key: string): string => head.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1) ?? ''
  const trees = model.match(/^Tree=\d+/gm)?.length ?? 0
  const leaves = [...model.matchAll(/^num_leaves=(\d+)/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
  const facts: Facts = [
    ['library', `LightGBM, text format ${value('version')}`],
    ['objective', value('objective')],
    ['trees', `${counted(trees, 'tree')}, ${counted(leaves, 'leaf').replace(/leafs$/, 'leaves')}`],
    ['features', String(Number(value('max_feature_idx')) + 1)],
  ]
  if (Number(value('num_class')) > 1) facts.push(['classes', value('num_class')])
  return facts.filter(([, found]) => found !== '')
}

/** CatBoost's binary form. Throws as `readCatboost` does. */
export function catboostFacts(bytes: Uint8Array): Facts {
  const { trees, floats, categories, dimension, info } = readCatboost(bytes)
  const version = /tags\/v([\d.]+)/.exec(info.get('catboost_version_info') ?? '')?.[1]
  const loss = /"loss_function":\{[^{}]*(?:\{[^{}]*\})?[^{}]*"type":"(\w+)"/.exec(info.get('params') ?? '')?.[1]
  const facts: Facts = [
    ['library', `CatBoost${version ? ` ${version}` : ''}`],
    ['objective', loss ?? ''],
    ['trees', `${counted(trees.sizes.length, 'tree')}${trees.steps.length > 0 ? '' : ', symmetric'}`],
    ['features', `${floats.length + categories.length}, ${categories.length} of categories`],
    ['outputs', String(dimension)],
  ]
  return facts.filter(([, found]) => found !== '')
}
