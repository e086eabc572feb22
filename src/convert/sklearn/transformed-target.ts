import { type Converter, need } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { inverseTransform } from './inverses.ts'

/**
 * A regressor of a transformed target: what it predicts is transformed back.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/compose/_target.py (TransformedTargetRegressor)
 */
export const transformedTarget: Converter = (model, x, g, convert) => {
  const inner = model.estimator('regressor_')
  const transformer = model.estimator('transformer_')
  const prediction = need(inner, convert(inner, x), 'predict').cast('float64')
  const isRow = model.number('_training_dim', 1) === 1
  const table = prediction.reshape([-1, isRow ? 1 : widthOf(transformer)])
  const back = inverseTransform(transformer, table, g, convert)
  return { predict: isRow ? back.reshape([-1]) : back }
}

/** Columns of the target: of the first step that says so. */
function widthOf(transformer: Estimator): number {
  if (transformer.name === 'Pipeline') throw transformer.unsupported('a target of several columns')
  if (transformer.has('n_features_in_')) return transformer.number('n_features_in_')
  return transformer.floats('scale_', 'mean_', 'center_', 'lambdas_', 'min_').data.length
}
