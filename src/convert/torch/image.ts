import { isTuple, itemsOf } from '../../formats/values.ts'
import type { Datum } from '../aten/args.ts'
import { type Converter, tensorAt } from './converter.ts'
import type { TorchModule } from './module.ts'

/** Images resized, padded and taken apart (torch/nn/modules/{upsampling,padding,pixelshuffle,fold}.py). */

const numbers = (m: TorchModule, name: string): Datum => {
  const items = itemsOf(m.raw(name))
  return items ? items.map(Number) : m.number(name)
}

const upsample = (): Converter => (m, t, inputs) => {
  const options: Record<string, Datum> = {
    mode: m.oneOf(
      'mode',
      ['nearest', 'linear', 'bilinear', 'bicubic', 'trilinear', 'nearest-exact', 'area'],
      'nearest',
    ),
    align_corners: m.has('align_corners') ? m.flag('align_corners') : null,
    recompute_scale_factor: m.has('recompute_scale_factor') ? m.flag('recompute_scale_factor') : null,
  }
  if (m.has('size'))
    options.size =
      isTuple(m.raw('size')) || Array.isArray(m.raw('size')) ? m.list('size').map(BigInt) : BigInt(m.int('size'))
  else options.scale_factor = numbers(m, 'scale_factor')
  return t.op('interpolate', [tensorAt(m, inputs)], options)
}

/** `padding` is as many numbers as torch's pad takes, or one for all sides. */
const pad =
  (rank: number, mode: string): Converter =>
  (m, t, inputs) => {
    const sides = m.ints('padding', 2 * rank).map(BigInt)
    const value = mode === 'constant' ? m.number('value', 0) : null
    return t.op('pad', [tensorAt(m, inputs), sides, mode, value])
  }

const pixelShuffle: Converter = (m, t, inputs) =>
  t.op('pixel_shuffle', [tensorAt(m, inputs), BigInt(m.int('upscale_factor'))])
const pixelUnshuffle: Converter = (m, t, inputs) =>
  t.op('pixel_unshuffle', [tensorAt(m, inputs), BigInt(m.int('downscale_factor'))])

const windows = (m: TorchModule): Datum[] =>
  [m.ints('kernel_size', 2), m.ints('dilation', 2, 1), m.ints('padding', 2, 0), m.ints('stride', 2, 1)].map((list) =>
    list.map(BigInt),
  )

const unfold: Converter = (m, t, inputs) => t.op('im2col', [tensorAt(m, inputs), ...windows(m)])
const fold: Converter = (m, t, inputs) =>
  t.op('col2im', [tensorAt(m, inputs), m.ints('output_size', 2).map(BigInt), ...windows(m)])

// biome-ignore format: one row per module
export const IMAGES = {
  'torch.nn.CircularPad1d': pad(1, 'circular'),
  'torch.nn.CircularPad2d': pad(2, 'circular'),
  'torch.nn.CircularPad3d': pad(3, 'circular'),
  'torch.nn.ConstantPad1d': pad(1, 'constant'),
  'torch.nn.ConstantPad2d': pad(2, 'constant'),
  'torch.nn.ConstantPad3d': pad(3, 'constant'),
  'torch.nn.Fold': fold,
  'torch.nn.PixelShuffle': pixelShuffle,
  'torch.nn.PixelUnshuffle': pixelUnshuffle,
  'torch.nn.ReflectionPad1d': pad(1, 'reflect'),
  'torch.nn.ReflectionPad2d': pad(2, 'reflect'),
  'torch.nn.ReflectionPad3d': pad(3, 'reflect'),
  'torch.nn.ReplicationPad1d': pad(1, 'replicate'),
  'torch.nn.ReplicationPad2d': pad(2, 'replicate'),
  'torch.nn.ReplicationPad3d': pad(3, 'replicate'),
  'torch.nn.Unfold': unfold,
  'torch.nn.Upsample': upsample(),
  'torch.nn.UpsamplingBilinear2d': upsample(),
  'torch.nn.UpsamplingNearest2d': upsample(),
  'torch.nn.ZeroPad1d': pad(1, 'constant'),
  'torch.nn.ZeroPad2d': pad(2, 'constant'),
  'torch.nn.ZeroPad3d': pad(3, 'constant'),
} as const satisfies Record<string, Converter>
