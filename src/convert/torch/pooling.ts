import { itemsOf, type Value } from '../../formats/values.ts'
import type { Datum } from '../aten/args.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import { type Converter, tensorAt } from './converter.ts'
import type { TorchModule } from './module.ts'

/** Pools (torch/nn/modules/pooling.py). */

const big = (list: readonly number[]): Datum => list.map(BigInt)

/** A window that was not given is as long as the kernel. */
const strideOf = (m: TorchModule, rank: number): Datum =>
  m.has('stride') ? big(m.ints('stride', rank)) : big(m.ints('kernel_size', rank))

const maxPool =
  (rank: number): Converter =>
  (m, t, inputs) => {
    const options = [
      ...[big(m.ints('kernel_size', rank)), strideOf(m, rank), big(m.ints('padding', rank, 0))],
      ...[big(m.ints('dilation', rank, 1)), m.flag('ceil_mode', false)],
    ]
    const indices = m.flag('return_indices', false)
    return t.call(`max_pool${rank}d${indices ? '_with_indices' : ''}`, [tensorAt(m, inputs), ...options])
  }

const avgPool =
  (rank: number): Converter =>
  (m, t, inputs) =>
    t.call(`avg_pool${rank}d`, [
      tensorAt(m, inputs),
      big(m.ints('kernel_size', rank)),
      strideOf(m, rank),
      big(m.ints('padding', rank, 0)),
      m.flag('ceil_mode', false),
      m.flag('count_include_pad', true),
      m.has('divisor_override') ? BigInt(m.int('divisor_override')) : null,
    ])

const lpPool =
  (rank: number): Converter =>
  (m, t, inputs) => {
    const stride = m.has('stride') ? big(m.ints('stride', rank)) : null
    const kernel = big(m.ints('kernel_size', rank))
    return t.call(`lp_pool${rank}d`, [
      tensorAt(m, inputs),
      m.number('norm_type'),
      kernel,
      stride,
      m.flag('ceil_mode', false),
    ])
  }

/** None among the sizes: as long as the input. */
function sizesOf(m: TorchModule, rank: number): Datum {
  const value = m.raw('output_size') ?? null
  const items: readonly Value[] = itemsOf(value) ?? new Array<Value>(rank).fill(value)
  return items.map((item) => (item === null ? null : typeof item === 'bigint' ? item : BigInt(m.int('output_size'))))
}

const adaptiveAvg =
  (rank: number): Converter =>
  (m, t, inputs) =>
    t.call(`adaptive_avg_pool${rank}d`, [tensorAt(m, inputs), sizesOf(m, rank)])

const adaptiveMax =
  (rank: number): Converter =>
  (m, t, inputs) => {
    const found = t.call(`adaptive_max_pool${rank}d`, [tensorAt(m, inputs), sizesOf(m, rank)]) as readonly SymTensor[]
    return m.flag('return_indices', false) ? found : (found[0] as SymTensor)
  }

/** (size - 1)·stride - 2·padding + kernel, unless the sizes are given. */
const maxUnpool =
  (rank: number): Converter =>
  (m, t, inputs) => {
    const x = tensorAt(m, inputs)
    const [kernel, padding] = [m.ints('kernel_size', rank), m.ints('padding', rank, 0)]
    const stride = m.ints('stride', rank)
    const sizes = x.dims.slice(-rank).map((size, i) => {
      const windows = ((size as number) - 1) * (stride[i] as number)
      return BigInt(windows - 2 * (padding[i] as number) + (kernel[i] as number))
    })
    const given = inputs[2] ?? null
    const out = Array.isArray(given) ? given : sizes
    if (rank > 1) return t.call(`max_unpool${rank}d`, [x, tensorAt(m, inputs, 1), out])
    const lift = (tensor: SymTensor): SymTensor => t.op('unsqueeze', [tensor, -2n])
    return t.op('squeeze', [t.op('max_unpool2d', [lift(x), lift(tensorAt(m, inputs, 1)), [1n, ...out.slice(-1)]]), -2n])
  }

// biome-ignore format: one row per module
export const POOLS = {
  'torch.nn.AdaptiveAvgPool1d': adaptiveAvg(1),
  'torch.nn.AdaptiveAvgPool2d': adaptiveAvg(2),
  'torch.nn.AdaptiveAvgPool3d': adaptiveAvg(3),
  'torch.nn.AdaptiveMaxPool1d': adaptiveMax(1),
  'torch.nn.AdaptiveMaxPool2d': adaptiveMax(2),
  'torch.nn.AdaptiveMaxPool3d': adaptiveMax(3),
  'torch.nn.AvgPool1d': avgPool(1),
  'torch.nn.AvgPool2d': avgPool(2),
  'torch.nn.AvgPool3d': avgPool(3),
  'torch.nn.LPPool1d': lpPool(1),
  'torch.nn.LPPool2d': lpPool(2),
  'torch.nn.LPPool3d': lpPool(3),
  'torch.nn.MaxPool1d': maxPool(1),
  'torch.nn.MaxPool2d': maxPool(2),
  'torch.nn.MaxPool3d': maxPool(3),
  'torch.nn.MaxUnpool1d': maxUnpool(1),
  'torch.nn.MaxUnpool2d': maxUnpool(2),
  'torch.nn.MaxUnpool3d': maxUnpool(3),
} as const satisfies Record<string, Converter>
