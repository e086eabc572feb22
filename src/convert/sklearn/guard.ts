import { checkFinite, type Finiteness } from '../../kernels/table.ts'
import type { Objects } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Features } from './features.ts'

/** Values that `model` would refuse are refused, once, where they come in. */
export function requireFinite(
  model: { readonly type: string },
  { raw }: Features,
  takes: Finiteness,
  names?: readonly string[] | undefined,
): void {
  if (!raw) return
  const { input, columns } = raw
  input.graph.guard(input, (table) => {
    checkFinite(table as Tensor | Objects, columns, takes, model.type, names)
  })
}
