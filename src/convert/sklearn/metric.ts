import { attributesOf, isArray, isObject, isTuple, type Value } from '../../formats/values.ts'
import {
  CHEBYSHEV,
  EUCLIDEAN,
  MANHATTAN,
  METRICS,
  type Metric,
  mahalanobis,
  minkowski,
  standardized,
} from '../../kernels/metrics.ts'
import { type Estimator, numberOf, toFloats } from './estimator.ts'

/** A metric, by a name and parameters that scikit-learn takes; `p`: its power, which k-d trees go by. */
export interface NamedMetric {
  readonly name: string
  readonly metric: Metric
  readonly p: number
}

/**
 * The metric of an estimator. @param attribute `metric` or `effective_metric_`
 * @param params name -> value: `p`, `w`, `V`, `VI`
 */
export function metricOf(model: Estimator, attribute: string, params: ReadonlyMap<Value, Value>): NamedMetric {
  if (isObject(model.raw(attribute)) || !isText(model.raw(attribute)))
    throw model.unsupported('a metric that is a function')
  const name = model.text(attribute)
  const width = (array: Float64Array | undefined): Float64Array => {
    if (!array) throw model.unsupported(`metric=${name} without its parameter`)
    return array
  }
  if (['minkowski', 'p', 'wminkowski'].includes(name)) return powerMetric(params, name)
  if (name === 'seuclidean') return { name, metric: standardized(width(arrayOf(params.get('V')))), p: 2 }
  if (name === 'mahalanobis') {
    const inverse = arrayOf(params.get('VI')) ?? inverseOfTree(model)
    return { name, metric: mahalanobis(width(inverse)), p: 2 }
  }
  const metric = METRICS.get(name)
  if (!metric) throw model.unsupported(`metric=${name}`)
  return { name, metric, p: POWERS[name] ?? 2 }
}

const isText = (value: Value | undefined): boolean =>
  typeof value === 'string' || (isArray(value) && value.dtype === 'string')

const POWERS: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  ...{ manhattan: 1, l1: 1, cityblock: 1 },
  ...{ chebyshev: Infinity, infinity: Infinity },
})

/** Powers with a metric of their own are that metric. */
function powerMetric(params: ReadonlyMap<Value, Value>, name: string): NamedMetric {
  const p = numberOf(params.get('p')) ?? 2
  const weights = arrayOf(params.get('w'))
  const scaled = name === 'wminkowski' ? weights?.map((weight) => weight ** p) : weights
  if (!scaled && p === 1) return { name: 'manhattan', metric: MANHATTAN, p }
  if (!scaled && p === 2) return { name: 'euclidean', metric: EUCLIDEAN, p }
  if (p === Infinity) return { name: 'chebyshev', metric: CHEBYSHEV, p }
  return { name, metric: minkowski(p, scaled), p }
}

function arrayOf(value: Value | undefined): Float64Array | undefined {
  if (isArray(value)) return toFloats(value)
  return Array.isArray(value) ? Float64Array.from(value.flat() as number[], Number) : undefined
}

/** The inverse that a tree made of the covariance that it was given. */
function inverseOfTree(model: Estimator): Float64Array | undefined {
  const tree = model.raw('_tree', 'tree_')
  if (!isObject(tree) || !isTuple(tree.state)) return undefined
  const metric = tree.state.items.find((item) => isObject(item) && isTuple(item.state))
  const state = isObject(metric) ? metric.state : undefined
  return isTuple(state) ? arrayOf(state.items[2]) : undefined
}

/** The parameters of a metric, as an estimator keeps them. */
export function paramsOf(model: Estimator, ...names: readonly string[]): ReadonlyMap<Value, Value> {
  const params = model.raw(...names)
  if (params === undefined) return new Map()
  if (params instanceof Map) return params
  return isObject(params) ? attributesOf(params) : new Map()
}
