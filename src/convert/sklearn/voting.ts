import { isTuple } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import { labelsAt } from './classifiers.ts'
import { type Converter, need } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { asColumn, numeric, sumOf } from './members.ts'

/**
 * 'hard': the label with the most votes, the first of several; 'soft': of the highest mean probability.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/ensemble/_voting.py (VotingClassifier)
 */
export const votingClassifier: Converter = (model, x, g, convert) => {
  const classes = model.labels()
  const estimators = model.estimators('estimators_')
  const members = estimators.map((member) => convert(member, x))
  const weights = weightsOf(model)
  if (model.oneOf('voting', ['hard', 'soft'], 'hard') === 'soft') {
    const all = alike(members.map((made, i) => need(estimators[i] as Estimator, made, 'predict_proba')))
    const mean = average(all, weights)
    const transform = new Features(g.concat(all, 1), all.length * classes.data.length)
    const isFlat = model.flag('flatten_transform', true)
    return {
      predict: labelsAt(g, classes, mean.argmax(1)),
      predict_proba: mean,
      ...(isFlat && { transform }),
      classes,
    }
  }
  const votes = members.map((made, i) => asColumn(numeric(model, need(estimators[i] as Estimator, made, 'predict'))))
  const counts = votes.map((vote, i) => votesOf(vote, classes.data.length).mul(weights?.[i] ?? 1))
  return {
    predict: labelsAt(g, classes, sumOf(counts).argmax(1)),
    transform: new Features(g.concat(votes, 1), votes.length),
    classes,
  }
}

/** The mean of what the members predict. */
export const votingRegressor: Converter = (model, x, g, convert) => {
  const estimators = model.estimators('estimators_')
  const all = alike(estimators.map((member) => asColumn(need(member, convert(member, x), 'predict'))))
  return {
    predict: average(all, weightsOf(model)).reshape([-1]),
    transform: new Features(g.concat(all, 1), all.length),
  }
}

/** [rows, classes]: one where the position [rows, 1] is the column's. */
export const votesOf = (position: Expr, classes: number): Expr =>
  position.eq(Array.from({ length: classes }, (_, i) => i)).cast('float64')

/** As numpy joins arrays: float32, as XGBoost's are, only where all are. */
const alike = (values: readonly Expr[]): readonly Expr[] =>
  values.every(({ dtype }) => dtype === values[0]?.dtype) ? values : values.map((value) => value.cast('float64'))

/** `numpy.average` over the members. */
function average(values: readonly Expr[], weights: readonly number[] | undefined): Expr {
  if (!weights) return sumOf(values).div(values.length)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return sumOf(values.map((value, i) => value.mul(weights[i] as number))).div(total)
}

/** Of the members that were not dropped. */
function weightsOf(model: Estimator): number[] | undefined {
  if (!model.has('weights')) return undefined
  const all = [...(model.floats('weights').data as Float64Array)]
  const isKept = model
    .list('estimators')
    .map((pair) => isTuple(pair) && pair.items[1] !== null && pair.items[1] !== 'drop')
  return all.filter((_, i) => isKept[i] !== false)
}
