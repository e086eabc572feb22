import { InferError } from '../../errors.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { Estimator, Labels } from './estimator.ts'
import type { Features } from './features.ts'

/** One value, or where scikit-learn returns a list, one for each output of the estimator. */
export type Output = Expr | readonly Expr[]

/** What an estimator gives for a batch, method by method. A method that it has not is absent. */
export interface Converted {
  /** [rows], or [rows, outputs]. Labels are those of `classes`. */
  readonly predict?: Output
  /** [rows, classes] */
  readonly predict_proba?: Output
  readonly predict_log_proba?: Output
  /** [rows] for two classes, else [rows, classes or pairs of classes]. */
  readonly decision_function?: Output
  readonly score_samples?: Output
  readonly transform?: Features
  /** Leaf indices of trees: [rows, trees]. */
  readonly apply?: Output
  /** Per-feature contributions of boosted trees. */
  readonly pred_contribs?: Output
  /** Columns of probabilities and scores; a list for several outputs. */
  readonly classes?: Labels | readonly Labels[]
}

/** Converts an estimator inside another: steps, members, what a search has found. */
export type Convert = (model: Estimator, x: Features) => Converted

/**
 * A fitted estimator as a graph: pure, no bytes, no checks of what the file is worth (`Estimator` does them).
 * @throws InferError bad_model that names the estimator and what of it cannot be said
 */
export type Converter = (model: Estimator, x: Features, g: Graph, convert: Convert) => Converted

/** The method of a member, of a composite that cannot do without. @throws InferError bad_model that names both */
export function need(
  model: Estimator,
  made: Converted,
  method: 'predict' | 'predict_proba' | 'decision_function',
): Expr {
  const output = made[method]
  if (output === undefined || Array.isArray(output))
    throw new InferError('bad_model', `${model.type} has no ${method} of one output`)
  return output as Expr
}

export function needTransform(model: Estimator, made: Converted): Features {
  if (!made.transform) throw new InferError('bad_model', `${model.type} is no transformer`)
  return made.transform
}
