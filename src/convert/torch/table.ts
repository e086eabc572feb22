import { ACTIVATIONS } from './activation.ts'
import { CONTAINERS } from './container.ts'
import { CONVOLUTIONS } from './conv.ts'
import type { Converter } from './converter.ts'
import { EMBEDDINGS } from './embedding.ts'
import { IMAGES } from './image.ts'
import { LINEAR } from './linear.ts'
import type { TorchModule } from './module.ts'
import { NORMS } from './norm.ts'
import { POOLS } from './pooling.ts'
import { RECURRENTS } from './recurrent.ts'
import { TRANSFORMERS } from './transformer.ts'

/** Every module of torch that is converted, by its public name; families are in files of their own. */
export const MODULES = {
  ...ACTIVATIONS,
  ...CONTAINERS,
  ...CONVOLUTIONS,
  ...EMBEDDINGS,
  ...IMAGES,
  ...LINEAR,
  ...NORMS,
  ...POOLS,
  ...RECURRENTS,
  ...TRANSFORMERS,
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
