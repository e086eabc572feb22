import { InferError } from '../../errors.ts'
import { quantizedHint } from '../aten/quantized.ts'
import type { TorchModule } from './module.ts'
import { methodsOf, PARTS } from './table.ts'

/** Modules of a model, those of its modules included: what torchvision has of the largest has 2000. */
const MAX_MODULES = 100_000
/** Modules within modules; Python's own recursion ends at 1000 calls, of which torch spends three a module. */
export const MAX_DEPTH = 256
const SHOWN = 10

/**
 * All modules of a model that is converted; refuses one with modules that are not, all of them at once.
 * @throws InferError bad_model that names them, and what to do about classes of one's own
 */
export function checkedModules(root: TorchModule): TorchModule[] {
  const missing = new Map<string, string>()
  const found: TorchModule[] = []
  const queue: [module: TorchModule, depth: number][] = [[root, 0]]
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [module, depth] = next
    found.push(module)
    if (found.length > MAX_MODULES) throw new InferError('bad_model', `the model has more than ${MAX_MODULES} modules`)
    if (depth > MAX_DEPTH) throw new InferError('bad_model', `the model nests more than ${MAX_DEPTH} modules`)
    const known = methodsOf(module) !== undefined || PARTS.has(module.type)
    if (!known && !missing.has(module.type)) missing.set(module.type, module.path)
    if (known) for (const [, child] of [...module.children()].reverse()) queue.push([child, depth + 1])
  }
  const own = [...missing].filter(([type]) => !type.startsWith('torch.') && !type.startsWith('sk2torch.'))
  const named = (list: readonly (readonly [string, string])[]): string => {
    const shown = list.slice(0, SHOWN).map(([type, path]) => (path === '' ? type : `${type} (${path})`))
    return list.length > SHOWN ? `${shown.join(', ')} and ${list.length - SHOWN} more` : shown.join(', ')
  }
  if (own.length > 0) {
    throw new InferError(
      'bad_model',
      `the file has no code for ${named(own)}: torch.save keeps a class's name and weights only. Save it in Python with ` +
        'torch.jit.script(model).save(...) or torch.export.save(torch.export.export(model, ...), ...)',
    )
  }
  if (missing.size > 0)
    throw new InferError('bad_model', `${quantizedHint(missing.keys())}not supported: ${named([...missing])}`)
  return found
}
