import { pairwise, rowsOf } from '../../kernels/pairs.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { labelsAt } from './classifiers.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { isCallable, tensorOf } from './matrix.ts'
import { metricOf } from './metric.ts'
import { squaredDistances } from './pairwise.ts'
import { refuseMissing } from './search.ts'

/**
 * The class of the nearest centroid. From 1.6 on, with unequal priors or for scores: `-distance² + 2 log prior`, the
 * columns divided by their deviations within classes.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/neighbors/_nearest_centroid.py
 */
export const nearestCentroid: Converter = (model, x, g) => {
  if (isCallable(model.raw('metric'))) throw model.unsupported('a metric that is a function')
  const classes = model.labels()
  const centroids = model.floats('centroids_')
  const count = classes.data.length
  if (centroids.dims[0] !== count || centroids.dims[1] !== x.width)
    throw model.broken(['centroids_'], `is of shape [${centroids.dims}] for ${count} classes`)
  if (model.text('metric', 'euclidean') !== 'nan_euclidean') refuseMissing(model, x)
  const nearest = distances(model, x, centroids).argmin(1)
  if (!model.has('class_prior_')) return { predict: labelsAt(g, classes, nearest), classes }
  const priors = [...(model.floats('class_prior_').data as Float64Array)]
  const scores = discriminants(model, x, g, centroids, priors)
  const predict = labelsAt(g, classes, priors.every((prior) => isClose(prior, 1 / count)) ? nearest : scores.argmax(1))
  if (model.text('metric') !== 'euclidean') return { predict, classes }
  const raised = scores.sub(scores.maximum(1))
  const log = raised.sub(raised.exp().sum(1).log())
  const difference = scores.gather(1, 1).sub(scores.gather(0, 1))
  return {
    predict,
    decision_function: count === 2 ? difference : scores,
    predict_proba: log.exp(),
    predict_log_proba: log,
    classes,
  }
}

/** numpy's `isclose` */
const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-8 + 1e-5 * Math.abs(b)

function discriminants(model: Estimator, x: Features, g: Graph, centroids: Tensor, priors: readonly number[]): Expr {
  const deviations = (model.floats('within_class_std_dev_').data as Float64Array).map((value) => value || 1)
  const scaled = (centroids.data as Float64Array).map((value, i) => value / (deviations[i % x.width] as number))
  const columns = x.with(x.numbers.div(createTensor('float64', [x.width], deviations)))
  const apart = distances(model, columns, tensorOf(centroids.dims[0] as number, x.width, scaled), true)
  return g.node('Sub', [priors.map((prior) => 2 * Math.log(prior)), apart])
}

/** Distances to the centroids [rows, classes], squared where that is what is asked for, or what does as well. */
function distances(model: Estimator, x: Features, centroids: Tensor, isSquared = false): Expr {
  const { name, metric } = metricOf(model, 'metric', new Map())
  if (name === 'euclidean') return squaredDistances(x, centroids, 1)
  const rows = rowsOf(centroids)
  const run = (value: unknown) => {
    const mine = rowsOf(value as Tensor)
    const apart = pairwise(metric.reduced, mine, rows).map(metric.toDistance)
    return [tensorOf(mine.count, rows.count, apart)]
  }
  const found = x.value.graph.host('distances to centroids', [x.numbers], ['float64'], run)[0] as Expr
  return isSquared ? found.mul(found) : found
}
