import { mapSparse, normalizeRows } from '../../kernels/sparse.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { Operand } from '../../onnx/node.ts'
import type { Sparse } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import type { Features } from './features.ts'

/** `(x - mean) / scale`, each where it was fitted. */
export const standardScaler: Converter = (model, x) => {
  const mean = model.has('mean_') && model.flag('with_mean', true) ? model.floats('mean_') : undefined
  const hasScale = model.has('scale_', 'std_') && model.flag('with_std', true)
  return { transform: scaled(x, mean, hasScale ? model.floats('scale_', 'std_') : undefined) }
}

/** `(x - center) / scale`, each where it was fitted. */
export const robustScaler: Converter = (model, x) => {
  const center = model.flag('with_centering', true) && model.has('center_') ? model.floats('center_') : undefined
  const hasScale = model.flag('with_scaling', true) && model.has('scale_')
  return { transform: scaled(x, center, hasScale ? model.floats('scale_') : undefined) }
}

/** `x * scale + min`, within the range where it clips. */
export const minMaxScaler: Converter = (model, x, g) => {
  const value = x.numbers.mul(model.floats('scale_')).add(model.floats('min_'))
  const [low = 0, high = 1] = model.floats('feature_range').data as Float64Array
  return { transform: x.with(model.flag('clip', false) ? within(g, value, low, high) : value) }
}

/** `x / scale`, within -1 and 1 where it clips. */
export const maxAbsScaler: Converter = (model, x, g) => {
  const transform = scaled(x, undefined, model.floats('scale_'))
  if (!model.flag('clip', false)) return { transform }
  return { transform: x.with(within(g, transform.numbers, -1, 1)) }
}

/**
 * Rows of length one; rows of (next to) nothing stay.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/preprocessing/_data.py (normalize)
 */
export const normalizer: Converter = (model, x, g) => {
  const norm = model.oneOf('norm', ['l1', 'l2', 'max'], 'l2')
  if (x.isSparse) {
    const run = (matrix: unknown) => [normalizeRows(matrix as Sparse, norm)]
    return { transform: x.with(g.host('rows of length one', [x.value], ['sparse'], run)[0] as Expr) }
  }
  const value = x.numbers
  const length = {
    l1: () => value.abs().sum(1),
    l2: () => value.mul(value).sum(1).sqrt(),
    max: () => (model.isSince(0, 24) ? value.abs() : value).maximum(1),
  }[norm]()
  const isNothing = model.isSince(1, 0) ? length.lt(10 * 2 ** -52) : length.eq(0)
  return { transform: x.with(value.div(g.where(isNothing, 1, length))) }
}

/** 1 above the threshold, else 0. */
export const binarizer: Converter = (model, x) => {
  const threshold = model.number('threshold', 0)
  if (!x.isSparse || threshold < 0) return { transform: x.with(x.numbers.gt(threshold).cast('float64')) }
  return { transform: x.with(eachValue(x, 'above the threshold', (value) => Number(value > threshold))) }
}

/** A kernel matrix as if its features had been centred: `K - rows - mean of K's rows + all`. */
export const kernelCenterer: Converter = (model, x, g) => {
  const rows = model.floats('K_fit_rows_')
  const mean = x.numbers.sum(1).div(rows.data.length)
  return {
    transform: x.with(
      x.numbers
        .sub(rows)
        .sub(mean)
        .add(g.operand(model.number('K_fit_all_'))),
    ),
  }
}

function scaled(x: Features, center: Tensor | undefined, scale: Tensor | undefined): Features {
  if (x.isSparse && !center) {
    if (!scale) return x
    const divisors = scale.data as Float64Array
    return x.with(eachValue(x, 'scale of columns', (value, column) => value / (divisors[column] as number)))
  }
  const centered = center ? x.numbers.sub(center) : x.numbers
  return x.with(scale ? centered.div(scale) : centered)
}

/** Each value of a sparse matrix that is there, changed. */
export function eachValue(x: Features, name: string, change: (value: number, column: number) => number): Expr {
  const run = (matrix: unknown) => [mapSparse(matrix as Sparse, change)]
  return x.value.graph.host(name, [x.value], ['sparse'], run)[0] as Expr
}

/** No less than `low`, no more than `high`; what is missing stays so. */
export function within(g: Graph, value: Expr, low: Operand, high: Operand): Expr {
  const raised = g.where(value.lt(low), low, value)
  return g.where(raised.gt(high), high, raised)
}
