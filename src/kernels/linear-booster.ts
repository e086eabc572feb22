import { createTensor, type Tensor } from '../tensor/tensor.ts'

/**
 * XGBoost's gblinear in float32 (src/gbm/gblinear.cc, `Pred`): the bias and the base, then each column's weight; what
 * is missing adds nothing.
 * @param weights a row of `groups` for each column, then the biases
 * @returns float64 [rows, groups]
 */
export function linearBooster(x: Tensor, weights: Float64Array, base: Float64Array): Tensor {
  const [rows = 0, columns = 0] = x.dims
  const groups = base.length
  const cells = Float32Array.from(x.data as Float64Array)
  const sums = new Float64Array(rows * groups)
  for (let row = 0; row < rows; row++) {
    for (let group = 0; group < groups; group++) {
      let sum = Math.fround((weights[columns * groups + group] as number) + (base[group] as number))
      for (let column = 0; column < columns; column++) {
        const value = cells[row * columns + column] as number
        if (Number.isNaN(value)) continue
        sum = Math.fround(sum + Math.fround(value * (weights[column * groups + group] as number)))
      }
      sums[row * groups + group] = sum
    }
  }
  return createTensor('float64', [rows, groups], sums)
}
