import { isArray } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import { createTensor } from '../../tensor/tensor.ts'
import { labelsAt } from './classifiers.ts'
import { type Convert, type Converted, type Converter, need } from './converter.ts'
import { type Estimator, type Labels, toFloats } from './estimator.ts'
import type { Features } from './features.ts'
import { asColumn, classesOf, numeric, outputOf, sumOf } from './members.ts'
import { votesOf } from './voting.ts'

interface Member {
  readonly estimator: Estimator
  readonly made: Converted
}

/**
 * The mean of the members' probabilities, or of their votes where they have none; each has its own columns, and may
 * know some of the classes only, by position.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/ensemble/_bagging.py (BaggingClassifier)
 */
export const baggingClassifier: Converter = (model, x, g, convert) => {
  const classes = model.labels()
  const members = membersOf(model, x, convert)
  const probabilities = sumOf(members.map((member) => shareOf(model, member, classes.data.length))).div(members.length)
  const logarithms = logarithmsOf(model, members, classes.data.length) ?? probabilities.log()
  const decision = decisionOf(members)
  return {
    predict: labelsAt(g, classes, probabilities.argmax(1)),
    predict_proba: probabilities,
    predict_log_proba: logarithms,
    ...(decision && { decision_function: decision }),
    classes,
  }
}

/** The mean of the members' scores, which have to know the same number of classes. */
function decisionOf(members: readonly Member[]): Expr | undefined {
  const all = members.map(({ made }) => outputOf(made, 'decision_function')).filter((one) => one !== undefined)
  const sizes = new Set(
    members.map(({ made: { classes } }) => (Array.isArray(classes) ? -1 : (classes as Labels)?.data.length)),
  )
  return all.length === members.length && sizes.size === 1 ? sumOf(all).div(members.length) : undefined
}

/** The mean of what the members predict. */
export const baggingRegressor: Converter = (model, x, _g, convert) => {
  const members = membersOf(model, x, convert)
  const all = members.map(({ estimator, made }) => need(estimator, made, 'predict'))
  return { predict: sumOf(all).div(members.length) }
}

function membersOf(model: Estimator, x: Features, convert: Convert): Member[] {
  const columns = model.has('estimators_features_') ? model.list('estimators_features_') : []
  return model.estimators('estimators_').map((estimator, i) => {
    const own = columns[i]
    return { estimator, made: convert(estimator, isArray(own) ? x.select([...toFloats(own)]) : x) }
  })
}

/** [rows, classes] */
function shareOf(model: Estimator, { estimator, made }: Member, classes: number): Expr {
  const probabilities = outputOf(made, 'predict_proba')
  if (!probabilities) return votesOf(asColumn(numeric(model, need(estimator, made, 'predict'))), classes)
  const places = placesOf(model, made)
  if (places.length === classes) return probabilities
  const placing = new Float64Array(places.length * classes)
  places.forEach((place, i) => {
    placing[i * classes + place] = 1
  })
  return probabilities.matmul(createTensor('float64', [places.length, classes], placing))
}

const placesOf = (model: Estimator, made: Converted): number[] =>
  Array.from(classesOf(model, made).data as never, Number)

/** `log(sum exp) - log(members)` of the members' own logarithms, where they have them. */
function logarithmsOf(model: Estimator, members: readonly Member[], classes: number): Expr | undefined {
  const own = members.map(({ made }) => outputOf(made, 'predict_log_proba')).filter((one) => one !== undefined)
  if (own.length < members.length) return undefined
  const all = own.map((value, i) => {
    const places = placesOf(model, (members[i] as Member).made)
    if (places.length === classes) return value
    const source = Array.from({ length: classes }, (_, c) => places.indexOf(c))
    const absent = createTensor(
      'float64',
      [classes],
      Float64Array.from(source, (at) => (at < 0 ? -Infinity : 0)),
    )
    return value
      .gather(
        source.map((at) => Math.max(at, 0)),
        1,
      )
      .add(absent)
  })
  const highest = all.reduce((most, value) => most.max(value)).max(-Number.MAX_VALUE)
  const sum = sumOf(all.map((value) => value.sub(highest).exp()))
  return sum.log().add(highest).sub(Math.log(members.length))
}
