import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { labelsOfScores, pairOf } from './classifiers.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { linearScores } from './linear.ts'

/** A hyperplane, or one a class; no probabilities. */
export const linearClassifier: Converter = (model, x, g) => {
  const { classes, scores, isSingle } = scored(model, x)
  return { predict: labelsOfScores(g, classes, scores, isSingle), decision_function: scores, classes }
}

/**
 * Labels coded as ±1, which may be several a row: each column is then one where its score is above zero.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/linear_model/_ridge.py (_RidgeClassifierMixin)
 */
export const ridgeClassifier: Converter = (model, x, g, convert) => {
  const binarizer = model.estimator('_label_binarizer')
  const classes = binarizer.labels()
  const { scores, isSingle } = linearScores(model, x)
  if (binarizer.text('y_type_', 'multiclass').startsWith('multilabel')) {
    if (!model.isSince(1, 0)) return { ...linearClassifier(model, x, g, convert), classes }
    return { predict: scores.gt(0).cast('int64'), decision_function: scores, classes }
  }
  return { predict: labelsOfScores(g, classes, scores, isSingle), decision_function: scores, classes }
}

/**
 * Softmax of the scores, or one sigmoid a class, normalised.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/linear_model/_logistic.py (predict_proba)
 */
export const logisticRegression: Converter = (model, x, g) => {
  const { classes, scores, isSingle } = scored(model, x)
  const probabilities = isOneVersusRest(model)
    ? oneVersusRest(model, g, scores, isSingle)
    : (isSingle ? pairOfScores(g, scores) : scores).softmax(1)
  return {
    predict: labelsOfScores(g, classes, scores, isSingle),
    decision_function: scores,
    predict_proba: probabilities,
    predict_log_proba: probabilities.log(),
    classes,
  }
}

/** Probabilities for the losses that have some: the logistic one, and Huber's modified one, `(clip(score) + 1) / 2`. */
export const sgdClassifier: Converter = (model, x, g, convert) => {
  const loss = model.text('loss', 'hinge')
  if (loss !== 'log' && loss !== 'log_loss' && loss !== 'modified_huber') return linearClassifier(model, x, g, convert)
  const { classes, scores, isSingle } = scored(model, x)
  const probabilities =
    loss === 'modified_huber'
      ? modifiedHuber(g, scores, isSingle, classes.data.length)
      : oneVersusRest(model, g, scores, isSingle)
  return {
    predict: labelsOfScores(g, classes, scores, isSingle),
    decision_function: scores,
    predict_proba: probabilities,
    predict_log_proba: probabilities.log(),
    classes,
  }
}

const scored = (model: Estimator, x: Features) => ({ classes: model.labels(), ...linearScores(model, x) })

/** [rows, 2] of the scores [rows]: what multinomial models of two classes take the softmax of. */
export const pairOfScores = (g: Graph, scores: Expr): Expr => {
  const column = scores.unsqueeze(1)
  return g.concat([column.neg(), column], 1)
}

/** `multi_class` is gone in later releases; what it defaulted to has stayed. */
function isOneVersusRest(model: Estimator): boolean {
  const setting = model.text('multi_class', 'auto')
  if (setting === 'ovr' || setting === 'warn') return true
  if (setting === 'multinomial') return false
  if (model.labels().data.length <= 2) return true
  const solver = model.text('solver', 'lbfgs')
  return solver === 'liblinear' || (solver === 'newton-cholesky' && !model.isSince(1, 6))
}

/** One sigmoid a class, normalised to sum to one; rows of zeros are NaN before scikit-learn 1.9. */
function oneVersusRest(model: Estimator, g: Graph, scores: Expr, isSingle: boolean): Expr {
  const each = scores.sigmoid()
  if (isSingle) return pairOf(g, each)
  return model.isSince(1, 9) ? shares(g, each, model.labels().data.length) : each.div(each.sum(1))
}

function modifiedHuber(g: Graph, scores: Expr, isSingle: boolean, classes: number): Expr {
  const each = scores.max(-1).min(1).add(1).div(2)
  return isSingle ? pairOf(g, each) : shares(g, each, classes)
}

/** Each row divided by its sum; of a row of zeros, equal shares. */
export function shares(g: Graph, values: Expr, classes: number): Expr {
  const sum = values.sum(1)
  return g.where(sum.eq(0), 1 / classes, values.div(sum))
}
