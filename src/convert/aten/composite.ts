import type { Args, Datum } from './args.ts'
import { binaryOf } from './arithmetic.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { broadcast, operand } from './broadcast.ts'
import { floatFor, isFloat } from './dtypes.ts'
import { type Size, SymSize } from './size.ts'
import { SymTensor } from './symbolic.ts'

/** Operators that torch itself makes of others (aten's CompositeImplicit functions). */

const exact = (size: Size): Datum => (size instanceof SymSize ? size : BigInt(size))

const of =
  (name: string, ...names: readonly string[]): AtenFunction =>
  (t, a) =>
    t.call(
      name,
      names.map((each) => a.get(each)),
    )

/** Without what is not a number: sums, and means of the rest. */
const withoutNaN =
  (isMean: boolean): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const missing = t.op('isnan', [x])
    const kept = t.op('where', [missing, t.scalar(0n, x.dtype), x])
    const [dim, keep] = [a.get('dim'), a.get('keepdim')]
    const sum = t.op('sum', [kept, dim, keep], { dtype: a.get('dtype') })
    if (!isMean) return sum
    return t.op('div', [sum, t.op('sum', [t.op('logical_not', [missing]), dim, keep])])
  }

const aminmax: AtenFunction = (t, a) => {
  const given = [a.tensor('self'), a.has('dim') ? a.get('dim') : [], a.get('keepdim')]
  return [t.op('amin', given), t.op('amax', given)]
}

const kthvalue: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const axis = BigInt(a.axis('dim', x.rank))
  return (t.call('sort', [x, axis]) as readonly SymTensor[]).map((part) => {
    const item = t.op('select', [part, axis, BigInt(a.int('k') - 1)])
    return a.flag('keepdim') ? t.op('unsqueeze', [item, axis]) : item
  })
}

const diff: AtenFunction = (t, a) => {
  let x = a.tensor('self')
  if (a.has('prepend') || a.has('append')) throw a.error('with prepend or append is not supported')
  const axis = BigInt(a.axis('dim', x.rank))
  for (let i = a.int('n'); i > 0; i--) {
    const [after, before] = [t.op('slice', [x, axis, 1n]), t.op('slice', [x, axis, 0n, -1n])]
    x = t.op(x.dtype === 'bool' ? 'logical_xor' : 'sub', [after, before])
  }
  return x
}

/** |x − y| ≤ atol + rtol·|y| */
function closeness(t: Aten, a: Args): SymTensor {
  const [x, y] = [a.tensor('self'), a.tensor('other')]
  const bound = t.op('add', [t.op('mul', [t.op('abs', [y]), a.number('rtol')]), a.number('atol')])
  const near = t.op('logical_and', [t.op('le', [t.op('abs', [t.op('sub', [x, y])]), bound]), t.op('isfinite', [y])])
  const close = t.op('logical_or', [near, t.op('eq', [x, y])])
  if (!a.flag('equal_nan')) return close
  return t.op('logical_or', [close, t.op('logical_and', [t.op('isnan', [x]), t.op('isnan', [y])])])
}

const equal: AtenFunction = (t, a) => {
  const [x, y] = [a.tensor('self'), a.tensor('other')]
  const isSame = x.rank === y.rank && x.dims.every((dim, i) => String(dim) === String(y.dims[i]))
  return isSame ? t.op('all', [t.op('eq', [x, y])]) : false
}

const broadcastTensors: AtenFunction = (t, a) => {
  const tensors = a.tensors('tensors')
  const dims = broadcast(...tensors.map((x) => x.dims))
  return tensors.map((x) => t.op('expand', [x, dims.map(exact)]))
}

const atLeast = (t: Aten, x: SymTensor, rank: number): SymTensor => {
  if (x.rank >= rank) return x
  const ones = new Array<Datum>(rank - x.rank).fill(1n)
  const dims = x.dims.map(exact)
  return t.op('reshape', [x, rank === 3 && x.rank > 0 ? [...ones.slice(1), ...dims, 1n] : [...ones, ...dims]])
}

const stacked =
  (rank: number, axis: number): AtenFunction =>
  (t, a) =>
    t.op('cat', [a.tensors('tensors').map((x) => atLeast(t, x, rank)), BigInt(axis)])

const columns: AtenFunction = (t, a) =>
  t.op('cat', [a.tensors('tensors').map((x) => (x.rank < 2 ? t.op('reshape', [x, [-1n, 1n]]) : x)), 1n])

const raised =
  (rank: number): AtenFunction =>
  (t, a) =>
    a.get('self') instanceof SymTensor
      ? atLeast(t, a.tensor('self'), rank)
      : a.tensors('self').map((x) => atLeast(t, x, rank))

const rot90: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const [one, two] = (a.has('dim') ? a.ints('dim') : [0, 1]).map(BigInt) as [bigint, bigint]
  const turns = ((a.int('k') % 4) + 4) % 4
  if (turns === 0) return t.op('clone', [x])
  if (turns === 2) return t.op('flip', [x, [one, two]])
  const turned = t.op('transpose', [x, one, two])
  return t.op('flip', [turned, [turns === 1 ? one : two]])
}

/** Places along one axis, as those of every element. */
function spreadIndex(t: Aten, a: Args, shape: readonly Size[]): [axis: bigint, index: SymTensor] {
  const axis = a.axis('dim', shape.length)
  const flat = t.op('reshape', [a.tensor('index'), shape.map((_, i) => (i === axis ? -1n : 1n))])
  const dims = shape.map((dim, i) => (i === axis ? (flat.dims[axis] as Size) : dim))
  return [BigInt(axis), t.op('expand', [flat, dims.map(exact)])]
}

const indexAdd: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const [axis, index] = spreadIndex(t, a, x.dims)
  const source = t.op('mul', [a.tensor('source'), a.get('alpha')])
  return t.call('scatter_add', [x, axis, index, source])
}

const indexCopy: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const [axis, index] = spreadIndex(t, a, x.dims)
  return t.call('scatter', [x, axis, index, a.tensor('source')])
}

const indexFill: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const [axis, index] = spreadIndex(t, a, x.dims)
  const value = operand(a, 'value')
  const filled = value instanceof SymTensor ? t.expand(t.castTo(value, x.dtype), index.dims) : value
  return t.call('scatter', [x, axis, index, filled])
}

const scatterReduce: AtenFunction = (t, a) => {
  const how = a.text('reduce')
  if (how === 'mean' || !a.flag('include_self')) throw a.error(`by ${how}, or without itself, is not supported`)
  return t.call('scatter', [a.get('self'), a.get('dim'), a.get('index'), a.get('src')], new Map([['reduce', how]]))
}

const isIn: AtenFunction = (t, a) => {
  const elements = operand(a, 'elements')
  const tests = operand(a, 'test_elements')
  if (!(elements instanceof SymTensor)) return t.op('any', [t.op('eq', [tests, elements])])
  const among = tests instanceof SymTensor ? t.op('reshape', [tests, [-1n]]) : tests
  const found = t.op('eq', [t.op('unsqueeze', [elements, -1n]), among])
  const any = t.op('any', [found, -1n])
  return a.flag('invert') ? t.op('logical_not', [any]) : any
}

/** ln(x / (1 − x)), of x between eps and 1 − eps. */
const logit: AtenFunction = (t, a) => {
  const given = t.castTo(a.tensor('self'), floatFor(a.tensor('self').dtype))
  const eps = a.has('eps') ? a.number('eps') : undefined
  const x = eps === undefined ? given : t.op('clamp', [given, eps, 1 - eps])
  return t.op('log', [t.op('div', [x, t.op('rsub', [x, 1])])])
}

/** −x·ln x, 0 at 0, and −∞ below. */
const entropy: AtenFunction = (t, a) => {
  const x = t.castTo(a.tensor('self'), floatFor(a.tensor('self').dtype))
  const value = t.op('neg', [t.op('xlogy', [x, x])])
  return t.op('where', [t.op('lt', [x, 0n]), t.scalar(Number.NEGATIVE_INFINITY, x.dtype), value])
}

const sinc: AtenFunction = (t, a) => {
  const x = t.op('mul', [t.castTo(a.tensor('self'), floatFor(a.tensor('self').dtype)), Math.PI])
  const zero = t.op('eq', [x, 0n])
  const safe = t.op('where', [zero, t.scalar(1n, x.dtype), x])
  return t.op('where', [zero, t.scalar(1n, x.dtype), t.op('div', [t.op('sin', [safe]), safe])])
}

const heaviside: AtenFunction = (t, a) => {
  const [x, middle] = [a.tensor('self'), a.tensor('values')]
  const step = t.castTo(t.op('gt', [x, 0n]), x.dtype)
  return t.op('where', [t.op('eq', [x, 0n]), middle, step])
}

/** Of floats the sign of −0 and of NaN counts, which 1/x tells of zeros. */
const signBit: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const below = t.op('lt', [x, 0n])
  if (!isFloat(x.dtype)) return below
  return t.op('logical_or', [below, t.op('eq', [t.op('reciprocal', [x]), Number.NEGATIVE_INFINITY])])
}

const copySign: AtenFunction = (t, a) => {
  const [x, y] = [operand(a, 'self'), operand(a, 'other')]
  const sign = y instanceof SymTensor ? y : t.scalar(y)
  const size = t.op('abs', [x])
  const dtype = floatFor(t.resultType([x, y]))
  const made = t.op('where', [t.call('signbit', [sign]), t.op('neg', [size]), size])
  return t.castTo(made, dtype)
}

const hypot: AtenFunction = (t, a) => {
  const squares = ['self', 'other'].map((name) => t.op('square', [a.tensor(name)])) as [SymTensor, SymTensor]
  return t.op('sqrt', [t.op('add', squares)])
}

const floatPower: AtenFunction = (t, a) => {
  const [x, y] = ['self', 'exponent'].map((name) => {
    const value = operand(a, name)
    return value instanceof SymTensor ? t.castTo(value, 'float64') : value
  }) as [Datum, Datum]
  return t.op('pow', [x, y])
}

const shift = (direction: 'LEFT' | 'RIGHT'): AtenOperator =>
  binaryOf({
    op: (t, x, y) => {
      const power = t.node('Pow', [2, t.node('Cast', [y], { to: 'float64' })])
      const factor = t.node('Cast', [power], { to: x.dtype })
      if (direction === 'LEFT') return t.node('Mul', [x, factor])
      return t.node('Div', [t.node('Sub', [x, t.node('Mod', [x, factor])]), factor])
    },
  })

const scaledBy =
  (factor: number): AtenFunction =>
  (t, a) =>
    t.op('mul', [a.tensor('self'), factor])

const leakyMean: AtenFunction = (t, a) => {
  if (a.flag('training')) throw a.error('in training is random')
  const made = t.op('leaky_relu', [a.tensor('self'), (a.number('lower') + a.number('upper')) / 2])
  return a.op === 'rrelu_with_noise' ? made : [made, a.get('noise')]
}

// biome-ignore format: one row per operator
export const COMPOSITES = {
  allclose: { parameters: 'self, other, rtol=1e-05, atol=1e-08, equal_nan=False', run: (t, a) => t.op('all', [closeness(t, a)]) },
  aminmax: { parameters: 'self, *, dim=None, keepdim=False', run: aminmax },
  atleast_1d: { parameters: 'self|tensors', run: raised(1) },
  atleast_2d: { parameters: 'self|tensors', run: raised(2) },
  atleast_3d: { parameters: 'self|tensors', run: raised(3) },
  bitwise_left_shift: shift('LEFT'),
  bitwise_right_shift: shift('RIGHT'),
  broadcast_tensors: { parameters: 'tensors', run: broadcastTensors },
  column_stack: { parameters: 'tensors', run: columns },
  copysign: { parameters: 'self, other', run: copySign },
  deg2rad: { parameters: 'self', run: scaledBy(Math.PI / 180) },
  diff: { parameters: 'self, n=1, dim=-1, prepend=None, append=None', run: diff },
  dist: { parameters: 'self, other, p=2', run: (t, a) => t.call('norm', [t.op('sub', [a.tensor('self'), a.tensor('other')]), a.get('p')]) },
  dstack: { parameters: 'tensors', run: stacked(3, 2) },
  equal: { parameters: 'self, other', run: equal },
  float_power: { parameters: 'self, exponent', run: floatPower },
  heaviside: { parameters: 'self, values', run: heaviside },
  hypot: { parameters: 'self, other', run: hypot },
  index_add: { parameters: 'self, dim, index, source, *, alpha=1', run: indexAdd },
  index_copy: { parameters: 'self, dim, index, source', run: indexCopy },
  index_fill: { parameters: 'self, dim, index, value', run: indexFill },
  isclose: { parameters: 'self, other, rtol=1e-05, atol=1e-08, equal_nan=False', run: (t, a) => closeness(t, a) },
  isin: { parameters: 'elements, test_elements|test_element, *, assume_unique=False, invert=False', run: isIn },
  kthvalue: { parameters: 'self, k, dim=-1, keepdim=False', run: kthvalue },
  logit: { parameters: 'self, eps=None', run: logit },
  nanmean: { parameters: 'self, dim=None, keepdim=False, *, dtype=None', run: withoutNaN(true) },
  nansum: { parameters: 'self, dim=None, keepdim=False, *, dtype=None', run: withoutNaN(false) },
  rad2deg: { parameters: 'self', run: scaledBy(180 / Math.PI) },
  rot90: { parameters: 'self, k=1, dim=None', run: rot90 },
  rrelu_with_noise: { parameters: 'self, noise, lower=0.125, upper=0.3333333333333333, training=False', run: leakyMean },
  rrelu_with_noise_functional: { parameters: 'self, noise, lower=0.125, upper=0.3333333333333333, training=False', run: leakyMean },
  scatter_reduce: { parameters: 'self, dim, index, src, reduce, *, include_self=True', run: scatterReduce },
  signbit: { parameters: 'self', run: signBit },
  sinc: { parameters: 'self', run: sinc },
  special_entr: { parameters: 'self', run: entropy },
  special_softmax: { parameters: 'self, dim, dtype=None', run: of('softmax', 'self', 'dim', 'dtype') },
  special_log_softmax: { parameters: 'self, dim, *, dtype=None', run: of('log_softmax', 'self', 'dim', 'dtype') },
} as const satisfies Record<string, AtenOperator>
