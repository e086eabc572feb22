import { InferError } from '../../errors.ts'
import { weightedMedian } from '../../kernels/weighted-median.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { forestOf, treeSums } from '../forest.ts'
import { labelsAt } from './classifiers.ts'
import { type Convert, type Converter, need } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { classesOf, leafProbabilities, readTree, TREES } from './tree.ts'

const FLOAT64_EPSILON = 2 ** -52
const CLASSIFIER_TREES = new Set(['sklearn.tree.DecisionTreeClassifier', 'sklearn.tree.ExtraTreeClassifier'])
const REGRESSOR_TREES = new Set(['sklearn.tree.DecisionTreeRegressor', 'sklearn.tree.ExtraTreeRegressor'])

/**
 * SAMME: members vote with their weights; from 1.3 on `-w / (k - 1)` for the classes that they do not choose. SAMME.R: the
 * sum of their centred log-probabilities. Trees vote in their leaves.
 * https://github.com/scikit-learn/scikit-learn/blob/1.5.X/sklearn/ensemble/_weight_boosting.py (decision_function)
 */
export const adaBoostClassifier: Converter = (model, x, g, convert) => {
  const classes = model.labels()
  const count = classes.data.length
  const isReal = algorithmOf(model) === 'SAMME.R'
  const members = model.estimators('estimators_')
  const weights = weightsOf(model, members.length)
  const areTrees = members.every((member) => CLASSIFIER_TREES.has(member.type) && member.number('n_outputs_', 1) === 1)
  if (count === 1) throw model.unsupported('one class')
  const votes = areTrees
    ? treeVotes(model, members, weights, x, isReal)
    : members
        .map((member, i) => votesOf(g, model, member, weights[i] as number, x, convert, isReal))
        .reduce((sum, vote) => sum.add(vote))
  const scores = votes.div(weights.reduce((sum, weight) => sum + weight, 0))
  const single = count === 2 ? scores.mul([-1, 1]).sum(1, false) : undefined
  const pair = single && g.concat([single.neg().unsqueeze(1), single.unsqueeze(1)], 1).div(2)
  const probabilities = (pair ?? scores.div(count - 1)).softmax(1)
  return {
    predict: labelsAt(g, classes, single ? single.gt(0).cast('int64') : scores.argmax(1)),
    predict_proba: probabilities,
    predict_log_proba: probabilities.log(),
    decision_function: single ?? scores,
    classes,
  }
}

/** The setting is gone from 1.8 on; 1.6 and 1.7 know only one algorithm. */
function algorithmOf(model: Estimator): 'SAMME' | 'SAMME.R' {
  if (model.isSince(1, 6)) return 'SAMME'
  return model.oneOf('algorithm', ['SAMME', 'SAMME.R'], 'SAMME.R')
}

/** What part of its weight a member of SAMME gives to each class that it does not choose. */
const againstOf = (model: Estimator, classes: number): number => (model.isSince(1, 3) ? -1 / (classes - 1) : 0)

/** numpy's sum is over all of them, also where fewer were needed. */
function weightsOf(model: Estimator, members: number): Float64Array {
  const weights = model.floats('estimator_weights_').data as Float64Array
  if (members === 0 || weights.length < members)
    throw model.broken(['estimator_weights_'], `has ${weights.length} weights for ${members} estimators`)
  return weights
}

/** [rows, classes] */
function treeVotes(
  model: Estimator,
  members: readonly Estimator[],
  weights: Float64Array,
  x: Features,
  isReal: boolean,
): Expr {
  const count = model.labels().data.length
  const against = againstOf(model, count)
  const trees = members.map((member, i) => {
    const tree = readTree(member)
    const labels = (classesOf(member).classes[0] as Tensor).data
    if (labels.length !== count) throw model.broken(['estimators_'], `has a tree of ${labels.length} classes`)
    const values = leafProbabilities(member, tree, [count])
    for (let at = 0; at < values.length; at += count)
      vote(values.subarray(at, at + count), weights[i] as number, against, isReal)
    return { ...tree, values, target: 0 }
  })
  const forest = forestOf(trees, { ...TREES, width: count, outputs: count, columns: x.width, what: model.type })
  return treeSums(x.numbers, forest)
}

/** A leaf's probabilities to its votes, in place. */
function vote(leaf: Float64Array, weight: number, against: number, isReal: boolean): void {
  const count = leaf.length
  if (isReal) {
    const logs = leaf.map((probability) => Math.log(Math.max(probability, FLOAT64_EPSILON)))
    const sum = logs.reduce((total, log) => total + log, 0)
    for (let i = 0; i < count; i++) leaf[i] = (count - 1) * ((logs[i] as number) - (1 / count) * sum)
    return
  }
  const chosen = leaf.indexOf(Math.max(...leaf))
  for (let i = 0; i < count; i++) leaf[i] = i === chosen ? weight : against * weight
}

/** [rows, classes], of any classifier. */
function votesOf(
  g: Graph,
  model: Estimator,
  member: Estimator,
  weight: number,
  x: Features,
  convert: Convert,
  isReal: boolean,
): Expr {
  const classes = model.labels()
  const count = classes.data.length
  const made = convert(member, x)
  if (isReal) {
    const logs = need(member, made, 'predict_proba').max(FLOAT64_EPSILON).log()
    return logs.sub(logs.sum(1).mul(1 / count)).mul(count - 1)
  }
  const chosen = need(member, made, 'predict')
  if (chosen.dtype !== classes.dtype)
    throw new InferError('bad_model', `${model.type} has ${classes.dtype} classes, its estimators ${chosen.dtype}`)
  return g.where(chosen.unsqueeze(1).eq(classes), weight, againstOf(model, count) * weight)
}

/**
 * The median of the members' predictions, by weight.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/ensemble/_weight_boosting.py (_get_median_predict)
 */
export const adaBoostRegressor: Converter = (model, x, g, convert) => {
  const members = model.estimators('estimators_')
  const weights = weightsOf(model, members.length)
  const predictions = members.every((member) => REGRESSOR_TREES.has(member.type))
    ? treeValues(model, members, x)
    : g.concat(
        members.map((member) => need(member, convert(member, x), 'predict').reshape([-1, 1])),
        1,
      )
  const run = (rows: unknown) => [weightedMedian(rows as Tensor, weights)]
  return { predict: g.host('weighted median', [predictions], ['float64'], run)[0] as Expr }
}

/** [rows, members] */
function treeValues(model: Estimator, members: readonly Estimator[], x: Features): Expr {
  const trees = members.map((member, target) => ({ ...readTree(member), target }))
  if (trees.some(({ shape }) => shape[1] * shape[2] !== 1)) throw model.broken(['estimators_'], 'has several outputs')
  const settings = { ...TREES, width: 1, outputs: members.length, columns: x.width, what: model.type }
  return treeSums(x.numbers, forestOf(trees, settings))
}
