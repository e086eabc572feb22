import { isArray } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { forestOf, treeLeaves, treeSums } from '../forest.ts'
import { labelsAt, pairOf } from './classifiers.ts'
import { type Convert, type Converted, type Converter, need } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { readTree, TREES } from './tree.ts'

type Loss = 'binomial' | 'multinomial' | 'exponential' | 'regression'

/** Spacing of floats at one: what probabilities of the initial estimator keep away from 0 and 1. */
const FLOAT32_EPSILON = 2 ** -23
const FLOAT64_EPSILON = 2 ** -52

interface Stages {
  /** [rows, trees of a stage] */
  readonly raw: Expr
  readonly apply: Expr
}

/**
 * Stage by stage, `learning_rate * value` of one tree for each class, upon what `init` says.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/ensemble/_gb.py (_raw_predict)
 */
function stagesOf(model: Estimator, x: Features, convert: Convert, loss: Loss, outputs = 1): Stages {
  const array = model.raw('estimators_')
  const [stages = 0, perStage = 1] = isArray(array) ? array.shape : []
  if (perStage !== outputs) throw model.broken(['estimators_'], `has ${perStage} trees a stage, not ${outputs}`)
  const rate = model.number('learning_rate', 0.1)
  const trees = model.estimators('estimators_').map((member, i) => {
    const tree = readTree(member)
    if (tree.shape[1] * tree.shape[2] !== 1) throw model.broken(['estimators_'], 'holds trees of several values')
    return { ...tree, values: tree.values.map((value) => rate * value), target: i % perStage }
  })
  const settings = { ...TREES, width: 1, outputs: perStage, columns: x.width, what: model.type }
  const forest = forestOf(trees, settings)
  const leaves = treeLeaves(x.numbers, forest).cast('float64')
  return {
    raw: treeSums(x.numbers, forest, initOf(model, x, convert, loss, perStage)),
    apply: loss === 'regression' ? leaves : leaves.reshape([0, stages, perStage]),
  }
}

/** What the sums start from: nothing, [trees of a stage], or by row. */
function initOf(model: Estimator, x: Features, convert: Convert, loss: Loss, width: number): Expr | undefined {
  const g = x.value.graph
  if (model.raw('init_') === 'zero') return undefined
  const init = model.estimator('init_')
  const known = constantOf(init, loss)
  if (known && known.length < (loss === 'binomial' || loss === 'exponential' ? 2 : width))
    throw model.broken(['init_'], `says ${known.length} values`)
  if (known) return g.constant(createTensor('float64', [width], linked(model, loss, known, width)))
  // Upstream has cast X before anyone sees it.
  const rows = x.with(x.numbers.cast('float32').cast('float64'))
  const made = convert(init, rows)
  if (loss === 'regression') return need(init, made, 'predict').cast('float64').reshape([-1, 1])
  const classes = loss === 'multinomial' ? width : 2
  if (made.classes && 'data' in made.classes && made.classes.data.length !== classes)
    throw model.broken(['init_'], `knows ${made.classes.data.length} classes of ${classes}`)
  return link(g, model, loss, need(init, made, 'predict_proba'))
}

/** What an estimator says that looks at nothing. */
function constantOf(init: Estimator, loss: Loss): Float64Array | undefined {
  if (init.type === 'sklearn.dummy.DummyRegressor' && loss === 'regression')
    return init.floats('constant_').data as Float64Array
  if (init.type !== 'sklearn.dummy.DummyClassifier' || loss === 'regression') return undefined
  return init.text('strategy', 'prior') === 'prior' ? (init.floats('class_prior_').data as Float64Array) : undefined
}

function linked(model: Estimator, loss: Loss, values: Float64Array, width: number): Float64Array {
  if (loss === 'regression') return values.slice(0, width)
  const clipped = values.map((value) => Math.min(Math.max(value, epsilon(model)), 1 - epsilon(model)))
  if (loss === 'multinomial') {
    const logs = clipped.map(Math.log)
    const mean = model.isSince(1, 4) ? logs.reduce((sum, log) => sum + log, 0) / logs.length : 0
    return logs.map((log) => log - mean)
  }
  const second = clipped[1] as number
  return Float64Array.of((loss === 'exponential' ? 0.5 : 1) * Math.log(second / (1 - second)))
}

function link(g: Graph, model: Estimator, loss: Loss, probabilities: Expr): Expr {
  const clipped = probabilities.max(epsilon(model)).min(1 - epsilon(model))
  if (loss === 'multinomial') {
    const logs = clipped.log()
    return model.isSince(1, 4) ? logs.sub(logs.mean(1)) : logs
  }
  const second = clipped.slice(1, 2, 1)
  const odds = second.div(g.node('Sub', [1, second])).log()
  return loss === 'exponential' ? odds.mul(0.5) : odds
}

const epsilon = (model: Estimator): number => (model.isSince(1, 8) ? FLOAT64_EPSILON : FLOAT32_EPSILON)

export const gradientBoostingRegressor: Converter = (model, x, _g, convert) => {
  model.oneOf('loss', ['squared_error', 'ls', 'absolute_error', 'lad', 'huber', 'quantile'], 'squared_error')
  const { raw, apply } = stagesOf(model, x, convert, 'regression')
  return { predict: raw.squeeze(1), apply }
}

export const gradientBoostingClassifier: Converter = (model, x, g, convert) => {
  const classes = model.labels()
  const loss = model.oneOf('loss', ['log_loss', 'deviance', 'exponential'], 'log_loss')
  const kind = loss === 'exponential' ? 'exponential' : classes.data.length > 2 ? 'multinomial' : 'binomial'
  const { raw, apply } = stagesOf(model, x, convert, kind, kind === 'multinomial' ? classes.data.length : 1)
  if (kind === 'multinomial') return { ...multinomial(g, classes, raw), apply }
  const score = raw.squeeze(1)
  const probabilities = pairOf(g, (kind === 'exponential' ? score.mul(2) : score).sigmoid())
  // Before 1.4 the likelier class, of two alike the first; later, and with the exponential loss, the sign.
  const isBySign = kind === 'exponential' || model.isSince(1, 4)
  return {
    predict: labelsAt(g, classes, isBySign ? score.ge(0).cast('int64') : probabilities.argmax(1)),
    predict_proba: probabilities,
    predict_log_proba: probabilities.log(),
    decision_function: score,
    classes,
    apply,
  }
}

/** Softmax of one score a class. */
export function multinomial(g: Graph, classes: Tensor, raw: Expr): Converted {
  const probabilities = raw.softmax(1)
  return {
    predict: labelsAt(g, classes, raw.argmax(1)),
    predict_proba: probabilities,
    predict_log_proba: probabilities.log(),
    decision_function: raw,
    classes,
  }
}
