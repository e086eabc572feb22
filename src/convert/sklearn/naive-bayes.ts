import { addCategoryScores } from '../../kernels/category-scores.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { labelsAt } from './classifiers.ts'
import type { Converted, Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { transposed } from './linear.ts'
import { matrices } from './matrices.ts'

/**
 * What follows from the joint log-likelihood [rows, classes] of a row and each class.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/naive_bayes.py (_BaseNB)
 */
function fromJoint(g: Graph, model: Estimator, joint: Expr): Converted {
  const classes = model.labels()
  const highest = joint.maximum(1)
  const logarithms = joint.sub(joint.sub(highest).exp().sum(1).log().add(highest))
  return {
    predict: labelsAt(g, classes, joint.argmax(1)),
    predict_proba: logarithms.exp(),
    predict_log_proba: logarithms,
    classes,
  }
}

/** `log prior_c - sum log(2 pi var_c) / 2 - sum (x - mean_c)^2 / var_c / 2`; the squares are [rows, classes, features]. */
export const gaussianNaiveBayes: Converter = (model, x, g) => {
  const [means, variances] = [model.floats('theta_'), model.floats('var_', 'sigma_')]
  const [classes = 0, features = 0] = means.dims
  const priors = model.floats('class_prior_').data as Float64Array
  const constants = Float64Array.from({ length: classes }, (_, c) => {
    const own = (variances.data as Float64Array).subarray(c * features, (c + 1) * features)
    return Math.log(priors[c] as number) - 0.5 * own.reduce((sum, value) => sum + Math.log(2 * Math.PI * value), 0)
  })
  const difference = x.numbers.unsqueeze(1).sub(means)
  const distances = difference.mul(difference).div(variances).sum(2, false)
  return fromJoint(g, model, distances.mul(-0.5).add(createTensor('float64', [classes], constants)))
}

/** `x · log P(feature | c) + log prior_c` */
export const multinomialNaiveBayes: Converter = (model, x, g) =>
  fromJoint(g, model, likelihood(model, x).add(model.floats('class_log_prior_')))

/** The weights are of all other classes; the prior counts only where there is no other class. */
export const complementNaiveBayes: Converter = (model, x, g) => {
  const joint = likelihood(model, x)
  return fromJoint(g, model, model.labels().data.length === 1 ? joint.add(model.floats('class_log_prior_')) : joint)
}

const likelihood = (model: Estimator, x: Features): Expr => x.times(transposed(model.floats('feature_log_prob_')))

/** Features that are there, `log p`, or not, `log(1 - p)`: what is above `binarize` is there. */
export const bernoulliNaiveBayes: Converter = (model, x, g) => {
  const present = model.floats('feature_log_prob_')
  const [classes = 0, features = 0] = present.dims
  const absent = (present.data as Float64Array).map((value) => Math.log(1 - Math.exp(value)))
  const weights = (present.data as Float64Array).map((value, i) => value - (absent[i] as number))
  const constants = (model.floats('class_log_prior_').data as Float64Array).map(
    (prior, c) => absent.subarray(c * features, (c + 1) * features).reduce((sum, value) => sum + value, 0) + prior,
  )
  const numbers = model.has('binarize') ? x.numbers.gt(model.number('binarize')).cast('float64') : x.numbers
  const product = numbers.matmul(transposed(createTensor('float64', [classes, features], weights)))
  return fromJoint(g, model, product.add(createTensor('float64', [classes], constants)))
}

/** Each feature is a category, whose number is the row of a table [categories, classes] of its own. */
export const categoricalNaiveBayes: Converter = (model, x, g) => {
  const tables: Tensor[] = matrices(model, 'feature_log_prob_').map(transposed)
  const prior = model.floats('class_log_prior_').data as Float64Array
  if (tables.length !== x.width || tables.some(({ dims }) => dims[1] !== prior.length))
    throw model.broken(
      ['feature_log_prob_'],
      `holds no table of ${prior.length} classes for each of ${x.width} features`,
    )
  const run = (rows: unknown) => [addCategoryScores(tables, prior, rows as Tensor, model.type)]
  return fromJoint(g, model, g.host('category scores', [x.numbers], ['float64'], run)[0] as Expr)
}
