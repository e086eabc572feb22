import { addSizes, divSizes, knownSize, mulSizes, type Size, SymSize, subSizes } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { MAX_BITS, MAX_CHARS, type Machine } from './machine.ts'
import { formatPercent } from './text.ts'
import { truth } from './truth.ts'
import { isNumber, type Py, PyDict, PyList, PyTuple, typeOf } from './value.ts'

/** Operators of Python on what is known, and of torch on tensors. */

const ATEN: ReadonlyMap<string, string> = new Map([
  ['+', 'add'],
  ['-', 'sub'],
  ['*', 'mul'],
  ['/', 'div'],
  ['//', 'floor_divide'],
  ['%', 'remainder'],
  ['**', 'pow'],
  ['@', 'matmul'],
  ['&', 'bitwise_and'],
  ['|', 'bitwise_or'],
  ['^', 'bitwise_xor'],
  ['<<', 'bitwise_left_shift'],
  ['>>', 'bitwise_right_shift'],
  ['<', 'lt'],
  ['<=', 'le'],
  ['>', 'gt'],
  ['>=', 'ge'],
  ['==', 'eq'],
  ['!=', 'ne'],
])

type Number_ = bigint | number | boolean

export function binary(m: Machine, op: string, a: Py, b: Py): Py {
  if (a instanceof SymTensor || b instanceof SymTensor) {
    const made = onTensors(m, op, a, b)
    if (made instanceof SymTensor && isPlain(m, a) && isPlain(m, b)) m.numbers.add(made)
    return made
  }
  if (isNumber(a) && isNumber(b)) return arithmetic(m, op, a, b)
  if (a instanceof SymSize || b instanceof SymSize) return onSizes(m, op, a, b)
  const made = onContainers(m, op, a, b)
  if (made === undefined) throw m.error(`${typeOf(a)} ${op} ${typeOf(b)} is not supported`)
  return made
}

const isPlain = (m: Machine, value: Py): boolean => !(value instanceof SymTensor) || m.numbers.has(value)

export function onTensors(m: Machine, op: string, a: Py, b: Py): Py {
  const name = ATEN.get(op)
  const isOperand = (value: Py) => value instanceof SymTensor || isNumber(value) || value instanceof SymSize
  if (!name || !isOperand(a) || !isOperand(b)) throw m.error(`${typeOf(a)} ${op} ${typeOf(b)} is not supported`)
  const [left, right] = [a, b] as [SymTensor, SymTensor]
  if (left instanceof SymTensor) return m.t.call(name, [left, right]) as Py
  if (COMMUTES.has(op)) return m.t.call(name, [right, left]) as Py
  const flipped = FLIPPED.get(op)
  return m.t.call(flipped ?? name, flipped ? [right, left] : [asOperand(m, left, right), right]) as Py
}
const COMMUTES: ReadonlySet<string> = new Set(['+', '*', '==', '!=', '&', '|', '^'])
const FLIPPED: ReadonlyMap<string, string> = new Map([
  ['<', 'gt'],
  ['<=', 'ge'],
  ['>', 'lt'],
  ['>=', 'le'],
  ['-', 'rsub'],
])
/** A number left of a tensor takes its type where it is of its kind. */
function asOperand(m: Machine, value: Py, beside: SymTensor): SymTensor {
  const scalar = value as bigint
  return m.t.scalar(scalar, m.t.resultType([beside, scalar]))
}

/** Python's numbers: exact ints, `//` and `%` towards minus infinity. */
export function arithmetic(m: Machine, op: string, a: Number_, b: Number_): Py {
  if (typeof a === 'boolean' && typeof b === 'boolean') {
    if (op === '&') return a && b
    if (op === '|') return a || b
    if (op === '^') return a !== b
  }
  const integers = typeof a !== 'number' && typeof b !== 'number'
  if (op === '/') return divide(m, Number(a), Number(b), (x, y) => x / y)
  if (integers) return bounded(m, onInts(m, op, BigInt(a), BigInt(b)))
  const [x, y] = [Number(a), Number(b)]
  if (op === '+') return x + y
  if (op === '-') return x - y
  if (op === '*') return x * y
  if (op === '**') return x ** y
  if (op === '//') return divide(m, x, y, (p, q) => Math.floor(p / q))
  if (op === '%') return divide(m, x, y, (p, q) => p - Math.floor(p / q) * q)
  throw m.error(`floats have no ${op}`)
}

function divide(m: Machine, x: number, y: number, by: (x: number, y: number) => number): number {
  if (y === 0) throw m.error('the model divides by zero')
  return by(x, y)
}

function onInts(m: Machine, op: string, a: bigint, b: bigint): Py {
  if (op === '+') return a + b
  if (op === '-') return a - b
  if (op === '*') return a * b
  if (op === '**') return power(m, a, b)
  if (op === '&') return a & b
  if (op === '|') return a | b
  if (op === '^') return a ^ b
  if (op === '<<' || op === '>>') {
    if (b < 0n || b > BigInt(MAX_BITS)) throw m.error(`an int is shifted by ${b}`)
    return op === '<<' ? a << b : a >> b
  }
  if (op !== '//' && op !== '%') throw m.error(`ints have no ${op}`)
  if (b === 0n) throw m.error('the model divides by zero')
  const rest = ((a % b) + b) % b
  return op === '%' ? rest : (a - rest) / b
}

function power(m: Machine, a: bigint, b: bigint): Py {
  if (b < 0n) return Number(a) ** Number(b)
  if (b * BigInt(a.toString(2).length) > BigInt(MAX_BITS)) throw m.error(`${a} ** ${b} has too many digits`)
  return a ** b
}

function bounded(m: Machine, value: Py): Py {
  if (typeof value !== 'bigint' || (value < WIDE && value > -WIDE)) return value
  if (value.toString(16).length * 4 > MAX_BITS) throw m.error(`an int of more than ${MAX_BITS} bits`)
  return value
}
const WIDE = 1n << 64n

function onSizes(m: Machine, op: string, a: Py, b: Py): Py {
  const [x, y] = [sizeOf(a), sizeOf(b)]
  if (x !== undefined && y !== undefined) {
    if (op === '+') return exact(addSizes(x, y))
    if (op === '-') return exact(subSizes(x, y))
    if (op === '*') return exact(mulSizes(x, y))
    if (op === '//') return exact(divSizes(x, y))
    if (op === '%') return exact(subSizes(x, mulSizes(divSizes(x, y), y)))
  }
  if (op === '*' && (a instanceof PyList || b instanceof PyList)) return onContainers(m, op, known(a), known(b)) as Py
  return arithmetic(m, op, known(a) as Number_, known(b) as Number_)
}
export const sizeOf = (value: Py): Size | undefined =>
  value instanceof SymSize ? value : typeof value === 'bigint' || typeof value === 'boolean' ? Number(value) : undefined
const exact = (size: Size): Py => (typeof size === 'number' ? BigInt(size) : size)
/** @throws Undecided of what depends on the batch */
function known(value: Py): Py {
  return value instanceof SymSize ? BigInt(knownSize(value, 'a number')) : value
}

function onContainers(m: Machine, op: string, a: Py, b: Py): Py | undefined {
  if (op === '+') return concatenated(m, a, b)
  if (op === '*' && typeof a === 'bigint') return repeated(m, b, a)
  if (op === '*' && typeof b === 'bigint') return repeated(m, a, b)
  if (op === '%' && typeof a === 'string') return formatPercent(m, a, b)
  if (a instanceof PyDict && b instanceof PyDict && op === '|') {
    const dict = new PyDict()
    for (const { items } of [...a.items(), ...b.items()]) dict.set(items[0] as Py, items[1] as Py)
    return dict
  }
  return undefined
}

function concatenated(m: Machine, a: Py, b: Py): Py | undefined {
  if (typeof a === 'string' && typeof b === 'string') return short(m, a + b)
  if (a instanceof PyList && b instanceof PyList) return new PyList(long(m, [...a.items, ...b.items]))
  if (a instanceof PyTuple && b instanceof PyTuple) return new PyTuple(long(m, [...a.items, ...b.items]))
  return undefined
}

function repeated(m: Machine, value: Py, times: bigint): Py | undefined {
  const count = Number(times > 0n ? times : 0n)
  if (typeof value === 'string') return value.length * count > MAX_CHARS ? short(m, '', true) : value.repeat(count)
  if (!(value instanceof PyList || value instanceof PyTuple)) return undefined
  m.step(value.items.length * count)
  const items = Array.from({ length: count }, () => value.items).flat()
  return value instanceof PyList ? new PyList(items) : new PyTuple(items)
}

function short(m: Machine, text: string, isLong = text.length > MAX_CHARS): string {
  if (isLong) throw m.error(`a text of more than ${MAX_CHARS} characters`)
  m.step(Math.ceil(text.length / 100))
  return text
}
function long(m: Machine, items: Py[]): Py[] {
  m.step(items.length)
  return items
}

/** `+=` and its kin, where they change what is there. */
export function inPlace(m: Machine, op: string, target: Py, value: Py): boolean {
  if (target instanceof SymTensor) {
    const name = ATEN.get(op)
    if (!name || target.known !== undefined || m.numbers.has(target)) return false
    m.t.call(`${name}_`, [target, value as SymTensor])
    return true
  }
  if (!(target instanceof PyList) || op !== '+') return false
  m.touch(target)
  target.items = long(m, [...target.items, ...(value instanceof PyList || value instanceof PyTuple ? value.items : [])])
  return true
}

export function unary(m: Machine, op: string, value: Py): Py {
  if (op === 'not') {
    const known_ = truth(m, value)
    return typeof known_ === 'boolean' ? !known_ : m.t.op('logical_not', [known_])
  }
  if (value instanceof SymTensor) {
    if (op === '+') return value
    return m.t.call(op === '-' ? 'neg' : 'bitwise_not', [value]) as Py
  }
  if (value instanceof SymSize && op === '-') return exact(mulSizes(value, -1))
  if (typeof value === 'number' && op !== '~') return op === '-' ? -value : value
  if (typeof value === 'bigint' || typeof value === 'boolean') {
    const int = BigInt(value)
    return op === '-' ? -int : op === '+' ? int : ~int
  }
  throw m.error(`${op} of ${typeOf(value)} is not supported`)
}
