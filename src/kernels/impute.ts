import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { type Rows, rowsOf } from './pairs.ts'
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
      distances ??= distancesTo(row, fitted)
      out[i * width + column] = imputed(imputer, distances, column)
    }
  }
  return createTensor('float64', x.dims, out)
}

/** `√ (columns / present) Σ (x - y)²` over the columns present in both; NaN where there is none. */
function distancesTo(row: Float64Array, { data, count, width }: Rows): Float64Array {
  const present = Int32Array.from(row.keys()).filter((column) => !Number.isNaN(row[column]))
  const values = Float64Array.from(present, (column) => row[column] as number)
  const out = new Float64Array(count)
  for (let j = 0; j < count; j++) {
    let [sum, shared] = [0, 0]
    for (let k = 0; k < present.length; k++) {
      const d = (values[k] as number) - (data[j * width + (present[k] as number)] as number)
      if (Number.isNaN(d)) continue
      sum += d * d
      shared++
    }
    out[j] = Math.sqrt((sum / shared) * width)
  }
  return out
}

function imputed(imputer: Imputer, distances: Float64Array, column: number): number {
  const { fitted, means, nearest, weighting, countsApart } = imputer
  const at = (row: number): number => fitted.data[row * fitted.width + column] as number
  const chosen = nearestDonors(imputer, distances, column)
  const isUniform = weighting === 'uniform'
  if (isUniform && countsApart && chosen.length > 0) addApart(chosen, fitted, distances, column, nearest)
  if (chosen.length === 0) return means[column] as number
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

/** Fitted rows that have the column and a distance, the nearest first. */
function nearestDonors({ fitted, nearest }: Imputer, distances: Float64Array, column: number): number[] {
  const chosen: number[] = []
  for (let row = 0; row < fitted.count; row++) {
    const distance = distances[row] as number
    const isFull = chosen.length === nearest
    if (Number.isNaN(distance) || Number.isNaN(fitted.data[row * fitted.width + column])) continue
    if (isFull && !(distance < (distances[chosen[nearest - 1] as number] as number))) continue
    if (isFull) chosen.pop()
    let to = chosen.length
    while (to > 0 && (distances[chosen[to - 1] as number] as number) > distance) to--
    chosen.splice(to, 0, row)
  }
  return chosen
}

/** Rows without a distance, in their order, up to `most`. */
function addApart(chosen: number[], fitted: Rows, distances: Float64Array, column: number, most: number): void {
  for (let row = 0; row < fitted.count && chosen.length < most; row++)
    if (Number.isNaN(distances[row]) && !Number.isNaN(fitted.data[row * fitted.width + column])) chosen.push(row)
}
