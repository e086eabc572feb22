import { isArray } from '../../formats/values.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { type Estimator, toFloats } from './estimator.ts'

/** A list of arrays that may differ in shape, each float64. */
export function matrices(model: Estimator, ...names: readonly string[]): Tensor[] {
  const value = model.raw(...names)
  if (isArray(value) && value.dtype !== 'object') return slices(model.floats(...names))
  return model.list(...names).map((item) => {
    if (!isArray(item)) throw model.broken(names, 'is no list of arrays')
    return createTensor('float64', item.shape, toFloats(item))
  })
}

/** Along the first axis. */
function slices({ dims, data }: Tensor): Tensor[] {
  const [count = 0, ...rest] = dims
  const size = data.length / Math.max(1, count)
  return Array.from({ length: count }, (_, i) =>
    createTensor('float64', rest, (data as Float64Array).subarray(i * size, (i + 1) * size)),
  )
}
