import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** A function of one number, of each. */
export function eachNumber(change: (value: number) => number, x: Tensor): Tensor {
  return createTensor('float64', x.dims, (x.data as Float64Array).map(change))
}
