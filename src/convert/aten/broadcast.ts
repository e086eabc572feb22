import { InferError } from '../../errors.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { Args, Scalar } from './args.ts'
import { isScalar } from './args.ts'
import type { Aten } from './aten.ts'
import { alike, type Size, sameSize } from './size.ts'
import { SymTensor } from './symbolic.ts'

/**
 * The sizes that tensors of these have together (numpy's rule).
 * @throws InferError bad_model when they do not broadcast
 */
export function broadcast(...shapes: readonly (readonly Size[])[]): Size[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length))
  return Array.from({ length: rank }, (_, axis) => {
    let size: Size = 1
    for (const shape of shapes) {
      const own = shape[shape.length - rank + axis] ?? 1
      if (own === 1 || alike(own, size)) continue
      if (size !== 1 && !sameSize(size, own))
        throw new InferError(
          'bad_request',
          `sizes [${shapes.map((dims) => dims.join(', ')).join('] and [')}] do not fit`,
        )
      size = own
    }
    return size
  })
}

export type Operand = SymTensor | Scalar

/** A parameter that may be a tensor or a number. */
export function operand(args: Args, name: string): Operand {
  const value = args.get(name)
  if (value instanceof SymTensor || isScalar(value)) return value
  return args.fail(name, 'a tensor or a number')
}

/** An operand in the type that `dtype` is computed in. */
export const exprOf = (t: Aten, value: Operand, dtype: DType): Expr =>
  value instanceof SymTensor ? t.in(value, dtype) : t.value(t.scalar(value, dtype))

export const dimsOf = (value: Operand): readonly Size[] => (value instanceof SymTensor ? value.dims : [])
