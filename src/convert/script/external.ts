import type { DType } from '../../tensor/dtype.ts'
import { checkDType } from '../aten/dtypes.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { BUILTINS } from './builtins.ts'
import { construct, constructs } from './construct.ts'
import { FUNCTIONAL } from './functional.ts'
import type { Machine } from './machine.ts'
import { fromValue } from './module.ts'
import { callOperator, Unsupported } from './operator-call.ts'
import { PYTHON } from './python.ts'
import { SCRIPT } from './script.ts'
import { tensorFunction } from './tensor.ts'
import { type Call, External, type Kwargs, type Py, PyDType } from './value.ts'

/** Names of libraries: what they stand for, and what calling them does. */

const DTYPES: ReadonlyMap<string, DType> = new Map(
  Object.entries<DType>({
    bfloat16: 'bfloat16',
    bool: 'bool',
    double: 'float64',
    float: 'float32',
    float16: 'float16',
    float32: 'float32',
    float64: 'float64',
    half: 'float16',
    int: 'int32',
    int16: 'int16',
    int32: 'int32',
    int64: 'int64',
    int8: 'int8',
    long: 'int64',
    short: 'int16',
    uint8: 'uint8',
  }),
)

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['e', Math.E],
  ['inf', Number.POSITIVE_INFINITY],
  ['nan', Number.NaN],
  ['pi', Math.PI],
  ['tau', 2 * Math.PI],
])

/** An attribute of a library. */
export function resolveExternal(m: Machine, { path }: External, name: string): Py {
  const whole = `${path}.${name}`
  if (path === 'CONSTANTS') return constant(m, name)
  const defined = m.library.definition(whole, m)
  if (defined !== undefined) return defined
  const dtype = path === 'torch' ? DTYPES.get(name) : undefined
  if (dtype) return new PyDType(checkDType(dtype))
  if (path === 'torch' || path === 'math' || path === 'numpy') {
    const number = NUMBERS.get(name)
    if (number !== undefined) return number
  }
  if (name === '__name__') return path.slice(path.lastIndexOf('.') + 1)
  return new External(whole)
}

function constant(m: Machine, name: string): Py {
  const value = m.numbered[Number(/^c(\d{1,9})$/.exec(name)?.[1] ?? -1)]
  if (value === undefined) throw m.error(`the file has no constant ${name}`)
  const made = fromValue(m, value, `CONSTANTS.${name}`)
  if (made instanceof SymTensor && made.rank === 0 && made.dtype === 'int64') {
    const number = m.t.graph.constantOf(m.t.value(made))?.data[0]
    if (typeof number === 'bigint') return m.t.scalar(number)
  }
  return made
}

const FUNCTIONS = /^(?:torch\.nn\.functional|torch\._C\._nn|torch\.functional)\.(\w+)$/
const OPERATORS =
  /^(?:torch|torch\.ops\.aten|ops\.aten|torch\.Tensor|torch\._C\._VariableFunctions|torch\._VF|torch\.\w+)\.(\w+)$/
const PREFIXED = /^torch\.(special|linalg)\.(\w+)$/

/** What calling a whole name does; `undefined` of what is not known. */
export function functionFor(m: Machine, path: string): Call | undefined {
  const name = path.slice(path.lastIndexOf('.') + 1)
  if (path.startsWith('builtins.')) return BUILTINS[name] && Object.hasOwn(BUILTINS, name) ? BUILTINS[name] : undefined
  const known = PYTHON.get(path)
  if (known) return known
  if (constructs(path)) return (machine, args, kwargs) => construct(machine, path, args, kwargs)
  if (path.startsWith('torch.nn.functional.')) {
    const made = FUNCTIONAL.get(name)
    if (made) return made
  }
  const prefixed = PREFIXED.exec(path)
  if (prefixed) return operator(m, `${prefixed[1]}_${prefixed[2]}`) ?? operator(m, name)
  if (path.startsWith('ops.prim.')) return SCRIPT.get(`prim.${name}`) ?? SCRIPT.get(name) ?? operator(m, name)
  if (!FUNCTIONS.test(path) && !OPERATORS.test(path)) return undefined
  return SCRIPT.get(name) ?? tensorFunction(name) ?? operator(m, name)
}

const operator = (m: Machine, name: string): Call | undefined =>
  m.t.has(name) ? (machine, args, kwargs) => callOperator(machine, name, args, kwargs) : undefined

export function callExternal(m: Machine, path: string, args: readonly Py[], kwargs: Kwargs): Py {
  m.step()
  const fn = functionFor(m, path)
  if (fn) return fn(m, args, kwargs)
  if (/^(torch|ops)\./.test(path)) throw new Unsupported(path.replace(/^(torch|ops)\./, ''), m.path, m.line)
  if (/(Error|Exception|Warning)$/.test(path)) return args[0] ?? null
  throw m.error(`${path} is not supported`)
}
