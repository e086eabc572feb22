import { InferError } from '../../errors.ts'
import {
  attributesOf,
  isObject,
  isTensor,
  NamedDict,
  type PyObject,
  typeName,
  type Value,
} from '../../formats/values.ts'

/** How many keys a sentence names. */
const SHOWN_KEYS = 6

/** Whether an object is an `nn.Module`: all of them have these three dicts. */
export function isModule(value: Value | undefined): value is PyObject {
  if (!isObject(value)) return false
  const attributes = attributesOf(value)
  return attributes.get('_modules') instanceof Map && attributes.get('_parameters') instanceof Map
}

/**
 * The module that a file holds: the object itself, or the only one in a checkpoint's dict.
 * @throws InferError bad_model that names the keys and the way out
 */
export function moduleOf(root: Value): PyObject {
  if (isModule(root)) return root
  if (!(root instanceof Map)) {
    throw new InferError('bad_model', `the file holds ${typeName(root)}, not a module: save the module itself`)
  }
  const modules = [...root].filter(([, value]) => isModule(value))
  if (modules.length === 1) return modules[0]?.[1] as PyObject
  const keys = [...root.keys()]
  const shown = keys.slice(0, SHOWN_KEYS).map(String).join(', ')
  const named = keys.length > SHOWN_KEYS ? `${shown} and ${keys.length - SHOWN_KEYS} more` : shown
  if (modules.length > 1) {
    const names = modules.map(([key]) => String(key)).join(', ')
    throw new InferError('bad_model', `the file holds ${modules.length} modules (${names}): save the one to serve`)
  }
  const isState = keys.length > 0 && [...root.values()].every((value) => isTensor(value) || value instanceof NamedDict)
  const what = isState ? 'weights without the model they belong to (a state_dict)' : 'a dict without a module'
  throw new InferError(
    'bad_model',
    `the file holds ${what}; its keys are ${named}. Load it into the model in Python and save that: ` +
      'torch.jit.script(model).save(...), torch.export.save(...), or torch.save(model) for layers of torch.nn',
  )
}
