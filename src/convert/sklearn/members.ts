import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { Converted } from './converter.ts'
import type { Estimator, Labels } from './estimator.ts'
import { Features } from './features.ts'

/** Methods whose output is one value for estimators of one output. */
type Method = 'predict' | 'predict_proba' | 'predict_log_proba' | 'decision_function'

/** The method of a member, where it has it for one output. */
export function outputOf(made: Converted, method: Method): Expr | undefined {
  const output = made[method]
  return Array.isArray(output) ? undefined : (output as Expr | undefined)
}

export const isClassifier = (made: Converted): boolean => made.classes !== undefined

/** The class names of a member of one output. @throws InferError bad_model where it has several */
export function classesOf(model: Estimator, made: Converted): Labels {
  if (made.classes === undefined || Array.isArray(made.classes)) throw model.unsupported('members of several outputs')
  return made.classes as Labels
}

/** Labels as numbers; members of ensembles predict the positions of labels. */
export function numeric(model: Estimator, value: Expr): Expr {
  if (value.dtype === 'string') throw model.unsupported('members whose labels are text')
  return value.cast('float64')
}

/** [rows, 1] of [rows] or [rows, 1]. */
export const asColumn = (value: Expr): Expr => value.reshape([-1, 1])

/** [rows] of [rows] or [rows, 1]. */
export const asRow = (value: Expr): Expr => value.reshape([-1])

/** One after the other, as Python's `sum` and numpy's sum over a first axis add. */
export const sumOf = (values: readonly Expr[]): Expr => values.reduce((sum, value) => sum.add(value))

/**
 * What tells two classes apart: [rows, 1] of the decision function, else the probability of the second class; of a
 * regressor, what it predicts.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/multiclass.py (_predict_binary)
 */
export function binaryScore(model: Estimator, made: Converted): Expr {
  const decision = outputOf(made, 'decision_function')
  if (decision) return asColumn(decision)
  const probabilities = outputOf(made, 'predict_proba')
  if (probabilities) return probabilities.slice(1, 2, 1)
  const prediction = outputOf(made, 'predict')
  if (!prediction) throw model.unsupported('members that neither score nor predict one output')
  return asColumn(numeric(model, prediction))
}

/** The row [1, ...] for every row of the features, which are numbers. */
export function repeated(g: Graph, x: Features, row: Tensor): Expr {
  const rows = g.node('Shape', [x.numbers], { start: 0, end: 1 })
  const first = g.node('ConstantOfShape', [rows], { value: createTensor('int64', [1]) })
  return g.node('Gather', [row, first], { axis: 0 })
}

/** The features and further columns of numbers beside them. */
export function augmented(g: Graph, x: Features, columns: readonly Expr[]): Features {
  return columns.length === 0 ? x : Features.join([x, new Features(g.concat(columns, 1), columns.length)])
}

/** Columns of labels side by side; numbers of several kinds are floats. */
export function beside(model: Estimator, g: Graph, columns: readonly Expr[]): Expr {
  const isMixed = columns.some(({ dtype }) => dtype !== columns[0]?.dtype)
  const alike = isMixed ? columns.map((column) => numeric(model, column)) : columns
  return g.concat(alike.map(asColumn), 1)
}
