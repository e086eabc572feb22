import { DENSITY_KERNELS, logDensities } from '../../kernels/density.ts'
import { rowsOf } from '../../kernels/pairs.ts'
import type { Expr } from '../../onnx/expr.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { metricOf, paramsOf } from './metric.ts'
import { searchOf } from './search.ts'
import { treeContent } from './tree-state.ts'

/**
 * `log Σ weight · kernel(distance / bandwidth) - log Σ weight`, all of it: `rtol` and `atol`, with which scikit-learn
 * stops early, are zero by default.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/neighbors/_kde.py (score_samples)
 */
export const kernelDensity: Converter = (model, x, g) => {
  const params = new Map([...paramsOf(model, 'metric_params')])
  const { metric } = metricOf(model, 'metric', params)
  const { rows, weights } = treeContent(model, 'tree_')
  if (rows.width !== x.width) throw model.broken(['tree_'], `has ${rows.width} columns, and a request ${x.width}`)
  const names = Object.keys(DENSITY_KERNELS)
  const kernel = DENSITY_KERNELS[model.oneOf('kernel', names, 'gaussian')] as (typeof DENSITY_KERNELS)[string]
  const h = model.has('bandwidth_') ? model.number('bandwidth_') : model.number('bandwidth')
  const total = weights ? weights.reduce((sum, weight) => sum + weight, 0) : rows.count
  const offset = kernel.norm(rows.width) - rows.width * Math.log(h) - Math.log(total)
  const logWeights = weights?.map(Math.log)
  const run = (value: unknown) => {
    const densities = logDensities(rowsOf(value as Tensor), rows, logWeights, metric, kernel.log, h)
    return [
      createTensor(
        'float64',
        [densities.length],
        densities.map((density) => density + offset),
      ),
    ]
  }
  return { score_samples: g.host('kernel density', [x.numbers], ['float64'], run)[0] as Expr }
}

/**
 * How much sparser it is around a row than around its nearest fitted rows, negated; -1 below the offset, else 1.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/neighbors/_lof.py (score_samples)
 */
export const localOutlierFactor: Converter = (model, x, g) => {
  if (!model.flag('novelty', false)) throw model.unsupported('novelty=False, which scores nothing but the fitted rows')
  const nearest = model.number('n_neighbors_')
  const search = searchOf(model, x, { nearest })
  const [density, reach] = fittedOutliers(model, search.count, nearest)
  const scores = search.run('local outlier factors', ['float64'], ({ indices, distances }, rows) => {
    const out = new Float64Array(rows)
    for (let i = 0; i < rows; i++) {
      let [reached, densities] = [0, 0]
      for (let at = i * nearest; at < (i + 1) * nearest; at++) {
        const row = indices[at] as number
        reached += Math.max(distances[at] as number, reach[row] as number)
        densities += density[row] as number
      }
      const own = 1 / (reached / nearest + 1e-10)
      out[i] = -(densities / own / nearest)
    }
    return [createTensor('float64', [rows], out)]
  })[0] as Expr
  const decision = scores.sub(model.number('offset_'))
  return {
    predict: g.where(decision.lt(0), createTensor('int64', [], BigInt64Array.of(-1n)), 1),
    decision_function: decision,
    score_samples: scores,
  }
}

/** By fitted row: its density, and the distance of the farthest of its neighbours. */
function fittedOutliers(model: Estimator, count: number, nearest: number): [Float64Array, Float64Array] {
  const density = model.floats('_lrd').data as Float64Array
  const { data, dims } = model.floats('_distances_fit_X_')
  const width = dims[1] ?? 0
  if (density.length !== count || dims[0] !== count || width < nearest)
    throw model.broken(['_distances_fit_X_'], `is of shape [${dims}] for ${count} rows`)
  const reach = Float64Array.from(
    { length: count },
    (_, i) => (data as Float64Array)[i * width + nearest - 1] as number,
  )
  return [density, reach]
}
