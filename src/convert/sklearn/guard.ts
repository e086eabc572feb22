import { checkFinite, type Finiteness } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Objects } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'

/** By input, what is checked already: the members of an ensemble all ask for the same. */
const CHECKS = new WeakMap<Expr, Set<string>>()

/** Values that `model` would refuse are refused, once, where they come in. */
export function requireFinite(model: { readonly type: string }, { raw }: Features, takes: Finiteness): void {
  if (!raw) return
  const { input, columns, names } = raw
  const check = `${takes} ${columns}`
  const checks = CHECKS.get(input) ?? new Set()
  if (checks.has(check)) return
  CHECKS.set(input, checks.add(check))
  input.graph.guard(input, (table) => {
    checkFinite(table as Tensor | Objects, columns, takes, model.type, names)
  })
}

/** @throws InferError bad_model where an attribute is of another number of columns than come in */
export function requireWidth(model: Estimator, x: Features, attribute: string, width: number): void {
  if (width !== x.width) throw model.broken([attribute], `is of ${width} columns, where there are ${x.width}`)
}
