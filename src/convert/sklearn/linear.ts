import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { labelsOfScores, pairOf } from './classifiers.ts'
import type { Converted, Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'

/**
 * `x · coefᵀ + intercept`: [rows] where coef is [features], else [rows, outputs].
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/linear_model/_base.py (LinearModel._decision_function)
 */
export function affine(x: Features, coef: Tensor, intercept: Tensor): Expr {
  const product = x.times(transposed(coef))
  return product.add(intercept.dims.length === 1 && coef.dims.length === 1 ? scalar(intercept) : intercept)
}

/** [columns, rows] of [rows, columns]; [n] stays. */
export function transposed(matrix: Tensor): Tensor {
  const [rows, columns] = matrix.dims
  if (rows === undefined || columns === undefined) return matrix
  const from = matrix.data as Float64Array
  const data = new Float64Array(from.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data[j * rows + i] = from[i * columns + j] as number
  return createTensor('float64', [columns, rows], data)
}

const scalar = (tensor: Tensor): Tensor => createTensor('float64', [], tensor.data)

/** Regressors of the form `x · coefᵀ + intercept`. */
export const linearRegressor: Converter = (model, x) => ({
  predict: affine(x, model.floats('coef_'), model.floats('intercept_')),
})

/** Logistic regression: softmax of the scores, or one sigmoid a class, normalised. */
export const logisticRegression: Converter = (model, x, g) => {
  const classes = model.labels()
  const scores = affine(x, model.floats('coef_'), model.floats('intercept_'))
  const isSingle = model.floats('coef_').dims[0] === 1
  const single = isSingle ? scores.squeeze(1) : scores
  const probabilities = isOneVersusRest(model)
    ? oneVersusRest(g, single, isSingle)
    : (isSingle ? g.concat([scores.neg(), scores], 1) : scores).softmax(1)
  return classifier(g, model, single, isSingle, probabilities, classes)
}

/** `multi_class` is gone in later releases; what it defaulted to has stayed. */
function isOneVersusRest(model: Estimator): boolean {
  const setting = model.text('multi_class', 'auto')
  if (setting === 'ovr' || setting === 'warn') return true
  if (setting === 'multinomial') return false
  return model.labels().data.length <= 2 || model.text('solver', 'lbfgs') === 'liblinear'
}

/** One sigmoid a class, normalised to sum to one. */
function oneVersusRest(g: Graph, scores: Expr, isSingle: boolean): Expr {
  const each = scores.sigmoid()
  return isSingle ? pairOf(g, each) : each.div(each.sum(1))
}

function classifier(
  g: Graph,
  _model: Estimator,
  scores: Expr,
  isSingle: boolean,
  probabilities: Expr,
  classes: Tensor,
): Converted {
  return {
    predict: labelsOfScores(g, classes, scores, isSingle),
    decision_function: scores,
    predict_proba: probabilities,
    predict_log_proba: probabilities.log(),
    classes,
  }
}
