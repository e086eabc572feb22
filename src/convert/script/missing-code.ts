import { InferError } from '../../errors.ts'
import { quantizedHint } from '../aten/quantized.ts'
import { TorchModule } from '../torch/module.ts'
import { methodsOf, PARTS } from '../torch/table.ts'
import type { Machine } from './machine.ts'
import { isOwn, modulesIn } from './program.ts'
import { PyClass, type PyModule } from './value.ts'

/** How many classes a sentence names. */
const SHOWN = 10

/**
 * Refuses a pickled model with classes whose code is not at hand, all of them at once.
 * @throws InferError bad_model that says what to do
 */
export function checkCode(m: Machine, root: PyModule): void {
  if (root.object.type.startsWith('__torch__')) return
  const missing = new Map<string, string>()
  const unknown = new Map<string, string>()
  for (const [object, path] of modulesIn(root.object)) {
    if (m.library.definition(object.type, m) instanceof PyClass && isOwn(object.type)) continue
    const module = new TorchModule(object, path, m.t, m.constants)
    if (methodsOf(module) || PARTS.has(module.type)) continue
    const found = isOwn(object.type) ? missing : unknown
    if (!found.has(object.type)) found.set(object.type, path)
  }
  if (missing.size > 0) throw new InferError('bad_model', sentence(m, missing))
  if (unknown.size > 0)
    throw new InferError('bad_model', `${quantizedHint(unknown.keys())}not supported: ${list(unknown)}`)
}

function sentence(m: Machine, missing: ReadonlyMap<string, string>): string {
  const [type] = [...missing.keys()] as [string]
  const dot = type.lastIndexOf('.')
  const [module, name] = [type.slice(0, dot), type.slice(dot + 1)]
  const path = `${module.replaceAll('.', '/')}.py`
  const way = m.library.file(module)
    ? `its ${path} has no class ${name}: put the one that it was saved with`
    : `torch.save keeps a class's name and weights only: put ${path}, which defines ${name},`
  return (
    `there is no code for ${list(missing)}; ${way} beside the model or into a folder of TORCH_CLASS_PATH (it is read, ` +
    'never run), or save the model in Python with torch.jit.script(model).save(...) or ' +
    'torch.export.save(torch.export.export(model, ...), ...)'
  )
}

function list(found: ReadonlyMap<string, string>): string {
  const shown = [...found].slice(0, SHOWN).map(([type, path]) => (path === '' ? type : `${type} (${path})`))
  return found.size > SHOWN ? `${shown.join(', ')} and ${found.size - SHOWN} more` : shown.join(', ')
}
