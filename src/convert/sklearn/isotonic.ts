import { isArray } from '../../formats/values.ts'
import { interpolate, type PolyLine } from '../../kernels/interpolation.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features } from './features.ts'

/**
 * A line through the thresholds. What scipy's interpolation of float32 is changed about when scikit-learn 1.5 came out.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/isotonic.py (IsotonicRegression._transform)
 */
export function polyLine(model: Estimator): PolyLine {
  const xs = ['X_thresholds_', '_necessary_X_'] as const
  const raw = model.raw(...xs)
  const x = model.floats(...xs).data as Float64Array
  return {
    x,
    y: model.floats('y_thresholds_', '_necessary_y_').data as Float64Array,
    low: model.number('X_min_', x[0]),
    high: model.number('X_max_', x.at(-1)),
    outside: model.oneOf('out_of_bounds', ['nan', 'clip', 'raise'], 'nan'),
    single: isArray(raw) && raw.dtype === 'float32' ? (model.isSince(1, 5) ? 'shares' : 'slope') : undefined,
  }
}

/** Each column [rows, lines] along its own line. */
export const alongLines = (g: Graph, lines: readonly PolyLine[], x: Expr): Expr =>
  g.host('interpolation', [x], ['float64'], (table) => [interpolate(lines, table as Tensor)])[0] as Expr

export const isotonicRegression: Converter = (model, x, g) => {
  const value = alongLines(g, [polyLine(model)], x.numbers).reshape([-1])
  return { predict: value, transform: new Features(value, 1) }
}
