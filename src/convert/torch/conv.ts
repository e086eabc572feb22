import type { Aten } from '../aten/aten.ts'
import { type ConvOptions, convOf, convTransposeOf } from '../aten/conv.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import { type Converter, tensorAt } from './converter.ts'
import type { TorchModule } from './module.ts'

/** Convolutions (torch/nn/modules/conv.py). */

const PAD_MODES = ['zeros', 'reflect', 'replicate', 'circular'] as const

/** Options of a module; of a version before padding modes, and before `padding='same'`. */
function optionsOf(m: TorchModule, rank: number): ConvOptions {
  const padding = m.raw('padding')
  const named = padding === 'same' || padding === 'valid' ? padding : undefined
  return {
    stride: m.ints('stride', rank, 1),
    padding: named ?? m.ints('padding', rank, 0),
    dilation: m.ints('dilation', rank, 1),
    groups: m.int('groups', 1),
    what: m.title,
  }
}

const conv =
  (rank: number): Converter =>
  (m, t, inputs) => {
    const mode = m.oneOf('padding_mode', PAD_MODES, 'zeros')
    const options = optionsOf(m, rank)
    const [x, weight, bias] = [tensorAt(m, inputs), m.tensor('weight'), m.optionalTensor('bias')]
    if (mode === 'zeros') return convOf(t, x, weight, bias, options)
    const padded = padAround(t, x, mode, pads(weight, options))
    return convOf(t, padded, weight, bias, { ...options, padding: options.stride.map(() => 0) })
  }

/** Before and after each axis. */
function pads(weight: SymTensor, { padding, dilation }: ConvOptions): readonly (readonly [number, number])[] {
  return dilation.map((step, i) => {
    if (padding === 'valid') return [0, 0]
    if (padding !== 'same') return [padding[i] as number, padding[i] as number]
    const total = step * ((weight.dims[i + 2] as number) - 1)
    return [Math.floor(total / 2), total - Math.floor(total / 2)]
  })
}

function padAround(t: Aten, x: SymTensor, mode: string, around: readonly (readonly [number, number])[]): SymTensor {
  const list = [...around].reverse().flat().map(BigInt)
  return t.op('pad', [x, list, mode])
}

const transposed =
  (rank: number): Converter =>
  (m, t, inputs) => {
    m.oneOf('padding_mode', ['zeros'], 'zeros')
    const options = { ...optionsOf(m, rank), outputPadding: m.ints('output_padding', rank, 0) }
    return convTransposeOf(t, tensorAt(m, inputs), m.tensor('weight'), m.optionalTensor('bias'), options)
  }

// biome-ignore format: one row per module
export const CONVOLUTIONS = {
  'torch.nn.Conv1d': conv(1),
  'torch.nn.Conv2d': conv(2),
  'torch.nn.Conv3d': conv(3),
  'torch.nn.ConvTranspose1d': transposed(1),
  'torch.nn.ConvTranspose2d': transposed(2),
  'torch.nn.ConvTranspose3d': transposed(3),
} as const satisfies Record<string, Converter>
