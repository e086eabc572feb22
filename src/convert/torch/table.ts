import { ACTIVATIONS } from './activation.ts'
import { CONTAINERS } from './container.ts'
import type { Converter } from './converter.ts'
import { LINEAR } from './linear.ts'
import type { TorchModule } from './module.ts'

/** Every module of torch that is converted, by its public name; families are in files of their own. */
export const MODULES = {
  ...ACTIVATIONS,
  ...CONTAINERS,
  ...LINEAR,
} as const satisfies Record<string, Converter>

/** A Map: names come out of files. */
export const converterOf: ReadonlyMap<string, Converter> = new Map<string, Converter>(Object.entries(MODULES))

/** Modules that are parts of others and have no forward of their own that is called. */
export const PARTS: ReadonlySet<string> = new Set([
  'torch.nn.ModuleDict',
  'torch.nn.ModuleList',
  'torch.nn.ParameterDict',
  'torch.nn.ParameterList',
])

/** The methods of a module, `forward` first. */
export function methodsOf(module: TorchModule): ReadonlyMap<string, Converter> {
  const forward = converterOf.get(module.type)
  return new Map(forward ? [['forward', forward]] : [])
}
