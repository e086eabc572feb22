import { InferError } from '../errors.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/**
 * Each column by its own lambda; what is missing stays so.
 * Yeo-Johnson: ((x + 1)^λ - 1) / λ where x >= 0, -((1 - x)^(2 - λ) - 1) / (2 - λ) below. Box-Cox: (x^λ - 1) / λ, of
 * positive numbers only. Where the divisor is 0, the logarithm that both tend to.
 * @param isPlain whether Yeo and Johnson's is computed as it is written, as releases up to 1.8 do
 * @throws InferError bad_request
 */
export function powersOf(
  method: 'yeo-johnson' | 'box-cox',
  lambdas: Float64Array,
  x: Tensor,
  names: readonly string[] | undefined,
  isPlain = false,
): Tensor {
  const power = isPlain ? plainPower : powerOfLog
  const from = x.data as Float64Array
  const to = new Float64Array(from.length)
  const width = lambdas.length
  for (let i = 0; i < from.length; i++) {
    const value = from[i] as number
    const lambda = lambdas[i % width] as number
    if (method === 'yeo-johnson')
      to[i] =
        value < 0 ? -power(Math.log1p(-value), 2 - lambda, 1 - value) : power(Math.log1p(value), lambda, value + 1)
    else {
      if (value <= 0) {
        const where = `row ${Math.floor(i / width)} has ${value} in column ${names?.[i % width] ?? i % width}`
        throw new InferError('bad_request', `${where}, and Box-Cox takes positive numbers only`)
      }
      to[i] = powerOfLog(Math.log(value), lambda)
    }
  }
  return createTensor('float64', x.dims, to)
}

/** (e^(λ log) - 1) / λ, or its limit. */
const powerOfLog = (log: number, lambda: number): number =>
  Math.abs(lambda) < 2 ** -52 ? log : Math.expm1(lambda * log) / lambda

const plainPower = (log: number, lambda: number, base: number): number =>
  Math.abs(lambda) < 2 ** -52 ? log : (base ** lambda - 1) / lambda
