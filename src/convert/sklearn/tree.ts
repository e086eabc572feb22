import { InferError } from '../../errors.ts'
import { isArray, type NdArray, typeName } from '../../formats/values.ts'
import { MISSING_LEFT } from '../../kernels/forest-layout.ts'
import type { Finiteness } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { forestOf, type Tree, treeLeaves, treeSums } from '../forest.ts'
import { fromProbabilities, labelsAt } from './classifiers.ts'
import type { Converted, Converter } from './converter.ts'
import { type Estimator, type Labels, toFloats } from './estimator.ts'
import type { Features } from './features.ts'

/** A fitted `tree_`: its nodes, and by node the values of [outputs, classes]. */
export interface FittedTree extends Omit<Tree, 'values' | 'target'> {
  readonly values: Float64Array
  readonly shape: readonly [nodes: number, outputs: number, classes: number]
  readonly samples: Float64Array
}

/** The columns of an array of structures, as float64. */
export function fieldsOf(model: Estimator, name: string, what = name): (...names: string[]) => Float64Array {
  const array = model.raw(name)
  if (!isArray(array) || array.dtype !== 'struct')
    throw new InferError('bad_model', `${model.type}.${what} is ${typeName(array)}, not an array of nodes`)
  return (...names) => {
    const field = names.map((each) => array.fields.get(each)).find((found) => found !== undefined)
    if (!field) throw new InferError('bad_model', `${model.type}.${what} has no ${names.join(' nor ')}`)
    return toFloats(field)
  }
}

/**
 * `sklearn.tree._tree.Tree`: a row goes left where its value, as float32, is at most the threshold.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/tree/_tree.pyx (_apply_dense)
 */
export function readTree(model: Estimator): FittedTree {
  const tree = model.estimator('tree_')
  const field = fieldsOf(tree, 'nodes')
  const values = tree.floats('values', 'value')
  const [nodes = 0, outputs = 0, classes = 0] = values.dims
  const feature = field('feature')
  if (values.dims.length !== 3 || nodes !== feature.length || outputs * classes === 0)
    throw tree.broken(['values'], `has the shape [${values.dims}] for ${feature.length} nodes`)
  const nodeFields = (tree.raw('nodes') as NdArray).fields
  return {
    feature,
    threshold: field('threshold'),
    left: field('left_child'),
    right: field('right_child'),
    ...(nodeFields.has('missing_go_to_left') && {
      missing: field('missing_go_to_left').map((isLeft) => (isLeft ? MISSING_LEFT : 0)),
    }),
    values: values.data as Float64Array,
    shape: [nodes, outputs, classes],
    samples: field('n_node_samples'),
  }
}

/** What the trees of scikit-learn's `tree` have in common, for forestOf. */
export const TREES = { compare: 'at most', precision: 'float32', sum: 'float64' } as const

/** Labels by output: estimators of one output have an array, others a list of arrays. */
export function classesOf(model: Estimator): { classes: readonly Labels[]; isMulti: boolean } {
  const isMulti = model.number('n_outputs_', 1) > 1
  return { classes: isMulti ? model.labelLists('classes_') : [model.labels()], isMulti }
}

/**
 * Probabilities in the leaves, [nodes, classes of all outputs]. Releases before 1.4 keep counts there, later ones
 * fractions that are taken as they are.
 * https://github.com/scikit-learn/scikit-learn/blob/1.3.X/sklearn/tree/_classes.py (predict_proba)
 */
export function leafProbabilities(model: Estimator, tree: FittedTree, counts: readonly number[]): Float64Array {
  const [nodes, outputs, most] = tree.shape
  if (outputs !== counts.length || counts.some((count) => count > most))
    throw model.broken(['tree_'], `has values of [${tree.shape}] for classes of [${counts}]`)
  const isFraction = model.isSince(1, 4)
  const width = counts.reduce((total, count) => total + count, 0)
  const probabilities = new Float64Array(nodes * width)
  let to = 0
  for (let node = 0; node < nodes; node++) {
    for (let output = 0; output < outputs; output++) {
      const from = (node * outputs + output) * most
      const count = counts[output] as number
      let total = 0
      for (let i = 0; i < count; i++) total += tree.values[from + i] as number
      const scale = isFraction || total === 0 ? 1 : total
      for (let i = 0; i < count; i++) probabilities[to++] = (tree.values[from + i] as number) / scale
    }
  }
  return probabilities
}

/** What trees say of classes, of one output or several: probabilities [rows, classes of all outputs]. */
export function treeClassifier(g: Graph, model: Estimator, probabilities: Expr): Converted {
  const { classes, isMulti } = classesOf(model)
  if (!isMulti) return fromProbabilities(g, classes[0] as Labels, probabilities)
  let at = 0
  const each = classes.map(({ data }) => {
    at += data.length
    return probabilities.slice(at - data.length, at, 1)
  })
  const labels = each.map((part, i) => labelsAt(g, classes[i] as Labels, part.argmax(1)).unsqueeze(1))
  return {
    predict: g.concat(labels, 1),
    predict_proba: each,
    predict_log_proba: each.map((part) => part.log()),
    classes,
  }
}

/** [rows] of one output, else [rows, outputs]. */
export const squeezed = (values: Expr, outputs: number): Expr => (outputs === 1 ? values.squeeze(1) : values)

/** Probabilities of some trees, summed: [rows, classes of all outputs]. */
export function sumOfProbabilities(model: Estimator, trees: readonly Estimator[], x: Features): [Expr, () => Expr] {
  const counts = classesOf(model).classes.map(({ data }) => data.length)
  const width = counts.reduce((total, count) => total + count, 0)
  const read = trees.map((member) => {
    const tree = readTree(member)
    return { ...tree, values: leafProbabilities(member, tree, counts), target: 0 }
  })
  const forest = forestOf(read, { ...TREES, width, outputs: width, columns: x.width, what: model.type })
  return [treeSums(x.numbers, forest), () => treeLeaves(x.numbers, forest).cast('int64')]
}

/** Values of some trees, summed: [rows, outputs]. */
export function sumOfValues(model: Estimator, trees: readonly Estimator[], x: Features): [Expr, () => Expr, number] {
  const read = trees.map((member) => ({ ...readTree(member), target: 0 }))
  const outputs = read[0]?.shape[1] ?? 1
  if (read.some(({ shape }) => shape[1] !== outputs || shape[2] !== 1))
    throw model.broken(['estimators_'], 'holds trees of different outputs')
  const forest = forestOf(read, { ...TREES, width: outputs, outputs, columns: x.width, what: model.type })
  return [treeSums(x.numbers, forest), () => treeLeaves(x.numbers, forest).cast('int64'), outputs]
}

export const decisionTreeClassifier: Converter = (model, x, g) => {
  const [probabilities, leaves] = sumOfProbabilities(model, [model], x)
  return { ...treeClassifier(g, model, probabilities), apply: leaves().squeeze(1) }
}

export const decisionTreeRegressor: Converter = (model, x) => {
  const [values, leaves, outputs] = sumOfValues(model, [model], x)
  return { predict: squeezed(values, outputs), apply: leaves().squeeze(1) }
}

const CRITERIA = new Set(['gini', 'entropy', 'log_loss', 'squared_error', 'friedman_mse', 'poisson'])

/**
 * Whether a tree takes missing values, which releases, criteria and splitters decide.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/tree/_classes.py (__sklearn_tags__)
 */
export function treeTakes(model: Estimator): Finiteness {
  const isExtra = model.name.startsWith('ExtraTree')
  const splitter = model.text('splitter', isExtra ? 'random' : 'best')
  if (!model.isSince(1, 3) || (isExtra && splitter !== 'random')) return 'finite'
  if (!model.isSince(1, 6) && (splitter !== 'best' || model.has('monotonic_cst'))) return 'finite'
  return model.isSince(1, 9) || CRITERIA.has(model.text('criterion', 'gini')) ? 'finite or missing' : 'finite'
}

/** Forests take missing values from 1.4 on, where their trees do. */
export function forestTakes(model: Estimator): Finiteness {
  if (!model.isSince(1, 4)) return 'finite'
  const [first] = model.estimators('estimators_')
  return first ? treeTakes(first) : 'finite'
}
