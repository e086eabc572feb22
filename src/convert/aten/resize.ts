import { InferError } from '../../errors.ts'
import { createTensor } from '../../tensor/tensor.ts'
import { separable } from './adaptive-pool.ts'
import type { Args, Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { isFloat } from './dtypes.ts'
import { knownSize, type Size } from './size.ts'
import type { SymTensor } from './symbolic.ts'

/** Images made larger and smaller, and padded (aten's UpSample.h, ReflectionPad.cpp and their kin). */

export type ResizeMode = 'nearest' | 'nearest-exact' | 'linear' | 'cubic'

export interface Resize {
  readonly out: readonly number[]
  /** What was asked for; null where the sizes say it. */
  readonly scales: readonly (number | null)[]
  readonly mode: ResizeMode
  readonly alignCorners: boolean
}

/** Each of the last axes by itself: rows picked, or a matrix. */
export function resizeOf(t: Aten, x: SymTensor, o: Resize): SymTensor {
  const rank = o.out.length
  const outer = x.dims.slice(0, x.rank - rank)
  const space = x.dims.slice(x.rank - rank).map((size) => knownSize(size, 'resizing'))
  for (const size of o.out) t.reserve(size)
  if (o.mode.startsWith('nearest')) {
    let value = t.value(x)
    space.forEach((size, i) => {
      const at = nearest(size, o.out[i] as number, o.scales[i] ?? null, o.mode === 'nearest' ? 0 : 0.5, rank)
      value = t.node('Gather', [value, index(t, at)], { axis: outer.length + i })
    })
    return t.moved(value, x.dtype, [...outer, ...o.out])
  }
  if (!isFloat(x.dtype)) throw new InferError('bad_request', `resizing wants floats, and is given ${x.dtype}`)
  const weights = space.map((size, i) => weightsOf(size, o.out[i] as number, o.scales[i] ?? null, o))
  return t.made(separable(t, t.value(x), outer, space, o.out, weights), x.dtype, [...outer, ...o.out])
}

/**
 * Which pixel is nearest. torch computes these places in float32, and which of two is nearer can hang on it; of images
 * with two axes it takes equal and double sizes as they are, whatever the factor that was asked for.
 */
function nearest(size: number, out: number, scale: number | null, shift: number, rank: number): number[] {
  const places = Array.from({ length: out }, (_, k) => k)
  if (rank === 2 && shift === 0 && out === size) return places
  if (rank === 2 && shift === 0 && out === 2 * size) return places.map((k) => k >> 1)
  const step = Math.fround(stepOf(size, out, scale))
  return places.map((k) => Math.min(Math.floor(Math.fround((k + shift) * step)), size - 1))
}

const index = (t: Aten, at: readonly number[]) =>
  t.makeup(createTensor('int64', [at.length], BigInt64Array.from(at, BigInt)))

const stepOf = (size: number, out: number, scale: number | null): number => (scale === null ? size / out : 1 / scale)

function weightsOf(
  size: number,
  out: number,
  scale: number | null,
  { mode, alignCorners }: Resize,
): (o: number, at: number) => number {
  if (mode === 'linear' && size === out) return (o, at) => Number(o === at)
  const step = alignCorners ? (out > 1 ? (size - 1) / (out - 1) : 0) : stepOf(size, out, scale)
  const rows = Array.from({ length: out }, (_, o) => {
    const row = new Map<number, number>()
    const add = (at: number, weight: number): void => {
      const inside = Math.min(Math.max(at, 0), size - 1)
      row.set(inside, (row.get(inside) ?? 0) + weight)
    }
    const place = alignCorners ? o * step : (o + 0.5) * step - 0.5
    if (mode === 'linear') {
      const from = Math.max(place, 0)
      const low = Math.min(Math.floor(from), size - 1)
      const rest = Math.min(from - low, 1)
      add(low, 1 - rest)
      add(low + 1, rest)
    } else for (const [offset, weight] of cubic(place - Math.floor(place))) add(Math.floor(place) + offset, weight)
    return row
  })
  return (o, at) => rows[o]?.get(at) ?? 0
}

/** Keys' cubic convolution with a = -0.75. */
function cubic(x: number): readonly [number, number][] {
  const a = -0.75
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
  return [
    [-1, far(x + 1)],
    [0, near(x)],
    [1, near(1 - x)],
    [2, far(2 - x)],
  ]
}

const scaleOf = (a: Args, names: readonly string[]): (number | null)[] =>
  names.map((name) => (a.has(name) ? a.number(name) : null))

/** Of what exported programs call: either sizes, or factors. */
function sized(a: Args, x: SymTensor, rank: number, names: readonly string[]): Pick<Resize, 'out' | 'scales'> {
  const given = a.get(names[0] as string)
  const factors: (number | null)[] = Array.isArray(given) ? given.map((item: Datum) => Number(item)) : scaleOf(a, names)
  if (a.has('output_size'))
    return { out: a.ints('output_size', rank), scales: factors.length === rank ? factors : new Array(rank).fill(null) }
  const space = x.dims.slice(-rank)
  return {
    out: space.map((size, i) => Math.floor(knownSize(size, 'resizing') * (factors[i] as number))),
    scales: factors,
  }
}

const upsample =
  (mode: ResizeMode, rank: number): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const names = rank === 1 ? ['scales'] : rank === 2 ? ['scales_h', 'scales_w'] : ['scales_d', 'scales_h', 'scales_w']
    const alignCorners = !mode.startsWith('nearest') && a.flag('align_corners')
    return resizeOf(t, x, { ...sized(a, x, rank, names), mode, alignCorners })
  }

const upsampleOperator = (mode: ResizeMode, rank: number): AtenOperator => {
  const align = mode.startsWith('nearest') ? '' : 'align_corners, '
  const names = [
    '',
    'scales|scale_factors=None',
    'scales_h|scale_factors=None, scales_w=None',
    'scales_d|scale_factors=None, scales_h=None, scales_w=None',
  ][rank]
  return { parameters: `self, output_size, ${align}${names}`, run: upsample(mode, rank) }
}

const MODES: Readonly<Record<string, ResizeMode>> = {
  nearest: 'nearest',
  'nearest-exact': 'nearest-exact',
  linear: 'linear',
  bilinear: 'linear',
  trilinear: 'linear',
  bicubic: 'cubic',
}

/** torch.nn.functional.interpolate */
const interpolate: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const rank = x.rank - 2
  const mode = a.text('mode')
  if (a.flag('antialias')) throw a.error('with antialias is not supported')
  const factors = a.has('scale_factor') ? numbersOf(a, 'scale_factor', rank) : null
  const sizes = x.dims.slice(2).map((size) => knownSize(size, 'resizing'))
  const out = factors ? sizes.map((size, i) => Math.floor(size * (factors[i] as number))) : [...a.ints('size', rank)]
  if (mode === 'area') return t.call(`adaptive_avg_pool${rank}d`, [x, out.map(BigInt)])
  const known = MODES[mode]
  if (!known) throw a.error(`with mode ${mode} is not supported`)
  const recompute = a.has('recompute_scale_factor') && a.flag('recompute_scale_factor')
  const scales = factors && !recompute ? factors : out.map(() => null)
  return resizeOf(t, x, { out, scales, mode: known, alignCorners: a.has('align_corners') && a.flag('align_corners') })
}

function numbersOf(a: Args, name: string, count: number): number[] {
  const value = a.get(name)
  return Array.isArray(value) ? value.map(Number) : new Array<number>(count).fill(a.number(name))
}

/** Which elements stand in an axis that was padded (or cut) at both ends. */
function padded(mode: string, size: number, before: number, after: number, a: Args): number[] {
  const length = size + before + after
  return Array.from({ length }, (_, i) => {
    const at = i - before
    if (mode === 'replicate') return Math.min(Math.max(at, 0), size - 1)
    if (mode === 'circular') return ((at % size) + size) % size
    const mirrored = at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at
    if (mirrored < 0 || mirrored >= size)
      throw new InferError('bad_request', `torch's ${a.op}: ${before} and ${after} are too much for ${size}`)
    return mirrored
  })
}

function padWith(t: Aten, a: Args, mode: string): SymTensor {
  const x = a.tensor('self')
  const pads = a.ints('pad')
  const sizes = x.dims.map((dim, axis): [axis: number, dim: Size, before: number, after: number] => {
    const at = 2 * (x.rank - 1 - axis)
    return [axis, dim, pads[at] ?? 0, pads[at + 1] ?? 0]
  })
  if (mode === 'constant') return padConstant(t, x, sizes, a)
  let value = t.value(x)
  const dims = sizes.map(([axis, dim, before, after]) => {
    if (before === 0 && after === 0) return dim
    t.reserve((dim as number) + before + after)
    const list = padded(mode, knownSize(dim, 'padding'), before, after, a)
    value = t.node('Gather', [value, index(t, list)], { axis })
    return list.length
  })
  return t.moved(value, x.dtype, dims)
}

function padConstant(
  t: Aten,
  x: SymTensor,
  sizes: readonly (readonly [number, Size, number, number])[],
  a: Args,
): SymTensor {
  const wide = x.dtype === 'bool' ? t.castTo(x, 'int32') : x
  const value = a.has('value') ? a.number('value') : 0
  const pads = [...sizes.map(([, , before]) => before), ...sizes.map(([, , , after]) => after)]
  const dims = sizes.map(([, dim, before, after]) =>
    before + after === 0 ? dim : knownSize(dim, 'padding') + before + after,
  )
  const inner = t.value(wide)
  const result = t.node('Pad', [inner, t.shape(pads), t.graph.operand(value, inner.dtype)])
  return t.castTo(t.made(result, wide.dtype, dims), x.dtype)
}

const padOperator = (mode: string): AtenOperator => ({
  parameters: 'self, pad|padding',
  run: (t, a) => padWith(t, a, mode),
})

// biome-ignore format: one row per operator
export const RESIZES = {
  _upsample_nearest_exact1d: upsampleOperator('nearest-exact', 1),
  _upsample_nearest_exact2d: upsampleOperator('nearest-exact', 2),
  _upsample_nearest_exact3d: upsampleOperator('nearest-exact', 3),
  constant_pad_nd: { parameters: 'self, pad, value=0', run: (t, a) => padWith(t, a, 'constant') },
  interpolate: { parameters: 'self, size=None, scale_factor=None, mode=nearest, align_corners=None, recompute_scale_factor=None, antialias=False', run: interpolate },
  pad: { parameters: 'self, pad, mode=constant, value=None', run: (t, a) => padWith(t, a, a.text('mode')) },
  reflection_pad1d: padOperator('reflect'),
  reflection_pad2d: padOperator('reflect'),
  reflection_pad3d: padOperator('reflect'),
  replication_pad1d: padOperator('replicate'),
  replication_pad2d: padOperator('replicate'),
  replication_pad3d: padOperator('replicate'),
  upsample_bicubic2d: upsampleOperator('cubic', 2),
  upsample_bilinear2d: upsampleOperator('linear', 2),
  upsample_linear1d: upsampleOperator('linear', 1),
  upsample_nearest1d: upsampleOperator('nearest', 1),
  upsample_nearest2d: upsampleOperator('nearest', 2),
  upsample_nearest3d: upsampleOperator('nearest', 3),
  upsample_trilinear3d: upsampleOperator('linear', 3),
} as const satisfies Record<string, AtenOperator>
