import { InferError } from '../../errors.ts'
import { type Datum, describeDatum } from '../aten/args.ts'
import type { Aten } from '../aten/aten.ts'
import { SymTensor } from '../aten/symbolic.ts'
import type { TorchModule } from './module.ts'

/** Calls a module within another: its `forward`, or a method by name. */
export interface Forward {
  (module: TorchModule, ...inputs: readonly Datum[]): Datum
  readonly method: (module: TorchModule, name: string, inputs: readonly Datum[]) => Datum
}

/**
 * A module's `forward` in evaluation mode, for these arguments: what it returns, tuples as arrays.
 * @throws InferError bad_model that names the module and the setting, bad_request for inputs that it does not take
 */
export type Converter = (m: TorchModule, t: Aten, inputs: readonly Datum[], forward: Forward) => Datum

/** The methods of a class that has several. */
export interface Methods {
  readonly forward: Converter
  readonly [method: string]: Converter
}

/** The i-th argument, a tensor. */
export function tensorAt(m: TorchModule, inputs: readonly Datum[], i = 0): SymTensor {
  const value = inputs[i]
  if (value instanceof SymTensor) return value
  if (value === undefined || value === null)
    throw new InferError('bad_request', `${m.title} takes ${i + 1} or more tensors, and is given ${i}`)
  throw new InferError('bad_model', `${m.title} is given ${describeDatum(value)}, not a tensor`)
}

/** The i-th argument where there is one. */
export const optionalAt = (m: TorchModule, inputs: readonly Datum[], i: number): SymTensor | null =>
  (inputs[i] ?? null) === null ? null : tensorAt(m, inputs, i)
