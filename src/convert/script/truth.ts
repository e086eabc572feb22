import { SymSize, sameSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import type { Machine } from './machine.ts'
import { isNumber, Missing, type Py, PyDict, PyList, PySet, PyTuple } from './value.ts'

/** Whether Python takes a value for true; of a tensor that only data knows, that tensor. */
export function truth(m: Machine, value: Py): boolean | SymTensor {
  if (isNumber(value)) return Number(value) !== 0
  if (value === null) return false
  if (typeof value === 'string') return value !== ''
  if (value instanceof SymSize) return !sameSize(value, 0)
  if (value instanceof PyList || value instanceof PyTuple) return value.items.length > 0
  if (value instanceof PyDict) return value.size > 0
  if (value instanceof PySet) return value.items.size > 0
  if (value instanceof Missing) throw m.error(`a condition has no value: ${value.why}`)
  return value instanceof SymTensor ? truthOf(m, value) : true
}

function truthOf(m: Machine, tensor: SymTensor): boolean | SymTensor {
  if (tensor.known !== undefined) return truth(m, tensor.known)
  const constant = m.t.graph.constantOf(m.t.value(tensor))
  if (constant?.data.length === 1) return Number(constant.data[0]) !== 0
  const count = m.t.call('numel', [tensor])
  if (count instanceof SymSize ? !sameSize(count, 1) : count !== 1n)
    throw m.error('a condition is a tensor of several values')
  const one = tensor.rank === 0 ? tensor : m.t.reshaped(tensor, [])
  return m.t.castTo(one, 'bool')
}

/** The same where a condition must be known while the graph is made. */
export function decided(m: Machine, value: Py, what: string): boolean {
  const known = truth(m, value)
  if (typeof known === 'boolean') return known
  throw m.error(`${what} depends on data, which is not supported`)
}
