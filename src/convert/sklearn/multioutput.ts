import type { Expr } from '../../onnx/expr.ts'
import { type Converted, type Converter, need } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { asColumn, augmented, beside, classesOf, numeric, outputOf } from './members.ts'

/** A regressor an output. */
export const multiOutputRegressor: Converter = (model, x, g, convert) => ({
  predict: beside(
    model,
    g,
    model.estimators('estimators_').map((member) => need(member, convert(member, x), 'predict')),
  ),
})

/**
 * A classifier an output; probabilities are a list.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/multioutput.py (MultiOutputClassifier)
 */
export const multiOutputClassifier: Converter = (model, x, g, convert) => {
  const estimators = model.estimators('estimators_')
  const members = estimators.map((member) => convert(member, x))
  const predict = beside(
    model,
    g,
    members.map((made, i) => need(estimators[i] as Estimator, made, 'predict')),
  )
  const probabilities = members.map((made) => outputOf(made, 'predict_proba')).filter((found) => found !== undefined)
  return {
    predict,
    ...(probabilities.length === members.length && { predict_proba: probabilities }),
    classes: members.map((made) => classesOf(model, made)),
  }
}

type Method = 'predict' | 'predict_proba' | 'predict_log_proba' | 'decision_function'

/**
 * Each member gets the features and what those before it answered; outputs come in the order of the targets.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/multioutput.py (_BaseChain._get_predictions)
 */
export const regressorChain: Converter = (model, x, g, convert) => ({
  predict: chain(model, x, g, convert)('predict') as Expr,
})

export const classifierChain: Converter = (model, x, g, convert) => {
  const along = chain(model, x, g, convert)
  const [probabilities, decision] = [along('predict_proba'), along('decision_function')]
  return {
    predict: along('predict') as Expr,
    ...(probabilities && { predict_proba: probabilities }),
    ...(probabilities && model.isSince(1, 4) && { predict_log_proba: probabilities.log() }),
    ...(decision && { decision_function: decision }),
  }
}

function chain(...[model, x, g, convert]: Parameters<Converter>): (method: Method) => Expr | undefined {
  const order = model.integers('order_')
  const handedOn = model.oneOf('chain_method_', METHODS, 'predict')
  const members: Converted[] = []
  const previous: Expr[] = []
  for (const member of model.estimators('estimators_')) {
    const made = convert(member, augmented(g, x, previous))
    members.push(made)
    const column = columnOf(model, made, handedOn)
    if (!column) throw model.unsupported(`members without ${handedOn}`)
    previous.push(column)
  }
  return (method) => {
    const columns = members.map((made) => columnOf(model, made, method)).filter((found) => found !== undefined)
    if (columns.length < members.length) return undefined
    return g.concat(
      order.map((_, target) => columns[order.indexOf(target)] as Expr),
      1,
    )
  }
}

const METHODS = ['predict', 'predict_proba', 'predict_log_proba', 'decision_function'] as const

/** [rows, 1]: of probabilities the second class's. */
function columnOf(model: Estimator, made: Converted, method: Method): Expr | undefined {
  const output = outputOf(made, method)
  if (!output) return undefined
  return method.endsWith('proba') ? output.slice(1, 2, 1) : asColumn(numeric(model, output))
}
