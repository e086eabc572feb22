import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { NAN_EUCLIDEAN } from './metrics.ts'
import { pairwise, type Rows, rowsOf } from './pairs.ts'
import type { Weighting } from './votes.ts'

/** Missing values are NaN. */
export interface Imputer {
  readonly fitted: Rows
  /** By column: what is used where no fitted row is near; NaN where a column was missing in all of them. */
  readonly means: Float64Array
  readonly nearest: number
  readonly weighting: Weighting
  /** Whether rows that share no column with the row stand in where there are too few others. */
  readonly countsApart: boolean
}

/**
 * Missing values as the mean of the nearest fitted rows that have the column.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/impute/_knn.py (transform)
 * @param x float64 [rows, columns]
 */
export function imputeNearest(imputer: Imputer, x: Tensor): Tensor {
  const { fitted, means } = imputer
  const { width } = fitted
  const from = x.data as Float64Array
  const out = from.slice()
  const rows = rowsOf(x)
  for (let i = 0; i < rows.count; i++) {
    const row = from.subarray(i * width, (i + 1) * width)
    let distances: Float64Array | undefined
    for (let column = 0; column < width; column++) {
      if (!Number.isNaN(row[column]) || Number.isNaN(means[column])) continue
      distances ??= pairwise(NAN_EUCLIDEAN.reduced, { data: row, count: 1, width }, fitted).map(Math.sqrt)
      out[i * width + column] = imputed(imputer, distances, column)
    }
  }
  return createTensor('float64', x.dims, out)
}

function imputed(imputer: Imputer, distances: Float64Array, column: number): number {
  const { fitted, means, nearest, weighting, countsApart } = imputer
  const at = (row: number): number => fitted.data[row * fitted.width + column] as number
  const [donors, apart]: [number[], number[]] = [[], []]
  for (let row = 0; row < fitted.count; row++)
    if (!Number.isNaN(at(row))) (Number.isNaN(distances[row]) ? apart : donors).push(row)
  if (donors.length === 0) return means[column] as number
  donors.sort((a, b) => (distances[a] as number) - (distances[b] as number) || a - b)
  const isUniform = weighting === 'uniform'
  const chosen = (isUniform && countsApart ? [...donors, ...apart] : donors).slice(0, nearest)
  const isOnRow = distances[chosen[0] as number] === 0
  let [sum, total] = [0, 0]
  for (const row of chosen) {
    const distance = distances[row] as number
    const weight = isUniform ? 1 : isOnRow ? Number(distance === 0) : 1 / distance
    sum += weight * at(row)
    total += weight
  }
  return sum / total
}
