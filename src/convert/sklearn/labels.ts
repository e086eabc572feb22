import { isArray, type Value } from '../../formats/values.ts'
import { valueAt } from '../../tensor/tensor.ts'
import { type Labels, numberOf } from './estimator.ts'

/** Where among the labels a Python value is: equal as Python has it, `1 == 1.0 == True`; -1 where it is not. */
export function positionOf(labels: Labels, value: Value | undefined): number {
  const bare = isArray(value) && value.shape.length === 0 && value.dtype === 'string' ? value.data[0] : value
  const number = numberOf(bare as Value)
  return Array.from({ length: labels.data.length }, (_, i) => valueAt(labels, i)).findIndex((label) =>
    typeof label === 'string' ? label === bare : number !== undefined && Number(label) === number,
  )
}
