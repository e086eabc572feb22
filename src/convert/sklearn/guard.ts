import { checkFinite, type Finiteness } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Objects } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Features } from './features.ts'

/** By input, what is checked already: the members of an ensemble all ask for the same. */
const CHECKS = new WeakMap<Expr, Set<string>>()

/** Values that `model` would refuse are refused, once, where they come in. */
export function requireFinite(
  model: { readonly type: string },
  { raw }: Features,
  takes: Finiteness,
  names?: readonly string[] | undefined,
): void {
  if (!raw) return
  const { input, columns } = raw
  const check = `${takes} ${columns}`
  const checks = CHECKS.get(input) ?? new Set()
  if (checks.has(check)) return
  CHECKS.set(input, checks.add(check))
  input.graph.guard(input, (table) => {
    checkFinite(table as Tensor | Objects, columns, takes, model.type, names)
  })
}
