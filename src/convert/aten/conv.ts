import { InferError } from '../../errors.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Args } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { sameDType } from './linear.ts'
import { isStatic, knownSize, type Size, sameSize } from './size.ts'
import type { SymTensor } from './symbolic.ts'
import { gatherWindows, type Place, sliding, type WindowMap, windowMap } from './window.ts'

/** Convolutions (aten's Convolution.cpp). x [batch, channels, ...space], or without a batch; weight [out, in/groups, ...kernel]. */
export interface ConvOptions {
  readonly stride: readonly number[]
  readonly padding: readonly number[] | 'same' | 'valid'
  readonly dilation: readonly number[]
  readonly groups: number
  /** Of a transposed one. */
  readonly outputPadding?: readonly number[]
  /** How sentences name it. */
  readonly what?: string
}

interface Setting {
  readonly space: readonly Size[]
  readonly kernel: readonly number[]
  readonly begin: readonly number[]
  readonly end: readonly number[]
}

export function convOf(
  t: Aten,
  given: SymTensor,
  weight: SymTensor,
  bias: SymTensor | null,
  o: ConvOptions,
): SymTensor {
  const what = o.what ?? 'a convolution'
  const dtype = sameDType(what, given, weight)
  const [x, isBatched] = batched(t, given, weight.rank, what)
  const channels = (weight.dims[1] as number) * o.groups
  if (!sameSize(x.dims[1] as Size, channels)) throw wrongChannels(what, channels, given)
  const kernel = weight.dims.slice(2) as number[]
  const space = x.dims.slice(2)
  const same = kernel.map((k, i) => (k - 1) * (o.dilation[i] as number))
  const begin =
    o.padding === 'same' ? same.map((p) => Math.floor(p / 2)) : o.padding === 'valid' ? same.map(() => 0) : o.padding
  const end = o.padding === 'same' ? same.map((p) => p - Math.floor(p / 2)) : begin
  const setting = { space, kernel, begin, end }
  const out = space.map((size, i) => {
    const length = knownSize(size, what) + (begin[i] as number) + (end[i] as number) - (same[i] as number) - 1
    return Math.floor(length / (o.stride[i] as number)) + 1
  })
  if (out.some((size) => size < 1))
    throw new InferError('bad_request', `${what}: [${given.dims.join(', ')}] is smaller than its kernel`)
  const value =
    dtype === 'float64' ? doubleConv(t, x, weight, bias, o, setting, out) : floatConv(t, x, weight, bias, o, setting)
  const result = t.made(value, dtype, [x.dims[0] as Size, weight.dims[0] as Size, ...out])
  return isBatched ? result : t.op('squeeze', [result, 0n])
}

const wrongChannels = (what: string, channels: number, x: SymTensor): InferError =>
  new InferError('bad_request', `${what} wants ${channels} channels, and is given [${x.dims.join(', ')}]`)

/** An input with a batch; one is added where there is none. */
function batched(t: Aten, x: SymTensor, rank: number, what: string): [SymTensor, boolean] {
  if (x.rank === rank) return [x, true]
  if (x.rank === rank - 1) return [t.op('unsqueeze', [x, 0n]), false]
  throw new InferError('bad_request', `${what} wants ${rank} dimensions, and is given [${x.dims.join(', ')}]`)
}

function floatConv(t: Aten, x: SymTensor, weight: SymTensor, bias: SymTensor | null, o: ConvOptions, s: Setting): Expr {
  const inputs = [t.value(x), t.value(weight), ...(bias ? [t.value(bias)] : [])]
  const attributes = { kernel_shape: s.kernel, strides: o.stride, dilations: o.dilation, group: o.groups }
  return t.node('Conv', inputs, { ...attributes, pads: [...s.begin, ...s.end] })
}

/** What each place of a window reads of the input. @param placeOf how, along the i-th axis */
const mapOf = (t: Aten, s: Setting, out: readonly number[], placeOf: (i: number) => Place): WindowMap =>
  windowMap(
    t,
    s.kernel.map((kernel, i) => ({ size: s.space[i] as number, kernel, out: out[i] as number, place: placeOf(i) })),
  )

/** Windows [b, g, c·k, n] times weights [g, o, c·k]: ONNX Runtime convolves in float32 only. */
function doubleConv(
  t: Aten,
  x: SymTensor,
  weight: SymTensor,
  bias: SymTensor | null,
  o: ConvOptions,
  s: Setting,
  out: readonly number[],
): Expr {
  const map = mapOf(t, s, out, (i) => sliding(o.stride[i] as number, s.begin[i] as number, o.dilation[i] as number))
  const [filters, inner] = weight.dims as readonly number[] as [number, number]
  const w = t.reshape(t.value(weight), [o.groups, filters / o.groups, inner * map.window])
  const windows = gatherWindows(t, flatten(t, x), map, 3)
  const columns = t.reshape(windows, [x.dims[0] as Size, o.groups, inner * map.window, map.count])
  return finish(t, t.node('MatMul', [w, columns]), bias, x.dims[0] as Size, filters, out)
}

const flatten = (t: Aten, x: SymTensor): Expr => {
  const size = x.dims.slice(2).reduce<number>((product, dim) => product * (dim as number), 1)
  return t.reshape(t.value(x), [x.dims[0] as Size, x.dims[1] as Size, size])
}

function finish(t: Aten, y: Expr, bias: SymTensor | null, batch: Size, filters: number, out: readonly number[]): Expr {
  const image = t.reshape(y, [batch, filters, ...out])
  if (!bias) return image
  return t.node('Add', [image, t.reshape(t.value(bias), [filters, ...out.map(() => 1)])])
}

/** The transpose: weight [in, out/groups, ...kernel]. */
export function convTransposeOf(
  t: Aten,
  given: SymTensor,
  weight: SymTensor,
  bias: SymTensor | null,
  o: ConvOptions,
): SymTensor {
  const what = o.what ?? 'a transposed convolution'
  const dtype = sameDType(what, given, weight)
  const [x, isBatched] = batched(t, given, weight.rank, what)
  if (!sameSize(x.dims[1] as Size, weight.dims[0] as Size)) throw wrongChannels(what, weight.dims[0] as number, given)
  const kernel = weight.dims.slice(2) as number[]
  const padding = o.padding as readonly number[]
  const extra = o.outputPadding ?? padding.map(() => 0)
  const space = x.dims.slice(2)
  const out = space.map((size, i) => {
    const reach = (o.dilation[i] as number) * ((kernel[i] as number) - 1)
    return (
      (knownSize(size, what) - 1) * (o.stride[i] as number) -
      2 * (padding[i] as number) +
      reach +
      (extra[i] as number) +
      1
    )
  })
  const setting = { space, kernel, begin: padding, end: padding }
  const isOdd = extra.some((added, i) => added >= (o.stride[i] as number))
  const value =
    dtype === 'float64' || isOdd
      ? doubleTranspose(t, x, weight, bias, o, setting, out)
      : floatTranspose(t, x, weight, bias, o, setting, extra)
  const filters = (weight.dims[1] as number) * o.groups
  const result = t.made(value, dtype, [x.dims[0] as Size, filters, ...out])
  return isBatched ? result : t.op('squeeze', [result, 0n])
}

function floatTranspose(
  t: Aten,
  x: SymTensor,
  weight: SymTensor,
  bias: SymTensor | null,
  o: ConvOptions,
  s: Setting,
  extra: readonly number[],
): Expr {
  const inputs = [t.value(x), t.value(weight), ...(bias ? [t.value(bias)] : [])]
  const attributes = { kernel_shape: s.kernel, strides: o.stride, dilations: o.dilation, group: o.groups }
  return t.node('ConvTranspose', inputs, { ...attributes, pads: [...s.begin, ...s.end], output_padding: extra })
}

/** An output reads, for each k, the input whose k-th contribution it is, where there is one. */
function doubleTranspose(
  t: Aten,
  x: SymTensor,
  weight: SymTensor,
  bias: SymTensor | null,
  o: ConvOptions,
  s: Setting,
  out: readonly number[],
): Expr {
  const map = mapOf(t, s, out, (i) => (at, k) => {
    const from = at + (s.begin[i] as number) - k * (o.dilation[i] as number)
    return from % (o.stride[i] as number) === 0 ? from / (o.stride[i] as number) : -1
  })
  const [channels, inner] = weight.dims as readonly number[] as [number, number]
  const grouped = t.reshape(t.value(weight), [o.groups, channels / o.groups, inner, map.window])
  const turned = t.transpose(grouped, [0, 2, 1, 3])
  const w = t.reshape(turned, [o.groups, inner, (channels / o.groups) * map.window])
  const windows = gatherWindows(t, flatten(t, x), map, 3)
  const columns = t.reshape(windows, [x.dims[0] as Size, o.groups, (channels / o.groups) * map.window, map.count])
  return finish(t, t.node('MatMul', [w, columns]), bias, x.dims[0] as Size, inner * o.groups, out)
}

const padding = (a: Args, rank: number): ConvOptions['padding'] => {
  const value = a.get('padding')
  return value === 'same' || value === 'valid' ? value : a.ints('padding', rank)
}

const conv =
  (rank: number): AtenFunction =>
  (t, a) =>
    convOf(t, a.tensor('self'), a.tensor('weight'), a.optionalTensor('bias'), {
      stride: a.ints('stride', rank),
      padding: padding(a, rank),
      dilation: a.ints('dilation', rank),
      groups: a.int('groups'),
    })

const transposed =
  (rank: number): AtenFunction =>
  (t, a) =>
    convTransposeOf(t, a.tensor('self'), a.tensor('weight'), a.optionalTensor('bias'), {
      stride: a.ints('stride', rank),
      padding: a.ints('padding', rank),
      outputPadding: a.ints('output_padding', rank),
      dilation: a.ints('dilation', rank),
      groups: a.int('groups'),
    })

/** What traces and exported programs call, of any rank. */
const convolution: AtenFunction = (t, a) => {
  const rank = a.tensor('weight').rank - 2
  if (!isStatic(a.tensor('weight').dims)) throw a.error('wants a weight of known sizes')
  return (a.flag('transposed') ? transposed(rank) : conv(rank))(t, a)
}

const PLAIN = 'self, weight, bias=None, stride=1, padding=0, dilation=1, groups=1'
const TRANSPOSED = 'self, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1'
const GENERAL =
  'self, weight, bias, stride, padding, dilation, transposed, output_padding, groups, benchmark=None, deterministic=None, cudnn_enabled=None, allow_tf32=None'

// biome-ignore format: one row per operator
export const CONVOLUTIONS = {
  _convolution: { parameters: GENERAL, run: convolution },
  _convolution_mode: { parameters: PLAIN, run: (t, a) => conv(a.tensor('weight').rank - 2)(t, a) },
  conv1d: { parameters: PLAIN, run: conv(1) },
  conv2d: { parameters: PLAIN, run: conv(2) },
  conv3d: { parameters: PLAIN, run: conv(3) },
  conv_transpose1d: { parameters: TRANSPOSED, run: transposed(1) },
  conv_transpose2d: { parameters: TRANSPOSED, run: transposed(2) },
  conv_transpose3d: { parameters: TRANSPOSED, run: transposed(3) },
  convolution: { parameters: GENERAL, run: convolution },
} as const satisfies Record<string, AtenOperator>
