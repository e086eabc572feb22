import { isObject } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { sparseMatrix } from './sparse-matrix.ts'

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

/** [features] or [outputs, features]; `sparsify` has made a scipy matrix of it. */
export const coefOf = (model: Estimator): Tensor => sparseMatrix(model.raw('coef_')) ?? model.floats('coef_')

/** Scores of a linear classifier: [rows] where coef has one row (`isSingle`), else [rows, classes]. */
export function linearScores(model: Estimator, x: Features): { readonly scores: Expr; readonly isSingle: boolean } {
  const coef = coefOf(model)
  const isSingle = coef.dims.length === 1 || coef.dims[0] === 1
  const rows = isSingle ? createTensor('float64', [coef.data.length], coef.data) : coef
  return { scores: affine(x, rows, model.floats('intercept_')), isSingle }
}

/** Regressors of the form `x · coefᵀ + intercept`; those whose coef may be sparse have one output. */
export const linearRegressor: Converter = (model, x) => {
  const sparse = sparseMatrix(model.raw('coef_'))
  const coef = sparse ? createTensor('float64', [sparse.data.length], sparse.data) : model.floats('coef_')
  return { predict: affine(x, coef, model.floats('intercept_')) }
}

/** Generalised linear models whose link is the logarithm: `exp(x · coef + intercept)`. */
export const logLinkRegressor: Converter = (model, x) => ({
  predict: affine(x, coefOf(model), model.floats('intercept_')).exp(),
})

/**
 * Any link: 'auto' is the identity for distributions of power <= 0, else the logarithm; until 1.0 a link could be an
 * object. https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/linear_model/_glm/glm.py
 */
export const tweedieRegressor: Converter = (model, x, _g, _convert) => {
  const linear = affine(x, coefOf(model), model.floats('intercept_'))
  const link = model.raw('link') ?? 'auto'
  const name = isObject(link) ? link.type.slice(link.type.lastIndexOf('.') + 1) : model.oneOf('link', LINKS, 'auto')
  if (name === 'LogitLink') return { predict: linear.sigmoid() }
  if (name === 'log' || name === 'LogLink') return { predict: linear.exp() }
  if (name === 'identity' || name === 'IdentityLink') return { predict: linear }
  if (name !== 'auto') throw model.unsupported(`link=${name}`, LINKS)
  return { predict: model.number('power', 0) <= 0 ? linear : linear.exp() }
}

const LINKS = ['auto', 'identity', 'log'] as const

/**
 * One-class SVM in the primal: `x · coef - offset`, 1 where that is at least 0, else -1.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/linear_model/_stochastic_gradient.py (SGDOneClassSVM)
 */
export const linearOneClass: Converter = (model, x, g) => {
  const coef = coefOf(model)
  const product = x.times(createTensor('float64', [coef.data.length], coef.data))
  const offset = scalar(model.floats('offset_'))
  const decision = product.sub(offset)
  return {
    predict: g.where(decision.ge(0), 1, -1).cast('int64'),
    decision_function: decision,
    score_samples: decision.add(offset),
  }
}
