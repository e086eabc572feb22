import type { Expr } from '../../onnx/expr.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { labelsAt, labelsOfScores, pairOf } from './classifiers.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { linearScores } from './linear.ts'
import { matrices } from './matrices.ts'

/** The smallest normal float64, which a probability of zero is before its logarithm. */
const SMALLEST_NORMAL = 2.2250738585072014e-308

/**
 * Linear discriminants: a linear classifier whose scores are log-posteriors, and a projection on the directions that
 * tell the classes apart best, which the solver 'lsqr' has not.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/discriminant_analysis.py (LinearDiscriminantAnalysis)
 */
export const linearDiscriminant: Converter = (model, x, g) => {
  const classes = model.labels()
  const { scores, isSingle } = linearScores(model, x)
  const probabilities = isSingle ? pairOf(g, scores.sigmoid()) : scores.softmax(1)
  const positive = model.isSince(0, 24) ? g.where(probabilities.eq(0), SMALLEST_NORMAL, probabilities) : probabilities
  const transform = projection(model, x)
  return {
    predict: labelsOfScores(g, classes, scores, isSingle),
    predict_proba: probabilities,
    predict_log_proba: positive.log(),
    decision_function: scores,
    ...(transform && { transform }),
    classes,
  }
}

function projection(model: Estimator, x: Features): Features | undefined {
  const solver = model.oneOf('solver', ['svd', 'lsqr', 'eigen'], 'svd')
  if (solver === 'lsqr') return undefined
  const scalings = model.floats('scalings_')
  const [features = 0, all = 0] = scalings.dims
  const width = Math.min(all, model.number('_max_components', all))
  const from = scalings.data as Float64Array
  const kept = Float64Array.from(
    { length: features * width },
    (_, i) => from[Math.floor(i / width) * all + (i % width)] as number,
  )
  const centred = solver === 'svd' ? x.numbers.sub(model.floats('xbar_')) : x.numbers
  return new Features(centred.matmul(createTensor('float64', [features, width], kept)), width)
}

/**
 * Quadratic discriminants, of class c: `-(|(x - mean_c) R_c S_c^-1/2|^2 + sum log S_c) / 2 + log prior_c`.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/discriminant_analysis.py
 * (QuadraticDiscriminantAnalysis._decision_function)
 */
export const quadraticDiscriminant: Converter = (model, x, g) => {
  const classes = model.labels()
  const scores = quadraticScores(model, x)
  const shifted = scores.sub(scores.maximum(1))
  const sum = shifted.exp().sum(1)
  const isByLogarithms = model.isSince(1, 6)
  const logarithms = shifted.sub(sum.log())
  const probabilities = isByLogarithms ? logarithms.exp() : shifted.exp().div(sum)
  const isPair = classes.data.length === 2
  return {
    predict: labelsAt(g, classes, scores.argmax(1)),
    predict_proba: probabilities,
    predict_log_proba: isByLogarithms ? logarithms : probabilities.log(),
    decision_function: isPair ? scores.gather(1, 1).sub(scores.gather(0, 1)).reshape([-1]) : scores,
    classes,
  }
}

/** [rows, classes]: the classes' whitenings as one product [classes, rows, features] x [classes, features, directions]. */
function quadraticScores(model: Estimator, x: Features): Expr {
  const rotations = matrices(model, 'rotations_')
  const scales = matrices(model, 'scalings_').map(({ data }) => data as Float64Array)
  const means = model.floats('means_')
  const [classes = 0, features = 0] = means.dims
  const width = Math.max(...scales.map((scale) => scale.length))
  const whitening = new Float64Array(classes * features * width)
  const constant = new Float64Array(classes)
  const priors = model.floats('priors_').data as Float64Array
  for (let c = 0; c < classes; c++) {
    const scale = scales[c] as Float64Array
    const rotation = rotations[c] as Tensor
    for (let i = 0; i < rotation.data.length; i++) {
      const [row, column] = [Math.floor(i / scale.length), i % scale.length]
      whitening[(c * features + row) * width + column] =
        (rotation.data[i] as number) * (scale[column] as number) ** -0.5
    }
    constant[c] = scale.reduce((sum, value) => sum + Math.log(value), 0)
  }
  const centred = x.numbers.unsqueeze(0).sub(createTensor('float64', [classes, 1, features], means.data))
  const white = centred.matmul(createTensor('float64', [classes, features, width], whitening))
  const norms = white.mul(white).sum(2, false).transpose([1, 0])
  const quadratic = norms.add(createTensor('float64', [classes], constant)).mul(-0.5)
  return quadratic.add(createTensor('float64', [classes], priors.map(Math.log)))
}
