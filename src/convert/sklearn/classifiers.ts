import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { Converted } from './converter.ts'
import type { Labels } from './estimator.ts'

/** The labels at int64 positions [rows]. */
export const labelsAt = (g: Graph, labels: Labels, positions: Expr): Expr =>
  g.node('Gather', [labels, positions], { axis: 0 })

/**
 * Labels of scores, as scikit-learn's linear classifiers choose them: of one score a row [rows] the second class above
 * zero, of several [rows, classes] the first of the largest.
 */
export function labelsOfScores(g: Graph, labels: Labels, scores: Expr, isSingle: boolean): Expr {
  return labelsAt(g, labels, isSingle ? scores.gt(0).cast('int64') : scores.argmax(1))
}

/** [rows, 2] of the probability [rows] of the second class. */
export function pairOf(g: Graph, second: Expr): Expr {
  const column = second.unsqueeze(1)
  return g.concat([g.node('Sub', [1, column]), column], 1)
}

/** A classifier that is known by its probabilities [rows, classes]. */
export const fromProbabilities = (g: Graph, classes: Labels, probabilities: Expr): Converted => ({
  predict: labelsAt(g, classes, probabilities.argmax(1)),
  predict_proba: probabilities,
  predict_log_proba: probabilities.log(),
  classes,
})
