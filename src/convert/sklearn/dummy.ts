import { isArray, itemsOf, type Value } from '../../formats/values.ts'
import { repeatRow } from '../../kernels/repeated-row.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { TensorData } from '../../tensor/dtype.ts'
import type { HostValue } from '../../tensor/host-value.ts'
import { createTensor, type Tensor, valueAt } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import type { Estimator, Labels } from './estimator.ts'
import type { Features } from './features.ts'
import { positionOf } from './labels.ts'

const STRATEGIES = ['most_frequent', 'prior', 'constant'] as const

/**
 * The same answer for every row: the commonest label, or the one that was asked for.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/dummy.py (DummyClassifier)
 */
export const dummyClassifier: Converter = (model, x, g) => {
  const name = model.has('_strategy') ? '_strategy' : 'strategy'
  const strategy = model.oneOf(name, STRATEGIES)
  if (model.flag('sparse_output_', false)) throw model.unsupported('sparse outputs')
  const isSingle = model.number('n_outputs_', 1) === 1
  const labels = isSingle ? [model.labels()] : model.labelLists('classes_')
  const priors = isSingle
    ? [model.floats('class_prior_').data as Float64Array]
    : model.list('class_prior_').map((prior) => Float64Array.from(isArray(prior) ? (prior.data as Float64Array) : []))
  const chosen = labels.map((own, i) =>
    strategy === 'constant' ? constantOf(model, own, i, isSingle) : highest(priors[i] as Float64Array),
  )
  const probabilities = labels.map(({ data }, i) => {
    const isChosen = (_: unknown, j: number): number => Number(j === chosen[i])
    const row =
      strategy === 'prior' ? (priors[i] as Float64Array) : Float64Array.from({ length: data.length }, isChosen)
    return createTensor('float64', [1, data.length], row)
  })
  const row = rowOf(labels, chosen)
  const logarithms = probabilities.map(({ dims, data }) =>
    createTensor('float64', dims, (data as Float64Array).map(Math.log)),
  )
  const same = (each: Tensor): Expr => repeated(g, x, each)
  if (!isSingle)
    return {
      predict: same(row),
      predict_proba: probabilities.map(same),
      predict_log_proba: logarithms.map(same),
      classes: labels,
    }
  return {
    predict: same(createTensor(row.dtype, [1], row.data)),
    predict_proba: same(probabilities[0] as Tensor),
    predict_log_proba: same(logarithms[0] as Tensor),
    classes: labels[0] as Labels,
  }
}

/** The row [1, ...] for each of the features', whatever they are. ONNX would take ten times as long. */
function repeated(g: Graph, x: Features, row: Tensor): Expr {
  const run = ({ dims: [rows = 0] }: HostValue) => [repeatRow(row, rows)]
  return g.host('the same answer', [x.value], [row.dtype], run)[0] as Expr
}

const highest = (values: Float64Array): number => values.indexOf(Math.max(...values))

/** Which class the parameter `constant` names for one output. */
function constantOf(model: Estimator, labels: Labels, output: number, isSingle: boolean): number {
  const constant = model.raw('constant')
  const items = isArray(constant) ? (constant.data as readonly Value[]) : itemsOf(constant)
  const value = items ? items[output] : isSingle ? constant : undefined
  const position = positionOf(labels, value)
  if (position < 0) throw model.broken(['constant'], 'is none of the classes')
  return position
}

/** [1, outputs]: one label of each; as numpy has it, text where one is text, else floats where they differ in type. */
function rowOf(labels: readonly Labels[], chosen: readonly number[]): Tensor {
  const dtypes = new Set(labels.map(({ dtype }) => dtype))
  const values = labels.map((own, i) => valueAt(own, chosen[i] as number))
  const [dtype] = dtypes
  const shape = [1, labels.length]
  if (dtypes.has('string')) return createTensor('string', shape, values.map(String))
  if (dtypes.size === 1 && dtype === 'int64')
    return createTensor('int64', shape, BigInt64Array.from(values as bigint[]))
  if (dtypes.size === 1 && dtype === 'bool') return createTensor('bool', shape, Uint8Array.from(values, Number))
  return createTensor('float64', shape, Float64Array.from(values, Number) as TensorData)
}

/** A mean, median, quantile or constant: `constant_` is [1, outputs]. */
export const dummyRegressor: Converter = (model, x, g) => {
  const { data } = model.floats('constant_')
  const outputs = model.number('n_outputs_', data.length)
  const filled = data.length === outputs ? data : new Float64Array(outputs).fill(data[0] as number)
  const isColumn = outputs === 1 && !model.flag('output_2d_', false)
  return { predict: repeated(g, x, createTensor('float64', isColumn ? [1] : [1, outputs], filled)) }
}
