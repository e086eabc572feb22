import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor } from '../../tensor/tensor.ts'
import { labelsAt } from './classifiers.ts'
import type { Converted, Converter } from './converter.ts'
import type { Estimator, Labels } from './estimator.ts'
import { transposed } from './linear.ts'
import { asColumn, asRow, binaryScore, isClassifier, numeric, outputOf, repeated } from './members.ts'

/**
 * A classifier a class, which tells it from all others; the first of the largest scores wins, before scikit-learn 1.8
 * the last.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/multiclass.py (OneVsRestClassifier)
 */
export const oneVsRest: Converter = (model, x, g, convert) => {
  const binarizer = model.estimator('label_binarizer_')
  const classes = binarizer.labels()
  const kind = binarizer.text('y_type_', 'multiclass')
  const members = model.estimators('estimators_').map((member) => convert(member, x))
  const scores = g.concat(
    members.map((made) => binaryScore(model, made)),
    1,
  )
  const predict =
    kind === 'multiclass'
      ? labelsAt(g, classes, argmaxOf(model, g, scores))
      : chosen(g, classes, scores.gt(thresholdOf(members)), kind)
  const decision = decisionOf(g, members)
  const probabilities = probabilitiesOf(model, g, members, kind.startsWith('multilabel'))
  return {
    predict,
    ...(probabilities && { predict_proba: probabilities }),
    ...(decision && { decision_function: decision }),
    classes,
  }
}

const argmaxOf = (model: Estimator, g: Graph, scores: Expr): Expr =>
  g.node('ArgMax', [scores], { axis: 1, keepdims: 0, select_last_index: Number(!model.isSince(1, 8)) })

/** Scores above it are a yes. */
const thresholdOf = ([first]: readonly Converted[]): number =>
  first?.decision_function && isClassifier(first) ? 0 : 0.5

/** Labels of one yes or no a row; for several labels a row, which of them. */
function chosen(g: Graph, classes: Labels, isAbove: Expr, kind: string): Expr {
  const positions = isAbove.cast('int64')
  if (kind.startsWith('multilabel')) return positions
  const row = asRow(positions)
  return labelsAt(g, classes, classes.data.length === 1 ? row.mul(0) : row)
}

function decisionOf(g: Graph, members: readonly Converted[]): Expr | undefined {
  const decisions = members.map((made) => outputOf(made, 'decision_function')).filter((found) => found !== undefined)
  if (decisions.length < members.length) return undefined
  return decisions.length === 1 ? decisions[0] : g.concat(decisions.map(asColumn), 1)
}

/** Normalised unless there may be several labels a row. */
function probabilitiesOf(
  model: Estimator,
  g: Graph,
  members: readonly Converted[],
  isMultilabel: boolean,
): Expr | undefined {
  const all = members.map((made) => outputOf(made, 'predict_proba')).filter((found) => found !== undefined)
  if (all.length < members.length) return undefined
  const seconds = all.map((probabilities) => probabilities.slice(1, 2, 1))
  const [first] = seconds
  const each = seconds.length === 1 && first ? g.concat([g.node('Sub', [1, first]), first], 1) : g.concat(seconds, 1)
  if (isMultilabel) return each
  const sum = each.sum(1)
  return each.div(model.isSince(1, 7) ? g.where(sum.eq(0), 1, sum) : sum)
}

/** What stands in for a classifier that has seen one class only, as 0 or 1. */
export const constantPredictor: Converter = (model, x, g) => {
  const y = model.floats('y_').data[0] as number
  const value = repeated(g, x, createTensor('float64', [1], Float64Array.of(y)))
  return {
    predict: value,
    decision_function: value,
    predict_proba: repeated(g, x, createTensor('float64', [1, 2], Float64Array.of(1 - y, y))),
  }
}

/**
 * A classifier a pair of classes: votes, and `c / (3 (|c| + 1))` of the summed confidences to break ties.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/utils/multiclass.py (_ovr_decision_function)
 */
export const oneVsOne: Converter = (model, x, g, convert) => {
  const classes = model.labels()
  const indices = model.has('pairwise_indices_') ? model.list('pairwise_indices_') : undefined
  if (indices) throw model.unsupported('pairwise features (a precomputed kernel)')
  const members = model.estimators('estimators_').map((member) => convert(member, x))
  const predictions = g.concat(
    members.map((made) => predictionOf(model, made)),
    1,
  )
  const confidences = g.concat(
    members.map((made) => binaryScore(model, made)),
    1,
  )
  const { seconds, signs } = pairsOf(classes.data.length)
  const firsts = seconds.map((second, i) => Number(second === 0 && signs[i] !== 0))
  const shape = [members.length, classes.data.length]
  const votes = (wins: Expr, column: ArrayLike<number>): Expr =>
    wins.cast('float64').matmul(createTensor('float64', shape, Float64Array.from(column)))
  const sums = confidences.matmul(createTensor('float64', shape, signs))
  const total = votes(predictions.eq(0), firsts).add(votes(predictions.eq(1), seconds))
  const decision = total.add(sums.div(sums.abs().add(1).mul(3)))
  if (classes.data.length !== 2)
    return { predict: labelsAt(g, classes, decision.argmax(1)), decision_function: decision, classes }
  const second = decision.gather(1, 1)
  const isSecond = second.gt(model.isSince(1, 1) ? thresholdOf(members) : 0).cast('int64')
  return { predict: labelsAt(g, classes, isSecond), decision_function: second, classes }
}

function predictionOf(model: Estimator, made: Converted): Expr {
  const prediction = outputOf(made, 'predict')
  if (!prediction) throw model.unsupported('members that do not predict one output')
  return asColumn(numeric(model, prediction))
}

/** [pairs, classes], row by row: where the pair's second class is, and -1 for its first, 1 for its second. */
function pairsOf(classes: number): { readonly seconds: Float64Array; readonly signs: Float64Array } {
  const size = ((classes * (classes - 1)) / 2) * classes
  const [seconds, signs] = [new Float64Array(size), new Float64Array(size)]
  let row = 0
  for (let i = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++, row += classes) {
      signs[row + i] = -1
      signs[row + j] = seconds[row + j] = 1
    }
  }
  return { seconds, signs }
}

/**
 * A code of scores a class: the nearest of the codes [classes, members] wins, by `|c|^2 - 2 y · c`.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/multiclass.py (OutputCodeClassifier)
 */
export const outputCode: Converter = (model, x, g, convert) => {
  const classes = model.labels()
  const codes = model.floats('code_book_')
  const members = model.estimators('estimators_').map((member) => convert(member, x))
  const scores = g.concat(
    members.map((made) => binaryScore(model, made)),
    1,
  )
  const width = codes.dims[1] as number
  const norms = Float64Array.from({ length: classes.data.length }, (_, c) =>
    (codes.data as Float64Array).subarray(c * width, (c + 1) * width).reduce((sum, value) => sum + value * value, 0),
  )
  const distances = scores
    .matmul(transposed(codes))
    .mul(-2)
    .add(createTensor('float64', [norms.length], norms))
  return { predict: labelsAt(g, classes, distances.argmin(1)), classes }
}
