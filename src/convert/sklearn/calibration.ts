import type { Value } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, valueAt } from '../../tensor/tensor.ts'
import { labelsAt, pairOf } from './classifiers.ts'
import type { Convert, Converter } from './converter.ts'
import { Estimator, type Labels } from './estimator.ts'
import type { Features } from './features.ts'
import { alongLines, polyLine } from './isotonic.ts'
import { positionOf } from './labels.ts'
import { pairOfScores, shares } from './linear-classifiers.ts'
import { asColumn, asRow, classesOf, outputOf, sumOf } from './members.ts'

/**
 * The mean of classifiers whose scores were each mapped to probabilities.
 * https://github.com/scikit-learn/scikit-learn/blob/1.9.X/sklearn/calibration.py (CalibratedClassifierCV)
 */
export const calibratedClassifier: Converter = (model, x, g, convert) => {
  const classes = model.labels()
  const members = model.estimators('calibrated_classifiers_')
  const probabilities = members.map((member) => calibrated(member, classes, x, g, convert))
  const mean = sumOf(probabilities).div(members.length)
  return { predict: labelsAt(g, classes, mean.argmax(1)), predict_proba: mean, classes }
}

/** One classifier and its calibrators: [rows, classes]. */
function calibrated(model: Estimator, classes: Labels, x: Features, g: Graph, convert: Convert): Expr {
  const inner = model.estimator('estimator', 'base_estimator')
  const made = convert(inner, x)
  const all = model.list('calibrators', 'calibrators_')
  const own = classesOf(inner, made)
  const size = classes.data.length
  const decision = outputOf(made, 'decision_function')
  const proba = outputOf(made, 'predict_proba')
  if (!decision && !proba) throw model.unsupported('a classifier that neither scores nor has probabilities')
  const method = model.oneOf('method', ['sigmoid', 'isotonic', 'temperature'], 'sigmoid')
  if (method === 'temperature') {
    const beta = new Estimator(all[0], `${model.type}.calibrators`).number('beta_')
    return softened(g, decision, proba, size).mul(beta).softmax(1)
  }
  const isPair = own.data.length === 2
  const calibrators = decision && isPair ? all.slice(0, 1) : all
  const isSecondOnly = classes.data.length === 2 || (isPair && calibrators.length === 1)
  const scores = decision
    ? isPair
      ? asColumn(decision)
      : decision.slice(0, calibrators.length, 1)
    : (proba as Expr).slice(isSecondOnly ? 1 : 0, isSecondOnly ? 2 : own.data.length, 1)
  const columns = applied(model, g, scores, calibrators)
  if (size === 2) return g.concat([g.node('Sub', [1, columns]), columns], 1)
  return shares(g, spread(columns, own, classes, calibrators.length), size).min(1)
}

/** Columns of some of the classes, of the first `count`, in the places of all: [rows, classes]. */
function spread(columns: Expr, own: Labels, classes: Labels, count: number): Expr {
  const places = Array.from({ length: count }, (_, i) => positionOf(classes, valueAt(own, i)))
  if (places.length === classes.data.length && places.every((place, i) => place === i)) return columns
  const placing = new Float64Array(count * classes.data.length)
  places.forEach((place, i) => {
    if (place >= 0) placing[i * classes.data.length + place] = 1
  })
  return columns.matmul(createTensor('float64', [count, classes.data.length], placing))
}

/** Each score [rows, calibrators] through its calibrator: a sigmoid, or a line. */
function applied(model: Estimator, g: Graph, scores: Expr, calibrators: readonly Value[]): Expr {
  const all = calibrators.map((value) => new Estimator(value, `${model.type}.calibrators`))
  if (all[0]?.name === 'IsotonicRegression') return alongLines(g, all.map(polyLine), scores)
  const slopes = createTensor(
    'float64',
    [all.length],
    Float64Array.from(all, (one) => one.number('a_')),
  )
  const shifts = createTensor(
    'float64',
    [all.length],
    Float64Array.from(all, (one) => one.number('b_')),
  )
  return scores.mul(slopes).add(shifts).neg().sigmoid()
}

/**
 * Logits [rows, classes]: logarithms of probabilities, or scores as they are; scores of several classes count as
 * probabilities where all of the batch look like some (_convert_to_logits).
 */
function softened(g: Graph, decision: Expr | undefined, proba: Expr | undefined, size: number): Expr {
  if (decision && size === 2) return pairOfScores(g, asRow(decision))
  if (!decision) return (size === 2 ? pairOf(g, (proba as Expr).gather(1, 1)) : (proba as Expr)).add(TINY).log()
  const isShare = decision.ge(0).and(decision.le(1)).cast('float64').minimum(1)
  const isWhole = decision
    .sum(1)
    .sub(1)
    .abs()
    .le(1e-5 + 1e-8)
    .cast('float64')
  const isAll = isShare.mul(isWhole).minimum(0).gt(0)
  return g.where(isAll, decision.add(TINY).log(), decision)
}

const TINY = 1e-12
