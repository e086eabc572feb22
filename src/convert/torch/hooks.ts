import { attributesOf, isObject, type PyObject, type Value } from '../../formats/values.ts'
import type { Aten } from '../aten/aten.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import type { TorchModule } from './module.ts'

/**
 * Hooks that a module was saved with. torch.nn.utils' weight_norm and spectral_norm are pre-hooks that make a weight
 * of others before each call, so they are folded; any other hook is a function that is not in the file.
 */
/** A module whose hooks have run. @throws InferError bad_model that names a hook that is not known */
export function hooked(m: TorchModule, t: Aten): TorchModule {
  for (const hook of hooksOf(m, '_forward_pre_hooks')) {
    const type = hook.type.slice(hook.type.lastIndexOf('.') + 1)
    if (type === 'WeightNorm') m.override(nameOf(hook, m), weightNorm(m, t, hook))
    else if (type === 'SpectralNorm') m.override(nameOf(hook, m), spectralNorm(m, t, hook))
    else throw m.unsupported(`the hook ${hook.type}`)
  }
  const [other] = hooksOf(m, '_forward_hooks')
  if (other) throw m.unsupported(`the hook ${other.type}`)
  return m
}

/** The hooks in a store; a function counts by its name. */
function hooksOf(m: TorchModule, store: string): PyObject[] {
  const dict = m.raw(store)
  const hooks = dict instanceof Map ? [...dict.values()] : []
  return hooks.map((hook) => (isObject(hook) ? hook : unknownHook(hook)))
}
const unknownHook = (hook: Value): PyObject => ({
  kind: 'object',
  type: typeof hook === 'object' && hook !== null && 'name' in hook ? String(hook.name) : 'a function',
  args: [],
  kwargs: undefined,
  state: undefined,
  items: [],
  entries: new Map(),
})

function nameOf(hook: PyObject, m: TorchModule): string {
  const name = attributesOf(hook).get('name')
  if (typeof name !== 'string') throw m.unsupported(`a ${hook.type} without a name`)
  return name
}

const numberOf = (hook: PyObject, name: string, byDefault: number): number => {
  const value = attributesOf(hook).get(name)
  return typeof value === 'bigint' || typeof value === 'number' ? Number(value) : byDefault
}

/** v · g/‖v‖, with the norm over all axes but `dim`; over all where dim is None (-1). */
function weightNorm(m: TorchModule, t: Aten, hook: PyObject): SymTensor {
  const name = nameOf(hook, m)
  const [g, v] = [m.tensor(`${name}_g`), m.tensor(`${name}_v`)]
  return t.op('_weight_norm', [v, g, BigInt(numberOf(hook, 'dim', -1))])
}

/** W/σ with σ = uᵀ·W·v, of the vectors that training has left. */
function spectralNorm(m: TorchModule, t: Aten, hook: PyObject): SymTensor {
  const name = nameOf(hook, m)
  const [weight, u, v] = [m.tensor(`${name}_orig`), m.tensor(`${name}_u`), m.tensor(`${name}_v`)]
  const axis = numberOf(hook, 'dim', 0)
  const order = [axis, ...weight.dims.map((_, i) => i).filter((i) => i !== axis)]
  const matrix = t.op('flatten', [t.op('permute', [weight, order.map(BigInt)]), 1n])
  const sigma = t.op('dot', [u, t.op('mv', [matrix, v])])
  return t.op('div', [weight, sigma])
}
