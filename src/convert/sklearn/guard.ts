import { checkFinite, type Finiteness } from '../../kernels/table.ts'
import type { Objects } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'

/** Values that `model` would refuse are refused, once, where they come in. */
export function requireFinite(model: Estimator, { raw }: Features, takes: Finiteness): void {
  if (!raw) return
  const { input, columns, names } = raw
  input.graph.guard(input, (table) => {
    checkFinite(table as Tensor | Objects, columns, takes, model.type, names)
  })
}

/** @throws InferError bad_model where an attribute is of another number of columns than come in */
export function requireWidth(model: Estimator, x: Features, attribute: string, width: number): void {
  if (width !== x.width) throw model.broken([attribute], `is of ${width} columns, where there are ${x.width}`)
}
