import type { Aten } from './aten.ts'
import type { Size } from './size.ts'
import type { SymTensor } from './symbolic.ts'

/**
 * Rows of several lengths, as torch.nn.utils.rnn packs them. Here they stay padded, since how many steps there are in
 * all depends on data: what is beyond a row's length is no part of it, whatever is there.
 */
export class Packed {
  /** [length, batch, ...] */
  readonly padded: SymTensor
  /** int64 [batch] */
  readonly lengths: SymTensor

  constructor(padded: SymTensor, lengths: SymTensor) {
    this.padded = padded
    this.lengths = lengths
  }
}

/** Of how many rows each step is. Only that all rows are there at the first is known, and that there is a last. */
export class BatchSizes {
  readonly of: Packed

  constructor(of: Packed) {
    this.of = of
  }
}

/** bool [length, batch]: whether a step is of the row. */
export function stepsOf(t: Aten, length: Size, lengths: SymTensor): SymTensor {
  const steps = t.op('arange', [sizeDatum(length)])
  return t.op('lt', [t.op('unsqueeze', [steps, 1n]), lengths])
}

export const sizeDatum = (size: Size) => (typeof size === 'number' ? BigInt(size) : size)
