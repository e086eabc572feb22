import type { Expr } from '../../onnx/expr.ts'
import { float } from '../../onnx/node.ts'
import type { Args } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { floatFor } from './dtypes.ts'
import { choose, erf, expm1, log1p, softplus } from './functions.ts'
import type { SymTensor } from './symbolic.ts'

/** Activations (aten/src/ATen/native/Activation.cpp), in the precision of their input. */

type Formula = (t: Aten, x: Expr, a: Args) => Expr

const activation = (parameters: string, formula: Formula): AtenOperator => ({
  parameters,
  run: (t, a) => {
    const x = a.tensor('self')
    const dtype = floatFor(x.dtype)
    return t.made(formula(t, t.in(x, dtype), a), dtype, x.dims)
  },
})

const add = (t: Aten, a: Expr, b: Expr | number): Expr => t.node('Add', [a, b])
const mul = (t: Aten, a: Expr, b: Expr | number): Expr => t.node('Mul', [a, b])
const isDouble = (x: Expr): boolean => x.dtype === 'float64'
const one = (t: Aten, x: Expr): Expr => t.graph.operand(1, x.dtype)

const clip = (t: Aten, x: Expr, low: number, high: number): Expr => t.node('Min', [t.node('Max', [x, low]), high])

/** scale · (x, or α(e^{βx} - 1) where x ≤ 0). */
function elu(t: Aten, x: Expr, alpha: number, scale: number, inputScale: number): Expr {
  const below = mul(t, expm1(t, mul(t, t.node('Min', [x, 0]), inputScale)), alpha * scale)
  return choose(t, t.node('Greater', [x, 0]), mul(t, x, scale), below)
}

const SELU_ALPHA = 1.6732632423543772
const SELU_SCALE = 1.0507009873554805

/** x·Φ(x), or by tanh. */
const gelu: Formula = (t, x, a) => {
  const half = mul(t, x, 0.5)
  if (a.text('approximate') === 'tanh') {
    const cubic = mul(t, mul(t, mul(t, x, x), x), 0.044715)
    const inner = mul(t, add(t, x, cubic), Math.sqrt(2 / Math.PI))
    return mul(t, half, add(t, t.node('Tanh', [inner]), 1))
  }
  return mul(t, half, add(t, erf(t, mul(t, x, Math.SQRT1_2)), 1))
}

/** min(x, 0) - log1p(e^-|x|). */
const logSigmoid: Formula = (t, x) => {
  const decay = t.node('Exp', [t.node('Neg', [t.node('Abs', [x])])])
  return t.node('Sub', [t.node('Min', [x, 0]), log1p(t, decay)])
}

const softplusOf: Formula = (t, x, a) => {
  const [beta, threshold] = [a.number('beta'), a.number('threshold')]
  const scaled = mul(t, x, beta)
  const soft = t.node('Div', [softplus(t, scaled), beta])
  return choose(t, t.node('Greater', [scaled, threshold]), x, soft)
}

const mish: Formula = (t, x) => mul(t, x, t.node('Tanh', [softplus(t, x)]))

const hardsigmoid: Formula = (t, x) => t.node('Div', [clip(t, add(t, x, 3), 0, 6), 6])

const threshold: Formula = (t, x, a) =>
  choose(t, t.node('LessOrEqual', [x, a.number('threshold')]), a.number('value'), x)

const hardshrink: Formula = (t, x, a) =>
  choose(t, t.node('LessOrEqual', [t.node('Abs', [x]), Math.abs(a.number('lambd'))]), 0, x)

const softshrink: Formula = (t, x, a) => {
  const lambda = a.number('lambd')
  const shrunk = t.node('Max', [t.node('Sub', [t.node('Abs', [x]), lambda]), 0])
  return mul(t, t.node('Sign', [x]), shrunk)
}

const relu: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  return t.moved(t.node(x.dtype.startsWith('float') ? 'Relu' : 'Max', reluInputs(t, x)), x.dtype, x.dims)
}
const reluInputs = (t: Aten, x: SymTensor): (Expr | number)[] =>
  x.dtype.startsWith('float') ? [t.value(x)] : [t.value(x), 0]

/** One slope for all, or one for each channel. */
const prelu: AtenFunction = (t, a) => {
  const [x, slopes] = [a.tensor('self'), a.tensor('weight')]
  const channels = slopes.dims[0] as number
  const shape = channels === 1 ? [] : [channels, ...x.dims.slice(2).map(() => 1)]
  const slope = t.reshape(t.value(slopes), shape)
  const value = t.value(x)
  return t.made(choose(t, t.node('Greater', [value, 0]), value, mul(t, value, slope)), x.dtype, x.dims)
}

const leaky = (t: Aten, x: Expr, slope: number): Expr =>
  isDouble(x)
    ? choose(t, t.node('Greater', [x, 0]), x, mul(t, x, slope))
    : t.node('LeakyRelu', [x], { alpha: float(slope) })

/** a · σ(b), halves of the axis. */
const glu: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const [first, second] = t.call('chunk', [x, 2n, a.get('dim')]) as readonly SymTensor[]
  return t.call('mul', [first as SymTensor, t.call('sigmoid', [second as SymTensor])])
}

const softmax =
  (op: string): AtenFunction =>
  (t, a) => {
    const given = a.tensor('self')
    const x = t.castTo(given, a.dtype('dtype') ?? floatFor(given.dtype))
    if (x.rank === 0) return t.call(op === 'Softmax' ? 'ones_like' : 'zeros_like', [x])
    return t.made(t.node(op, [t.value(x)], { axis: a.axis('dim', x.rank) }), x.dtype, x.dims)
  }

const softmin: AtenFunction = (t, a) => t.call('softmax', [t.call('neg', [a.tensor('self')]), a.get('dim')])

// biome-ignore format: one row per operator
export const ACTIVATIONS = {
  _log_softmax: { parameters: 'self, dim, half_to_float=False, dtype=None', run: softmax('LogSoftmax') },
  _softmax: { parameters: 'self, dim, half_to_float=False, dtype=None', run: softmax('Softmax') },
  celu: activation('self, alpha=1.0', (t, x, a) => elu(t, x, a.number('alpha'), 1, 1 / a.number('alpha'))),
  elu: activation('self, alpha=1.0, scale=1.0, input_scale=1.0', (t, x, a) => elu(t, x, a.number('alpha'), a.number('scale'), a.number('input_scale'))),
  gelu: activation('self, *, approximate=none', gelu),
  glu: { parameters: 'self, dim=-1', run: glu },
  hardshrink: activation('self, lambd=0.5', hardshrink),
  hardsigmoid: activation('self', hardsigmoid),
  hardswish: activation('self', (t, x) => t.node('Div', [mul(t, x, clip(t, add(t, x, 3), 0, 6)), 6])),
  hardtanh: activation('self, min_val=-1.0, max_val=1.0', (t, x, a) => clip(t, x, a.number('min_val'), a.number('max_val'))),
  leaky_relu: activation('self, negative_slope=0.01', (t, x, a) => leaky(t, x, a.number('negative_slope'))),
  log_sigmoid: activation('self', logSigmoid),
  log_softmax: { parameters: 'self, dim=-1, dtype=None', run: softmax('LogSoftmax') },
  logsigmoid: activation('self', logSigmoid),
  mish: activation('self', mish),
  prelu: { parameters: 'self, weight', run: prelu },
  relu: { parameters: 'self', run: relu },
  relu6: activation('self', (t, x) => clip(t, x, 0, 6)),
  rrelu: activation('self, lower=0.125, upper=0.3333333333333333, training=False', (t, x, a) => leaky(t, x, (a.number('lower') + a.number('upper')) / 2)),
  selu: activation('self', (t, x) => elu(t, x, SELU_ALPHA, SELU_SCALE, 1)),
  sigmoid: activation('self', (t, x) => t.node('Sigmoid', [x])),
  silu: activation('self', (t, x) => mul(t, x, t.node('Sigmoid', [x]))),
  softmax: { parameters: 'self, dim=-1, dtype=None', run: softmax('Softmax') },
  softmin: { parameters: 'self, dim=-1', run: softmin },
  softplus: activation('self, beta=1.0, threshold=20.0', softplusOf),
  softshrink: activation('self, lambd=0.5', softshrink),
  softsign: activation('self', (t, x) => t.node('Div', [x, t.node('Add', [t.node('Abs', [x]), one(t, x)])])),
  tanhshrink: activation('self', (t, x) => t.node('Sub', [x, t.node('Tanh', [x])])),
  threshold: activation('self, threshold, value', threshold),
} as const satisfies Record<string, AtenOperator>
