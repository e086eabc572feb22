import { dtypeOfNumber } from '../aten/dtypes.ts'
import { lessSize, SymSize, sameSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import type { Machine } from './machine.ts'
import { moduleKeys } from './module.ts'
import { onTensors, sizeOf, unary } from './operators.ts'
import { truth } from './truth.ts'
import {
  EnumMember,
  External,
  Instance,
  isNumber,
  type Py,
  PyDict,
  PyDType,
  PyList,
  PyModule,
  PySet,
  PyTuple,
  typeOf,
} from './value.ts'

/** Comparisons by Python's rules, and what is in what. */

export function compare(m: Machine, op: string, a: Py, b: Py): Py {
  if (op === 'is') return identical(a, b)
  if (op === 'is not') return !identical(a, b)
  if (op === 'in') return contains(m, b, a)
  if (op === 'not in') return unary(m, 'not', contains(m, b, a))
  if ((a instanceof SymTensor && b !== null) || (b instanceof SymTensor && a !== null)) return onTensors(m, op, a, b)
  if (op === '==') return equal(m, a, b)
  if (op === '!=') return unary(m, 'not', equal(m, a, b))
  return ordered(m, op, a, b)
}

const identical = (a: Py, b: Py): boolean =>
  Object.is(a, b) ||
  (a instanceof PyDType && b instanceof PyDType && a.dtype === b.dtype) ||
  (a instanceof External && b instanceof External && a.path === b.path)

function ordered(m: Machine, op: string, a: Py, b: Py): boolean {
  const [x, y] = [sizeOf(a), sizeOf(b)]
  if ((a instanceof SymSize || b instanceof SymSize) && x !== undefined && y !== undefined) {
    if (op === '<') return lessSize(x, y)
    if (op === '>') return lessSize(y, x)
    return op === '<=' ? !lessSize(y, x) : !lessSize(x, y)
  }
  const isText = typeof a === 'string' && typeof b === 'string'
  if (!isText && !(isNumber(a) && isNumber(b))) {
    if (isSequence(a) && isSequence(b)) return orderedItems(m, op, a.items, b.items)
    throw m.error(`${typeOf(a)} ${op} ${typeOf(b)} is not supported`)
  }
  const [left, right] = [a as number, b as number]
  if (op === '<') return left < right
  if (op === '>') return left > right
  return op === '<=' ? left <= right : left >= right
}

function orderedItems(m: Machine, op: string, a: readonly Py[], b: readonly Py[]): boolean {
  const i = a.findIndex((item, at) => at >= b.length || equal(m, item, b[at] as Py) !== true)
  if (i >= 0 && i < b.length) return m.nested(() => ordered(m, op, a[i] as Py, b[i] as Py))
  return ordered(m, op, BigInt(a.length), BigInt(b.length))
}

const isSequence = (value: Py): value is PyList | PyTuple => value instanceof PyList || value instanceof PyTuple

/** `==`; of a tensor and None, False. */
export function equal(m: Machine, a: Py, b: Py): Py {
  m.step()
  if (Object.is(a, b)) return true
  if (a instanceof EnumMember || b instanceof EnumMember) return equalMembers(m, a, b)
  if (isOwnObject(a) && isOwnObject(b)) return equalObjects(m, a, b)
  if (isNumber(a) && isNumber(b))
    return Number(a) === Number(b) && (typeof a !== 'bigint' || typeof b !== 'bigint' || a === b)
  const [x, y] = [sizeOf(a), sizeOf(b)]
  if ((a instanceof SymSize || b instanceof SymSize) && x !== undefined && y !== undefined) return sameSize(x, y)
  if (a instanceof PyDType || b instanceof PyDType) return dtypeName(a) !== undefined && dtypeName(a) === dtypeName(b)
  if (a instanceof SymTensor || b instanceof SymTensor)
    return a === null || b === null ? false : onTensors(m, '==', a, b)
  if (isSequence(a) && isSequence(b) && a instanceof PyList === b instanceof PyList) {
    if (a.items.length !== b.items.length) return false
    return m.nested(() => a.items.every((item, i) => truth(m, equal(m, item, b.items[i] as Py)) === true))
  }
  if (a instanceof PyDict && b instanceof PyDict)
    return (
      a.size === b.size &&
      m.nested(() => a.keys().every((key) => b.has(key) && equal(m, a.get(key) as Py, b.get(key) as Py) === true))
    )
  return identical(a, b)
}

const plain = (value: Py): Py => (value instanceof EnumMember && value.isPlain ? value.value : value)

function equalMembers(m: Machine, a: Py, b: Py): Py {
  const [x, y] = [plain(a), plain(b)]
  return x instanceof EnumMember || y instanceof EnumMember ? x === y : equal(m, x, y)
}

const isOwnObject = (value: Py): value is Instance | PyModule =>
  value instanceof Instance || (value instanceof PyModule && value.cls !== undefined)

/** Objects are equal as their class says, or to themselves alone. */
function equalObjects(m: Machine, a: Instance | PyModule, b: Py): Py {
  const method = m.find(a, '__eq__')
  if (method !== undefined) return m.call(method, [b])
  if (a.cls && a.cls.definition.decorators.length > 0) throw m.error(`${typeOf(a)} == ${typeOf(b)} is not supported`)
  return false
}

/** TorchScript numbers its dtypes. */
const dtypeName = (value: Py): string | undefined => {
  if (value instanceof PyDType) return value.dtype
  return typeof value === 'bigint' ? dtypeOfNumber(Number(value)) : undefined
}

export function contains(m: Machine, where: Py, value: Py): Py {
  if (where instanceof PyDict) return where.has(value)
  if (where instanceof PySet)
    return new PyList([...where.items.values()]).items.some((item) => equal(m, item, value) === true)
  if (typeof where === 'string' && typeof value === 'string') return where.includes(value)
  if (isSequence(where)) return where.items.some((item) => truth(m, equal(m, item, value)) === true)
  if (where instanceof PyModule) return moduleKeys(where).some((key) => key === value)
  throw m.error(`in ${typeOf(where)} is not supported`)
}
