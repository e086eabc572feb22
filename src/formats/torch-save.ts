import type { Value } from './values.ts'

/** What `torch.save` saved. */
export interface TorchSave {
  readonly format: 'torch'
  /** `legacy` before torch 1.6. */
  readonly container: 'zip' | 'legacy'
  readonly value: Value
  readonly globals: readonly string[]
  /** The text of classes that legacy files carry, by class. */
  readonly sources: ReadonlyMap<string, string>
}
