import { pyObject, tuple, type Value } from '../../formats/values.ts'
import type { Machine } from './machine.ts'
import { isNumber, type Kwargs, type Py, PyList, PyModule, PyTuple, typeOf } from './value.ts'

/** Modules without weights that a forward makes for itself: `nn.ReLU()(x)`. Parameters as torch.nn has them. */
const PARAMETERS = {
  AdaptiveAvgPool1d: 'output_size',
  AdaptiveAvgPool2d: 'output_size',
  AdaptiveMaxPool2d: 'output_size return_indices',
  AvgPool1d: 'kernel_size stride padding ceil_mode count_include_pad',
  AvgPool2d: 'kernel_size stride padding ceil_mode count_include_pad divisor_override',
  CosineSimilarity: 'dim eps',
  Dropout: 'p inplace',
  Dropout2d: 'p inplace',
  ELU: 'alpha inplace',
  Flatten: 'start_dim end_dim',
  GELU: 'approximate',
  Hardsigmoid: 'inplace',
  Hardswish: 'inplace',
  Hardtanh: 'min_val max_val inplace',
  Identity: '',
  LeakyReLU: 'negative_slope inplace',
  LogSigmoid: '',
  LogSoftmax: 'dim',
  MaxPool1d: 'kernel_size stride padding dilation return_indices ceil_mode',
  MaxPool2d: 'kernel_size stride padding dilation return_indices ceil_mode',
  Mish: 'inplace',
  ReLU: 'inplace',
  ReLU6: 'inplace',
  SELU: 'inplace',
  Sigmoid: '',
  SiLU: 'inplace',
  Softmax: 'dim',
  Softplus: 'beta threshold',
  Softsign: '',
  Tanh: '',
  ZeroPad2d: 'padding',
} as const

const parametersOf: ReadonlyMap<string, string> = new Map(Object.entries(PARAMETERS))
const BY_DEFAULT: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['ceil_mode', false],
  ['count_include_pad', true],
  ['dilation', 1n],
  ['divisor_override', null],
  ['padding', 0n],
  ['return_indices', false],
])

/** Whether a name is that of such a module. */
export const constructs = (path: string): boolean => nameIn(path) !== undefined

const nameIn = (path: string): string | undefined => {
  const name = /^torch\.nn\.(?:modules\.\w+\.)?(\w+)$/.exec(path)?.[1]
  return name !== undefined && parametersOf.has(name) ? name : undefined
}

export function construct(m: Machine, path: string, args: readonly Py[], kwargs: Kwargs): Py {
  const name = nameIn(path) as string
  const names = (parametersOf.get(name) as string).split(' ').filter((part) => part !== '')
  const state = new Map<Value, Value>([
    ['_modules', new Map()],
    ['_parameters', new Map()],
    ['_buffers', new Map()],
    ...names.flatMap((part): [Value, Value][] => (BY_DEFAULT.has(part) ? [[part, BY_DEFAULT.get(part) as Value]] : [])),
  ])
  if (args.length > names.length) throw m.error(`${path} takes ${names.length} arguments`)
  args.forEach((arg, i) => {
    state.set(names[i] as string, plain(m, arg))
  })
  for (const [key, value] of kwargs) {
    if (!names.includes(key)) throw m.error(`${path} has no parameter ${key}`)
    state.set(key, plain(m, value))
  }
  if (names.includes('kernel_size') && (state.get('stride') ?? null) === null)
    state.set('stride', state.get('kernel_size') ?? null)
  return new PyModule({ ...pyObject(`torch.nn.${name}`, []), state }, name, undefined)
}

function plain(m: Machine, value: Py): Value {
  if (value === null || isNumber(value) || typeof value === 'string') return value
  if (value instanceof PyTuple || value instanceof PyList) return tuple(value.items.map((item) => plain(m, item)))
  throw m.error(`a module is made with ${typeOf(value)}, which is not supported`)
}
