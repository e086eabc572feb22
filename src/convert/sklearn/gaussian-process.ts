import { explained, weighted } from '../../kernels/covariance.ts'
import { type Rows, rowsOf } from '../../kernels/pairs.ts'
import { erf } from '../../kernels/special.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { labelsAt, pairOf } from './classifiers.ts'
import type { Converter } from './converter.ts'
import { covarianceOf } from './covariance.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { tensorOf } from './matrix.ts'
import { pairwiseScores } from './one-versus-one.ts'

/**
 * `std * (covariances · alpha) + mean`
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/gaussian_process/_gpr.py (predict)
 */
export const gaussianProcessRegressor: Converter = (model, x, g) => {
  const fitted = fittedRows(model, x)
  const covariance = covarianceOf(model.estimator('kernel_'), fitted)
  const { data, dims } = model.floats('alpha_')
  const [count = 0, outputs = 1] = dims
  if (count !== fitted.count) throw model.broken(['alpha_'], `is of shape [${dims}] for ${fitted.count} rows`)
  const mean = perOutput(model, '_y_train_mean', outputs, 0)
  const std = perOutput(model, '_y_train_std', outputs, 1)
  // A single target that was given as a column came back as one before 1.1.
  const isFlat = dims.length === 1 || (outputs === 1 && model.isSince(1, 1))
  const run = (value: unknown) => {
    const rows = rowsOf(value as Tensor)
    const out = weighted(covariance.of(rows), rows.count, data as Float64Array, outputs)
    for (let i = 0; i < out.length; i++)
      out[i] = (std[i % outputs] as number) * (out[i] as number) + (mean[i % outputs] as number)
    return [createTensor('float64', isFlat ? [rows.count] : [rows.count, outputs], out)]
  }
  return { predict: g.host('Gaussian process', [x.numbers], ['float64'], run)[0] as Expr }
}

function perOutput(model: Estimator, name: string, outputs: number, byDefault: number): Float64Array {
  const values = model.has(name) ? (model.floats(name).data as Float64Array) : Float64Array.of(byDefault)
  if (values.length !== 1 && values.length !== outputs)
    throw model.broken([name], `holds ${values.length} numbers for ${outputs} outputs`)
  return Float64Array.from({ length: outputs }, (_, i) => values[i % values.length] as number)
}

/**
 * Two classes by Laplace's approximation; more, one against the rest or one against one.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/gaussian_process/_gpc.py
 */
export const gaussianProcessClassifier: Converter = (model, x, g) => {
  const classes = model.labels()
  const count = classes.data.length
  const base = model.estimator('base_estimator_')
  if (count === 2) {
    const { positive, probability } = binary(base, x, g)
    const pair = pairOf(g, probability)
    return { predict: labelsAt(g, classes, positive.cast('int64')), predict_proba: pair, classes }
  }
  const members = base.estimators('estimators_').map((member) => binary(member, x, g))
  const isOvo = model.oneOf('multi_class', ['one_vs_rest', 'one_vs_one'], 'one_vs_rest') === 'one_vs_one'
  const expected = isOvo ? (count * (count - 1)) / 2 : count
  if (members.length !== expected) throw base.broken(['estimators_'], `holds ${members.length} of ${expected}`)
  const probabilities = g.concat(
    members.map(({ probability }) => probability.unsqueeze(1)),
    1,
  )
  if (isOvo) {
    const votes = g.concat(
      members.map(({ positive }) => positive.unsqueeze(1)),
      1,
    )
    return { predict: labelsAt(g, classes, pairwiseScores(g, probabilities.neg(), count, votes).argmax(1)), classes }
  }
  const total = probabilities.sum(1)
  return {
    predict: labelsAt(g, classes, likeliest(g, model, probabilities)),
    predict_proba: probabilities.div(g.where(total.eq(0), 1, total)),
    classes,
  }
}

/** Of equal ones the last, as scikit-learn's one-versus-rest had it before 1.8. */
const likeliest = (g: Graph, model: Estimator, scores: Expr): Expr =>
  g.node('ArgMax', [scores], { axis: 1, keepdims: 0, select_last_index: Number(!model.isSince(1, 8)) })

/** Whether the second class is likelier [rows], and its probability [rows]. */
function binary(model: Estimator, x: Features, g: Graph): { positive: Expr; probability: Expr } {
  const fitted = fittedRows(model, x)
  const covariance = covarianceOf(model.estimator('kernel_'), fitted)
  const [y, pi] = [model.floats('y_train_').data as Float64Array, model.floats('pi_').data as Float64Array]
  const scale = model.floats('W_sr_').data as Float64Array
  const lower = model.floats('L_').data as Float64Array
  if ([y, pi, scale].some(({ length }) => length !== fitted.count) || lower.length !== fitted.count ** 2)
    throw model.broken(['L_'], `is not of ${fitted.count} rows`)
  const slopes = y.map((value, i) => value - (pi[i] as number))
  const run = (value: unknown) => {
    const rows = rowsOf(value as Tensor)
    const covariances = covariance.of(rows)
    const means = weighted(covariances, rows.count, slopes, 1)
    const less = explained(covariances, rows.count, scale, lower)
    const variances = covariance.diagonal(rows).map((own, i) => own - (less[i] as number))
    const likely = means.map((mean, i) => sigmoidMean(mean, variances[i] as number))
    return [tensorOf(rows.count, 1, means), createTensor('float64', [rows.count], likely)]
  }
  const [latent, probability] = g.host('Gaussian process', [x.numbers], ['float64', 'float64'], run) as [Expr, Expr]
  return { positive: latent.squeeze(1).gt(0), probability }
}

/** The sigmoid as five error functions. */
const LAMBDAS = [0.41, 0.4, 0.37, 0.44, 0.39] as const
const COEFFICIENTS = [-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654] as const
const HALF = 0.5 * COEFFICIENTS.reduce((sum: number, value) => sum + value, 0)

/** The mean of a sigmoid of a normal variable (Williams and Barber, appendix A). */
function sigmoidMean(mean: number, variance: number): number {
  const alpha = 1 / (2 * variance)
  let sum = 0
  for (let i = 0; i < LAMBDAS.length; i++) {
    const lambda = LAMBDAS[i] as number
    const inner = erf(lambda * mean * Math.sqrt(alpha / (alpha + lambda * lambda)))
    sum +=
      (COEFFICIENTS[i] as number) * ((Math.sqrt(Math.PI / alpha) * inner) / (2 * Math.sqrt(variance * 2 * Math.PI)))
  }
  return sum + HALF
}

function fittedRows(model: Estimator, x: Features): Rows {
  const tensor = model.floats('X_train_')
  if (tensor.dims.length !== 2 || tensor.dims[1] !== x.width)
    throw model.broken(['X_train_'], `is of shape [${tensor.dims}] for ${x.width} columns`)
  return rowsOf(tensor)
}
