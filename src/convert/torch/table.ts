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
import { SK2TORCH, SK2TORCH_PARTS } from './sk2torch/table.ts'
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

/** `forward` and the other methods by class. A Map: names come out of files. */
const methodsByType: ReadonlyMap<string, ReadonlyMap<string, Converter>> = new Map([
  ...Object.entries(MODULES).map(([type, forward]) => [type, new Map([['forward', forward]])] as const),
  ...Object.entries(SK2TORCH).map(([type, methods]) => [type, new Map(Object.entries(methods))] as const),
])

/** The methods of a module's class, `forward` first; `undefined` of a class that is not converted. */
export const methodsOf = (module: TorchModule): ReadonlyMap<string, Converter> | undefined =>
  methodsByType.get(module.type)

/** Modules that are parts of others and have no forward of their own that is called. */
export const PARTS: ReadonlySet<string> = new Set([
  ...['torch.nn.ModuleDict', 'torch.nn.ModuleList', 'torch.nn.ParameterDict', 'torch.nn.ParameterList'],
  ...SK2TORCH_PARTS,
])
