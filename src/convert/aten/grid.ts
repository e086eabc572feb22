import type { Args } from './args.ts'
import type { AtenFunction, AtenOperator } from './aten.ts'
import { sameDType } from './linear.ts'
import type { Size } from './size.ts'

/** Sampling at the places of a grid, and grids of affine maps (aten's GridSampler.cpp, AffineGridGenerator.cpp). */

/** ONNX's names, by torch's numbers and words. */
const MODES: readonly string[] = ['linear', 'nearest', 'cubic']
const WORDS: Readonly<Record<string, number>> = {
  bilinear: 0,
  nearest: 1,
  bicubic: 2,
  zeros: 0,
  border: 1,
  reflection: 2,
}
const PADDINGS: readonly string[] = ['zeros', 'border', 'reflection']

function named(a: Args, name: string, names: readonly string[]): string {
  const value = a.get(name)
  const number = typeof value === 'string' ? WORDS[value] : a.int(name)
  const found = number === undefined ? undefined : names[number]
  if (!found) throw a.error(`with ${name}=${String(value)} is not supported`)
  return found
}

const flagOf = (a: Args): boolean => a.has('align_corners') && a.flag('align_corners')

/** self [N, C, ...] at grid [N, ..., rank], whose places are (x, y[, z]) from -1 to 1. */
const gridSample: AtenFunction = (t, a) => {
  const [x, grid] = [a.tensor('self'), a.tensor('grid')]
  const dtype = sameDType(`torch's ${a.op}`, x, grid)
  if ((x.rank !== 4 && x.rank !== 5) || grid.rank !== x.rank || grid.dims.at(-1) !== x.rank - 2)
    throw a.error(`wants 4 or 5 dimensions, not [${x.dims.join(', ')}] at [${grid.dims.join(', ')}]`)
  const mode = named(a, a.has('mode') ? 'mode' : 'interpolation_mode', MODES)
  if (mode === 'cubic' && x.rank === 5) throw a.error('has no bicubic in three dimensions')
  const attributes = { mode, padding_mode: named(a, 'padding_mode', PADDINGS), align_corners: flagOf(a) ? 1 : 0 }
  const y = t.node('GridSample', [t.value(x), t.value(grid)], attributes)
  return t.made(y, dtype, [...x.dims.slice(0, 2), ...grid.dims.slice(1, -1)])
}

/** Places along an axis of `size`: its ends, or the middles of its ends, are -1 and 1. */
function placesOf(size: number, alignCorners: boolean): number[] {
  const scale = alignCorners ? 1 : (size - 1) / size
  return Array.from({ length: size }, (_, i) => (size === 1 ? 0 : scale * ((2 * i) / (size - 1) - 1)))
}

/** theta [N, rank, rank + 1] to a grid [N, ..., rank] for an output of `size` [N, C, ...]. */
const affineGrid: AtenFunction = (t, a) => {
  const theta = a.tensor('theta')
  const spatial = a.sizes('size').slice(2)
  const sizes = spatial.map((size) => (typeof size === 'number' ? size : Number.NaN))
  const rank = sizes.length
  if (sizes.some(Number.isNaN) || theta.rank !== 3 || theta.dims[1] !== rank || theta.dims[2] !== rank + 1)
    throw a.error(`wants a theta of [N, ${rank}, ${rank + 1}] for ${rank} sizes, not [${theta.dims.join(', ')}]`)
  const base = t.constant({
    dtype: 'float64',
    dims: [sizes.reduce((count, size) => count * size, 1), rank + 1],
    data: homogeneous(sizes, flagOf(a)),
  })
  const moved = t.op('matmul', [t.castTo(base, theta.dtype), t.op('transpose', [theta, 1n, 2n])])
  const dims: Size[] = [theta.dims[0] as Size, ...sizes, rank]
  return t.op('view', [moved, dims.map((dim) => (typeof dim === 'number' ? BigInt(dim) : dim))])
}

/** A row a place: (x, y[, z], 1), the last axis of the sizes first. */
function homogeneous(sizes: readonly number[], alignCorners: boolean): Float64Array {
  const places = sizes.map((size) => placesOf(size, alignCorners))
  let rows: number[][] = [[]]
  for (const along of places) rows = rows.flatMap((row) => along.map((place) => [place, ...row]))
  return Float64Array.from(rows.flatMap((row) => [...row, 1]))
}

const SAMPLE = 'self, grid, interpolation_mode, padding_mode, align_corners'

// biome-ignore format: one row per operator
export const GRIDS = {
  affine_grid: { parameters: 'theta, size, align_corners=None', run: affineGrid },
  affine_grid_generator: { parameters: 'theta, size, align_corners', run: affineGrid },
  grid_sample: { parameters: 'self, grid, mode=bilinear, padding_mode=zeros, align_corners=None', run: gridSample },
  grid_sampler: { parameters: SAMPLE, run: gridSample },
  grid_sampler_2d: { parameters: SAMPLE, run: gridSample },
  grid_sampler_3d: { parameters: SAMPLE, run: gridSample },
} as const satisfies Record<string, AtenOperator>
