import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { labelsAt } from './classifiers.ts'
import { type Convert, type Converted, type Converter, need } from './converter.ts'
import type { Estimator, Labels } from './estimator.ts'
import { Features } from './features.ts'
import { asColumn, beside, numeric, outputOf } from './members.ts'

const METHODS = ['predict_proba', 'decision_function', 'predict'] as const

/**
 * An estimator that learns from what others answer.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/ensemble/_stacking.py
 */
export const stackingRegressor: Converter = (model, x, g, convert) => {
  const transform = stacked(model, x, g, convert)
  const final = model.estimator('final_estimator_')
  return { predict: need(final, convert(final, transform), 'predict'), transform }
}

/** The members and the final estimator know the classes by position. */
export const stackingClassifier: Converter = (model, x, g, convert) => {
  const transform = stacked(model, x, g, convert)
  const final = model.estimator('final_estimator_')
  const made = convert(final, transform)
  const isMultilabel = Array.isArray(model.raw('_label_encoder', '_le'))
  if (isMultilabel) return { ...multilabel(model, g, final, made), transform }
  const classes = model.labels()
  const probabilities = outputOf(made, 'predict_proba')
  const decision = outputOf(made, 'decision_function')
  const positions = numeric(model, need(final, made, 'predict')).cast('int64')
  return {
    predict: labelsAt(g, classes, positions),
    ...(probabilities && { predict_proba: probabilities }),
    ...(decision && { decision_function: decision }),
    transform,
    classes,
  }
}

/** Several labels a row; of the probabilities, scikit-learn gives those of the first class of each: [rows, labels]. */
function multilabel(model: Estimator, g: Graph, final: Estimator, made: Converted): Converted {
  const classes = model.labelLists('classes_')
  const positions = need(final, made, 'predict').cast('int64')
  const columns = classes.map((own, i) => labelsAt(g, own, positions.gather(i, 1)))
  const list = made.predict_proba
  const firsts = Array.isArray(list) ? (list as readonly Expr[]).map((each) => each.slice(0, 1, 1)) : undefined
  return { predict: beside(model, g, columns), ...(firsts && { predict_proba: g.concat(firsts, 1) }), classes }
}

/** What the members answer, and the features themselves with `passthrough`. */
function stacked(model: Estimator, x: Features, g: Graph, convert: Convert): Features {
  const methods = model.list('stack_method_')
  const classes =
    model.has('classes_') && !Array.isArray(model.raw('classes_')) ? model.labels().data.length : undefined
  const columns = model.estimators('estimators_').flatMap((member, i) => {
    const method = METHODS.find((name) => name === methods[i])
    if (!method) throw model.broken(['stack_method_'], 'names no method')
    return answered(model, member, convert(member, x), method, classes)
  })
  const width = columns.reduce((sum, column) => sum + column.width, 0)
  const values = columns.map(({ value }) => value)
  const answers = new Features(g.concat(values, 1), width)
  return model.flag('passthrough', false) ? Features.join([answers, x]) : answers
}

interface Answer {
  readonly value: Expr
  readonly width: number
}

/** What one member adds; of two classes the second alone. @param classes their number, for one output */
function answered(
  model: Estimator,
  member: Estimator,
  made: Converted,
  method: (typeof METHODS)[number],
  classes: number | undefined,
): Answer | Answer[] {
  const output = made[method]
  if (Array.isArray(output))
    return (output as readonly Expr[]).map((each, i) => {
      const width = ((made.classes as readonly Labels[] | undefined)?.[i]?.data.length ?? 2) - 1
      return { value: each.slice(1, 1 + width, 1), width }
    })
  const value = numeric(model, need(member, made, method))
  const own =
    made.classes && !Array.isArray(made.classes) ? (made.classes as Labels).data.length : (made.classes?.length ?? 1)
  if (classes === undefined && Array.isArray(model.raw('classes_'))) return { value, width: own }
  if (method === 'predict' || (method === 'decision_function' && own === 2)) return { value: asColumn(value), width: 1 }
  if (method === 'predict_proba' && classes === 2) return { value: value.slice(1, own, 1), width: own - 1 }
  return { value, width: member.text('decision_function_shape', 'ovr') === 'ovo' ? (own * (own - 1)) / 2 : own }
}
