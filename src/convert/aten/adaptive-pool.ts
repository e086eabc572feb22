import type { Expr } from '../../onnx/expr.ts'
import { ints } from '../../onnx/numbers.ts'
import { createTensor } from '../../tensor/tensor.ts'
import type { Args, Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { flatOf, maxOfWindows } from './pool.ts'
import type { Size } from './size.ts'
import { type Axis, windowMap } from './window.ts'

/** Pools whose windows are made to fit (aten's AdaptiveAveragePooling.cpp, AdaptiveMaxPooling*.cpp). */

/** The windows of adaptive pools: from ⌊o·size/out⌋ to ⌈(o+1)·size/out⌉; -1 within where they are shorter. */
function adaptiveAxis(size: number, out: number): Axis & { readonly count: (o: number) => number } {
  const start = (o: number): number => Math.floor((o * size) / out)
  const end = (o: number): number => Math.ceil(((o + 1) * size) / out)
  let kernel = 0
  for (let o = 0; o < out; o++) kernel = Math.max(kernel, end(o) - start(o))
  const place = (o: number, k: number): number => (k < end(o) - start(o) ? start(o) + k : -1)
  return { size, kernel, out, place, count: (o) => end(o) - start(o) }
}

function adaptiveSizes(t: Aten, a: Args, rank: number, space: readonly number[]): number[] {
  const value = a.get('output_size')
  const items: readonly Datum[] = Array.isArray(value) ? value : new Array<Datum>(rank).fill(value)
  const sizes = items.map((item, i) => (item === null ? (space[i] as number) : Number(item)))
  for (const size of sizes) t.reserve(size)
  return sizes
}

/** One matrix for each axis: a mean over a box is a mean of means. */
const adaptiveAvg =
  (rank: number): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const { space, outer } = flatOf(t, x, rank, `torch's ${a.op}`)
    const out = adaptiveSizes(t, a, rank, space)
    if (out.every((size) => size === 1)) {
      const axes = space.map((_, i) => outer.length + i)
      return t.made(t.node('ReduceMean', [t.value(x), ints(axes)], { keepdims: 1 }), x.dtype, [...outer, ...out])
    }
    const matrices = space.map((size, i) => {
      const axis = adaptiveAxis(size, out[i] as number)
      return (o: number, at: number): number => {
        const first = axis.place(o, 0)
        return at >= first && at < first + axis.count(o) ? 1 / axis.count(o) : 0
      }
    })
    return t.made(separable(t, t.value(x), outer, space, out, matrices), x.dtype, [...outer, ...out])
  }

/** y = x · Wᵀ along each axis in turn. @param weights (out, in) to W[out][in] for each axis */
export function separable(
  t: Aten,
  x: Expr,
  outer: readonly Size[],
  space: readonly number[],
  out: readonly number[],
  weights: readonly ((out: number, at: number) => number)[],
): Expr {
  let value = x
  space.forEach((size, i) => {
    const [length, weight] = [out[i] as number, weights[i] as (out: number, at: number) => number]
    t.reserve(size * length)
    const list = Array.from({ length: size * length }, (_, k) => weight(k % length, Math.floor(k / length)))
    const data = x.dtype === 'float64' ? Float64Array.from(list) : Float32Array.from(list)
    const matrix = t.graph.constant(t.makeup(createTensor(x.dtype as 'float32', [size, length], data)))
    const rank = outer.length + space.length
    const axis = outer.length + i
    const swap = Array.from({ length: rank }, (_, k) => (k === axis ? rank - 1 : k === rank - 1 ? axis : k))
    value = t.transpose(t.node('MatMul', [t.transpose(value, swap), matrix]), swap)
  })
  return value
}

const adaptiveMax =
  (rank: number, withIndices: boolean): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const { flat, outer, space } = flatOf(t, x, rank, `torch's ${a.op}`)
    const out = adaptiveSizes(t, a, rank, space)
    const map = windowMap(
      t,
      space.map((size, i) => adaptiveAxis(size, out[i] as number)),
    )
    return maxOfWindows(t, x, flat, map, [...outer, ...out], withIndices)
  }

// biome-ignore format: one row per operator
export const ADAPTIVE_POOLS = {
  _adaptive_avg_pool2d: { parameters: 'self, output_size', run: adaptiveAvg(2) },
  _adaptive_avg_pool3d: { parameters: 'self, output_size', run: adaptiveAvg(3) },
  adaptive_avg_pool1d: { parameters: 'self, output_size', run: adaptiveAvg(1) },
  adaptive_avg_pool2d: { parameters: 'self, output_size', run: adaptiveAvg(2) },
  adaptive_avg_pool3d: { parameters: 'self, output_size', run: adaptiveAvg(3) },
  adaptive_max_pool1d: { parameters: 'self, output_size', run: adaptiveMax(1, true) },
  adaptive_max_pool2d: { parameters: 'self, output_size', run: adaptiveMax(2, true) },
  adaptive_max_pool3d: { parameters: 'self, output_size', run: adaptiveMax(3, true) },
} as const satisfies Record<string, AtenOperator>
