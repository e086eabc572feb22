import type { Neighbors } from '../../kernels/neighbors.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Sparse } from '../../tensor/host-value.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { transposed } from './linear.ts'
import { type Search, searchOf } from './search.ts'

/**
 * Distances to the nearest fitted rows as a sparse matrix [rows, fitted rows]: to one more than asked for, as a fitted
 * row is its own nearest; or ones.
 */
export const neighborsTransformer: Converter = (model, x) => {
  const isDistance = hasDistances(model)
  return graphOf(searchOf(model, x, { nearest: model.number('n_neighbors') + Number(isDistance) }), isDistance)
}

/** The same of the fitted rows within a radius. */
export const radiusTransformer: Converter = (model, x) =>
  graphOf(searchOf(model, x, { radius: model.number('radius') }), hasDistances(model))

/** `x · componentsᵀ` */
export const neighborhoodComponents: Converter = (model, x) => {
  const components = model.floats('components_')
  return { transform: new Features(x.numbers.matmul(transposed(components)), components.dims[0] as number) }
}

const hasDistances = (model: Estimator): boolean =>
  model.oneOf('mode', ['distance', 'connectivity'], 'distance') === 'distance'

function graphOf(search: Search, isDistance: boolean) {
  const [value] = search.run('graph of neighbors', ['sparse'], (found, rows) => [
    toSparse(found, rows, search.count, isDistance),
  ])
  return { transform: new Features(value as Expr, search.count) }
}

function toSparse(
  { starts, indices, distances }: Neighbors,
  rows: number,
  columns: number,
  isDistance: boolean,
): Sparse {
  const order = Int32Array.from(indices, (_, at) => at)
  for (let i = 0; i < rows; i++) {
    order.subarray(starts[i], starts[i + 1]).sort((a, b) => (indices[a] as number) - (indices[b] as number))
  }
  return {
    dtype: 'sparse',
    dims: [rows, columns],
    indptr: starts,
    indices: order.map((at) => indices[at] as number),
    data: Float64Array.from(order, (at) => (isDistance ? (distances[at] as number) : 1)),
  }
}
