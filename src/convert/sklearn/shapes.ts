import type { Tensor } from '../../tensor/tensor.ts'
import type { Estimator } from './estimator.ts'

/**
 * An attribute of the shape that the estimator's other attributes ask for.
 * @param dims a length, or null where any will do
 * @throws InferError bad_model that tells both shapes
 */
export function shaped(model: Estimator, dims: readonly (number | null)[], ...names: readonly string[]): Tensor {
  const tensor = model.floats(...names)
  const fits = tensor.dims.length === dims.length && dims.every((dim, i) => dim === null || dim === tensor.dims[i])
  if (!fits) {
    const wanted = dims.map((dim) => dim ?? 'any').join(', ')
    throw model.broken(names, `is of shape [${tensor.dims.join(', ')}], not [${wanted}]`)
  }
  return tensor
}

/** Numbers of a tensor of float64, as `shaped` and `Estimator.floats` give them. */
export const floatsOf = ({ data }: Tensor): Float64Array => data as Float64Array
