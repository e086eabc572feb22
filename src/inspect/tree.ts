import {
  attributesOf,
  isArray,
  isObject,
  isTensor,
  isTuple,
  itemsOf,
  NamedDict,
  type PyObject,
  typeName,
  type Value,
} from '../formats/values.ts'
import { counted, shapeText, type TreeNode } from './inspection.ts'

/**
 * Estimators in estimators and modules in modules, as a tree to look at.
 *
 * Limits on a file from a stranger: values may be shared, so that a tree has more nodes than the file has bytes, and be
 * cyclic; nodes, depth and what is looked at for each node are bounded, and what is beyond is left out.
 */
const MAX_NODES = 5_000
const MAX_DEPTH = 64
const MAX_ITEMS = 1_000

/** Attributes that hold estimators, in the order of what a reader wants to see; `name_` is the fitted one of `name`. */
const PARTS = [
  'steps',
  'transformers_',
  'transformers',
  'transformer_list',
  'estimators_',
  'calibrated_classifiers_',
  'best_estimator_',
  'final_estimator_',
  'regressor_',
  'classifier_',
  'estimator_',
  'base_estimator_',
  'transformer_',
  'booster',
  '_Booster',
] as const
/** What is not worth a line where the other is there: what was not fitted, and what others were cloned from. */
const INSTEAD = new Map([
  ['transformers', 'transformers_'],
  ['estimator_', 'estimators_'],
  ['base_estimator_', 'estimators_'],
])
/** What tells the size of a module. */
const SIZES: readonly (readonly [string, string])[] = [
  ['in_features', 'out_features'],
  ['in_channels', 'out_channels'],
  ['num_embeddings', 'embedding_dim'],
  ['input_size', 'hidden_size'],
]

/** The tree of an object; null for what is none. */
export function treeOf(value: Value): TreeNode | null {
  const budget: Budget = { nodes: MAX_NODES, kinds: new Map(), kindOf: new WeakMap() }
  return isObject(value) ? nodeOf('', value, budget, 0) : null
}

interface Budget {
  nodes: number
  /** A number for each kind of subtree, so that two are compared without walking them. */
  readonly kinds: Map<string, number>
  readonly kindOf: WeakMap<TreeNode, number>
}

/** `sklearn.linear_model._base.LinearRegression` to `LinearRegression`. */
export const shortName = (type: string): string =>
  type
    .replace(/\.___torch_mangle_\d+/g, '')
    .split('.')
    .at(-1) as string

function nodeOf(name: string, value: PyObject, budget: Budget, depth: number): TreeNode {
  budget.nodes--
  const attributes = attributesIn(value)
  const children = depth < MAX_DEPTH ? childrenIn(value, attributes, budget, depth) : []
  const [type, note] = [shortName(value.type), noteOf(attributes)]
  return remember({ name, type, note, children: collapsed(children, budget) }, budget)
}

function remember(node: TreeNode, { kinds, kindOf }: Budget): TreeNode {
  const kind = JSON.stringify([
    node.type,
    node.note.replace(NODES, ''),
    node.children.map((child) => kindOf.get(child)),
  ])
  if (!kinds.has(kind)) kinds.set(kind, kinds.size)
  kindOf.set(node, kinds.get(kind) as number)
  return node
}

/** Those with slots are copied together, which may not be done for thousands of nodes that share a long dict. */
function attributesIn(value: PyObject): Attributes {
  const parts = isTuple(value.state) ? value.state.items : []
  return parts.some((part) => part instanceof Map && part.size > MAX_ITEMS) ? new Map() : attributesOf(value)
}

type Attributes = ReadonlyMap<Value, Value>

function childrenIn(value: PyObject, attributes: Attributes, budget: Budget, depth: number): TreeNode[] {
  const children: TreeNode[] = []
  const add = (name: string, item: Value | undefined): void => {
    if (budget.nodes > 0 && isObject(item)) children.push(nodeOf(name, item, budget, depth + 1))
    else if (item === 'drop' || item === 'passthrough')
      children.push(remember({ name, type: item, note: '', children: [] }, budget))
  }
  const modules = attributes.get('_modules')
  if (modules instanceof Map) for (const [name, module] of first(modules)) add(String(name), module)
  else if (value.type.startsWith('__torch__.')) for (const [name, item] of first(attributes)) add(String(name), item)
  else {
    for (const part of PARTS) {
      const better = INSTEAD.get(part)
      if (better === undefined || !attributes.has(better)) addPart(part, attributes, add)
    }
  }
  return children
}

function* first<T>(items: Iterable<T>): Generator<T> {
  let left = MAX_ITEMS
  for (const item of items) {
    if (left-- === 0) return
    yield item
  }
}

function addPart(part: string, attributes: Attributes, add: (name: string, item: Value | undefined) => void): void {
  const held = attributes.get(part)
  if (isObject(held)) {
    add(part, held)
    return
  }
  const items = isArray(held) && held.dtype === 'object' ? (held.data as readonly Value[]) : (itemsOf(held) ?? [])
  const names = (itemsOf(attributes.get('estimators')) ?? []).slice(0, MAX_ITEMS).map((pair) => itemsOf(pair)?.[0])
  items.slice(0, MAX_ITEMS).forEach((item, i) => {
    const [name, inner] = isTuple(item) ? item.items : [names[i] ?? i, item]
    add(typeof name === 'string' ? name : `${i}`, inner)
  })
}

function noteOf(attributes: Attributes): string {
  const notes: string[] = []
  const number = (name: string): string | undefined =>
    typeof attributes.get(name) === 'bigint' ? String(attributes.get(name)) : undefined
  for (const [from, to] of SIZES) {
    if (number(from) !== undefined && number(to) !== undefined) notes.push(`${number(from)} → ${number(to)}`)
  }
  const features = number('n_features_in_')
  if (features !== undefined) notes.push(counted(Number(features), 'feature'))
  const classes = attributes.get('classes_')
  if (isArray(classes)) notes.push(counted(classes.data.length, 'class').replace(/classs$/, 'classes'))
  const nodes = nodeCount(attributes.get('tree_'))
  if (nodes !== undefined) notes.push(counted(nodes, 'node'))
  return notes.join(', ')
}

function nodeCount(tree: Value | undefined): number | undefined {
  const count = isObject(tree) ? attributesOf(tree).get('node_count') : undefined
  return typeof count === 'bigint' ? Number(count) : undefined
}

/** Runs of siblings of one kind become one line. Trees of a forest differ by their nodes, which are added up. */
function collapsed(children: readonly TreeNode[], budget: Budget): TreeNode[] {
  const kind = (node: TreeNode): number | undefined => budget.kindOf.get(node)
  const runs: TreeNode[][] = []
  for (const child of children) {
    const run = runs.at(-1)
    if (run !== undefined && kind(run[0] as TreeNode) === kind(child)) run.push(child)
    else runs.push([child])
  }
  return runs.flatMap((run) =>
    run.length < 2 || run.some(({ name }) => !/^\d+$/.test(name)) ? run : [remember(merged(run), budget)],
  )
}

const NODES = /([\d,]+) nodes?$/

function merged(run: readonly TreeNode[]): TreeNode {
  const [first] = run as [TreeNode]
  const nodes = run.map(({ note }) => Number(NODES.exec(note)?.[1]?.replaceAll(',', '') ?? Number.NaN))
  const total = nodes.reduce((sum, count) => sum + count, 0)
  const note = Number.isNaN(total) ? first.note : first.note.replace(NODES, counted(total, 'node'))
  return { ...first, name: `${first.name}-${run.at(-1)?.name}`, type: `${run.length} × ${first.type}`, note }
}

/** What a value is that is no estimator and no module: a line, and one a key of a dict. */
export function outlineOf(value: Value): TreeNode {
  const children =
    value instanceof Map
      ? [...value].slice(0, MAX_NODES).map(([key, item]) => ({ ...described(item), name: String(key), children: [] }))
      : []
  return { name: '', ...described(value), children }
}

function described(value: Value): { type: string; note: string } {
  if (isTensor(value)) return { type: 'Tensor', note: `${value.dtype} ${shapeText(value.shape)}` }
  if (isArray(value)) return { type: 'ndarray', note: `${value.dtype} ${shapeText(value.shape)}` }
  if (value instanceof NamedDict)
    return { type: shortName(value.type), note: counted(value.size, 'entry').replace(/entrys$/, 'entries') }
  if (value instanceof Map) return { type: 'dict', note: counted(value.size, 'entry').replace(/entrys$/, 'entries') }
  if (isObject(value)) return { type: shortName(value.type), note: '' }
  const items = itemsOf(value)
  if (items !== undefined) return { type: Array.isArray(value) ? 'list' : 'tuple', note: counted(items.length, 'item') }
  const scalar = typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean'
  return { type: typeName(value).replace(/^an? /, ''), note: scalar ? String(value) : '' }
}
