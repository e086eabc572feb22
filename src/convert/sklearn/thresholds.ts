import { isObject, type Value } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import { labelsAt } from './classifiers.ts'
import type { Converted, Converter } from './converter.ts'
import type { Estimator, Labels } from './estimator.ts'
import { positionOf } from './labels.ts'
import { asRow, classesOf, outputOf } from './members.ts'

/**
 * A binary classifier whose label turns at another score than its own.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/model_selection/_classification_threshold.py
 */
export const fixedThreshold: Converter = (model, x, g, convert) => {
  const made = convert(model.estimator('estimator_', 'estimator'), x)
  const isAuto = model.raw('threshold') === 'auto' || !model.has('threshold')
  return thresholded(model, g, made, model.raw('pos_label'), isAuto ? undefined : model.number('threshold'))
}

/** The threshold is the one that scored best, with the positive label that its scorer has. */
export const tunedThreshold: Converter = (model, x, g, convert) => {
  const made = convert(model.estimator('estimator_'), x)
  const scorer = model.estimator('_curve_scorer')
  const settings = scorer.raw('_kwargs')
  const positive = settings instanceof Map && settings.has('pos_label') ? settings.get('pos_label') : defaultOf(scorer)
  return thresholded(model, g, made, positive ?? undefined, model.number('best_threshold_'))
}

/** The metrics of scikit-learn that have a positive label, which is 1 unless their caller says otherwise. */
const WITH_POSITIVE = new Set([
  ...['f1_score', 'fbeta_score', 'jaccard_score', 'precision_score', 'recall_score', 'average_precision_score'],
  ...['precision_recall_fscore_support', 'class_likelihood_ratios'],
])

function defaultOf(scorer: Estimator): Value | undefined {
  const metric = scorer.raw('_score_func')
  const name = typeof metric === 'object' && metric !== null && 'name' in metric ? String(metric.name) : ''
  if (isObject(metric) || !name.startsWith('sklearn.metrics.'))
    throw scorer.unsupported('a metric of other than scikit-learn')
  return WITH_POSITIVE.has(name.slice(name.lastIndexOf('.') + 1)) ? 1n : undefined
}

function thresholded(
  model: Estimator,
  g: Expr['graph'],
  made: Converted,
  positive: Value | undefined,
  threshold: number | undefined,
): Converted {
  const classes = classesOf(model, made)
  if (classes.data.length !== 2) throw model.unsupported(`${classes.data.length} classes`)
  const place = positive === undefined ? 1 : positionOf(classes, positive)
  if (place < 0) throw model.broken(['pos_label'], 'is none of the classes')
  const { score, middle } = scoreOf(model, made, place)
  const isPositive = score.ge(threshold ?? middle).cast('int64')
  const [probabilities, logarithms] = [outputOf(made, 'predict_proba'), outputOf(made, 'predict_log_proba')]
  const decision = outputOf(made, 'decision_function')
  return {
    predict: labelsAt(g, classes, place === 1 ? isPositive : g.node('Sub', [1, isPositive])),
    ...(probabilities && { predict_proba: probabilities }),
    ...(logarithms && { predict_log_proba: logarithms }),
    ...(decision && { decision_function: decision }),
    classes: classes as Labels,
  }
}

/** Of the positive class, which is at `place`; and where scores turn by default. */
function scoreOf(model: Estimator, made: Converted, place: number): { readonly score: Expr; readonly middle: number } {
  const method = model.oneOf('response_method', ['auto', 'predict_proba', 'decision_function'], 'auto')
  const probabilities = method === 'decision_function' ? undefined : outputOf(made, 'predict_proba')
  if (probabilities) return { score: probabilities.gather(place, 1), middle: 0.5 }
  const decision = method === 'predict_proba' ? undefined : outputOf(made, 'decision_function')
  if (!decision) throw model.unsupported(`response_method=${method} of its estimator`)
  return { score: place === 1 ? asRow(decision) : asRow(decision).neg(), middle: 0 }
}
