import type { Datum } from '../aten/args.ts'
import { type Converter, tensorAt } from './converter.ts'
import type { TorchModule } from './module.ts'

/** Activations (torch/nn/modules/activation.py): an operator, and what of the module it takes. */

type Options = (m: TorchModule) => Readonly<Record<string, Datum>>

const elementwise =
  (op: string, options: Options = () => ({})): Converter =>
  (m, t, inputs) =>
    t.op(op, [tensorAt(m, inputs)], options(m))

/** torch picks a dimension itself where none is given: 0 for rank 0, 1 and 3, else 1. */
const overDim =
  (op: string): Converter =>
  (m, t, inputs) => {
    const x = tensorAt(m, inputs)
    const implicit = x.rank === 0 || x.rank === 1 || x.rank === 3 ? 0 : 1
    return t.op(op, [x, BigInt(m.int('dim', implicit))])
  }

const softmax2d: Converter = (m, t, inputs) => t.op('softmax', [tensorAt(m, inputs), -3n])

const gelu: Options = (m) => ({ approximate: m.oneOf('approximate', ['none', 'tanh'], 'none') })

/** Before 0.4.1 there was `inplace` only; `min_value` is what 0.3 called it. */
const hardtanh: Options = (m) => ({ min_val: m.number('min_val', -1), max_val: m.number('max_val', 1) })

const number =
  (...names: readonly [string, number][]): Options =>
  (m) =>
    Object.fromEntries(names.map(([name, byDefault]) => [name, m.number(name, byDefault)]))

const prelu: Converter = (m, t, inputs) => t.op('prelu', [tensorAt(m, inputs), m.tensor('weight')])

const threshold: Options = (m) => ({ threshold: m.number('threshold'), value: m.number('value') })

// biome-ignore format: one row per module
export const ACTIVATIONS = {
  'torch.nn.CELU': elementwise('celu', number(['alpha', 1])),
  'torch.nn.ELU': elementwise('elu', number(['alpha', 1])),
  'torch.nn.GELU': elementwise('gelu', gelu),
  'torch.nn.GLU': elementwise('glu', (m) => ({ dim: BigInt(m.int('dim', -1)) })),
  'torch.nn.Hardshrink': elementwise('hardshrink', number(['lambd', 0.5])),
  'torch.nn.Hardsigmoid': elementwise('hardsigmoid'),
  'torch.nn.Hardswish': elementwise('hardswish'),
  'torch.nn.Hardtanh': elementwise('hardtanh', hardtanh),
  'torch.nn.LeakyReLU': elementwise('leaky_relu', number(['negative_slope', 0.01])),
  'torch.nn.LogSigmoid': elementwise('log_sigmoid'),
  'torch.nn.LogSoftmax': overDim('log_softmax'),
  'torch.nn.Mish': elementwise('mish'),
  'torch.nn.PReLU': prelu,
  'torch.nn.RReLU': elementwise('rrelu', number(['lower', 1 / 8], ['upper', 1 / 3])),
  'torch.nn.ReLU': elementwise('relu'),
  'torch.nn.ReLU6': elementwise('hardtanh', () => ({ min_val: 0, max_val: 6 })),
  'torch.nn.SELU': elementwise('selu'),
  'torch.nn.SiLU': elementwise('silu'),
  'torch.nn.Sigmoid': elementwise('sigmoid'),
  'torch.nn.Softmax': overDim('softmax'),
  'torch.nn.Softmax2d': softmax2d,
  'torch.nn.Softmin': overDim('softmin'),
  'torch.nn.Softplus': elementwise('softplus', number(['beta', 1], ['threshold', 20])),
  'torch.nn.Softshrink': elementwise('softshrink', number(['lambd', 0.5])),
  'torch.nn.Softsign': elementwise('softsign'),
  'torch.nn.Tanh': elementwise('tanh'),
  'torch.nn.Tanhshrink': elementwise('tanhshrink'),
  'torch.nn.Threshold': elementwise('threshold', threshold),
} as const satisfies Record<string, Converter>
