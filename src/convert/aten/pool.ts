import { InferError } from '../../errors.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Attributes } from '../../onnx/node.ts'
import { ints } from '../../onnx/numbers.ts'
import { createTensor } from '../../tensor/tensor.ts'
import type { Args, Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { computedAs } from './dtypes.ts'
import { knownSize, productOf, type Size } from './size.ts'
import type { SymTensor } from './symbolic.ts'
import { type Axis, gatherWindows, sliding, type WindowMap, windowMap } from './window.ts'

/**Pools (aten's Pool.h, AveragePool*.cpp, AdaptiveAveragePooling.cpp). x [..., ...space]: the last `rank` axes. */

interface Flat {
  readonly flat: Expr
  readonly outer: readonly Size[]
  readonly space: readonly number[]
}

/** [..., size of the image] */
export function flatOf(t: Aten, x: SymTensor, rank: number, what: string): Flat {
  if (x.rank !== rank + 1 && x.rank !== rank + 2)
    throw new InferError(
      'bad_request',
      `${what} wants ${rank + 1} or ${rank + 2} dimensions, and is given [${x.dims.join(', ')}]`,
    )
  const outer = x.dims.slice(0, -rank)
  const space = x.dims.slice(-rank).map((size) => knownSize(size, what))
  return { flat: t.reshape(t.value(x), [...outer, productOf(space)]), outer, space }
}

/** How many windows; with `ceil`, one more where the last begins within the image or its left padding. */
export function pooledSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  ceil: boolean,
): number {
  const reach = size + 2 * padding - dilation * (kernel - 1) - 1
  const out = Math.floor((reach + (ceil ? stride - 1 : 0)) / stride) + 1
  return ceil && (out - 1) * stride >= size + padding ? out - 1 : out
}

interface Pool {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
  readonly ceil: boolean
}

function poolOf(a: Args, rank: number): Pool {
  const kernel = a.ints('kernel_size', rank)
  const given = a.has('stride') && !(Array.isArray(a.get('stride')) && (a.get('stride') as []).length === 0)
  return {
    kernel,
    stride: given ? a.ints('stride', rank) : kernel,
    padding: a.has('padding') ? a.ints('padding', rank) : kernel.map(() => 0),
    dilation: a.has('dilation') ? a.ints('dilation', rank) : kernel.map(() => 1),
    ceil: a.flag('ceil_mode'),
  }
}

const slidingAxes = (space: readonly number[], p: Pool): Axis[] =>
  space.map((size, i) => {
    const [kernel, stride, padding, dilation] = [p.kernel, p.stride, p.padding, p.dilation].map((list) => list[i]) as [
      number,
      number,
      number,
      number,
    ]
    return {
      size,
      kernel,
      out: pooledSize(size, kernel, stride, padding, dilation, p.ceil),
      place: sliding(stride, padding, dilation),
    }
  })

function checkOut(map: WindowMap, x: SymTensor, a: Args): void {
  if (map.out.some((size) => size < 1))
    throw new InferError('bad_request', `torch's ${a.op}: [${x.dims.join(', ')}] is smaller than its window`)
}

const maxPool =
  (rank: number, withIndices: boolean): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const p = poolOf(a, rank)
    const { flat, outer, space } = flatOf(t, x, rank, `torch's ${a.op}`)
    const map = windowMap(t, slidingAxes(space, p))
    checkOut(map, x, a)
    const dims = [...outer, ...map.out]
    if (!withIndices && !p.ceil && computedAs(x.dtype) !== 'int64') return fastMaxPool(t, x, p, dims)
    return maxOfWindows(t, x, flat, map, dims, withIndices)
  }

const fastMaxPool = (t: Aten, x: SymTensor, p: Pool, dims: readonly Size[]): SymTensor =>
  t.moved(onnxPool(t, 'MaxPool', x, p, { dilations: p.dilation }), x.dtype, dims)

const fastAvgPool = (t: Aten, x: SymTensor, p: Pool, dims: readonly Size[], includesPad: boolean): SymTensor =>
  t.made(onnxPool(t, 'AveragePool', x, p, { count_include_pad: Number(includesPad) }), x.dtype, dims)

/** ONNX's own, of images with a batch. */
function onnxPool(t: Aten, op: string, x: SymTensor, p: Pool, more: Attributes): Expr {
  const attributes = { kernel_shape: p.kernel, strides: p.stride, pads: [...p.padding, ...p.padding], ...more }
  const isBatched = x.rank === p.kernel.length + 2
  const value = isBatched ? t.value(x) : t.node('Unsqueeze', [t.value(x), ints([0])])
  const pooled = t.nodes(op, [value], 1, attributes)[0] as Expr
  return isBatched ? pooled : t.node('Squeeze', [pooled, ints([0])])
}

export function maxOfWindows(
  t: Aten,
  x: SymTensor,
  flat: Expr,
  map: WindowMap,
  dims: readonly Size[],
  withIndices: boolean,
): Datum {
  const lowest = flat.dtype.startsWith('float') ? Number.NEGATIVE_INFINITY : -(2 ** 31)
  const rank = x.rank - map.out.length + 1
  const windows = gatherWindows(t, flat, map, rank, lowest)
  const axis = rank - 1
  const best = t.moved(t.reshape(t.node('ReduceMax', [windows, ints([axis])], { keepdims: 0 }), dims), x.dtype, dims)
  if (!withIndices) return best
  const at = t.node('ArgMax', [windows], { axis, keepdims: 0 })
  const index = createTensor('int64', [map.window * map.count], BigInt64Array.from(map.index, BigInt))
  const column = createTensor(
    'int64',
    [map.count],
    BigInt64Array.from({ length: map.count }, (_, i) => BigInt(i)),
  )
  const place = t.node('Add', [t.node('Mul', [at, map.count]), column])
  const found = t.node('Gather', [t.graph.constant(t.makeup(index)), place], { axis: 0 })
  return [best, t.moved(t.reshape(found, dims), 'int64', dims)]
}

/** Σ of a window over how many: torch counts the padding, but not what `ceil_mode` adds beyond it. */
const avgPool =
  (rank: number): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const p = poolOf(a, rank)
    const { flat, outer, space } = flatOf(t, x, rank, `torch's ${a.op}`)
    const map = windowMap(t, slidingAxes(space, p))
    checkOut(map, x, a)
    const dims = [...outer, ...map.out]
    const fixed = a.has('divisor_override') ? a.int('divisor_override') : undefined
    const includesPad = a.flag('count_include_pad')
    if (fixed === undefined && !p.ceil && computedAs(x.dtype) === 'float32')
      return fastAvgPool(t, x, p, dims, includesPad)
    const counts = Float64Array.from(
      { length: map.count },
      (_, o) => fixed ?? countOf(o, map.out, space, p, includesPad),
    )
    const windows = gatherWindows(t, flat, map, outer.length + 1)
    const sum = t.node('ReduceSum', [windows, ints([outer.length])], { keepdims: 0 })
    const dtype = computedAs(x.dtype)
    const divisor = createTensor(dtype, [map.count], dtype === 'float64' ? counts : Float32Array.from(counts))
    const mean = t.node('Div', [sum, t.makeup(divisor)])
    return t.made(t.reshape(mean, dims), x.dtype, dims)
  }

function countOf(o: number, out: readonly number[], space: readonly number[], p: Pool, includesPad: boolean): number {
  let [rest, count] = [o, 1]
  for (let i = out.length - 1; i >= 0; i--) {
    const [size, pad] = [space[i] as number, p.padding[i] as number]
    const start = (rest % (out[i] as number)) * (p.stride[i] as number) - pad
    const end = Math.min(start + (p.kernel[i] as number), size + pad)
    count *= includesPad ? end - start : Math.min(end, size) - Math.max(start, 0)
    rest = Math.floor(rest / (out[i] as number))
  }
  return count
}

/** sign(m)·relu(|m|)·n to the 1/p, with m the mean of xᵖ over windows of n. */
const lpPool =
  (rank: number): AtenFunction =>
  (t, a) => {
    const p = a.number('norm_type')
    const kernel = a.ints('kernel_size', rank)
    const powers = t.op('pow', [a.tensor('self'), p])
    const mean = t.op(`avg_pool${rank}d`, [powers, a.get('kernel_size'), a.get('stride'), 0n, a.get('ceil_mode')])
    const folded = t.op('mul', [t.op('sign', [mean]), t.op('relu', [t.op('abs', [mean])])])
    return t.call('pow', [t.op('mul', [folded, BigInt(kernel.reduce((product, k) => product * k, 1))]), 1 / p])
  }

/** Values back to where the largest were; 0 elsewhere. */
const maxUnpool =
  (rank: number): AtenFunction =>
  (t, a) => {
    const x = a.tensor('self')
    const { flat, outer } = flatOf(t, x, rank, `torch's ${a.op}`)
    const out = a.ints('output_size').slice(-rank)
    const size = productOf(out)
    const zeros = t.op('zeros', [[...outer, size].map((dim) => (typeof dim === 'number' ? BigInt(dim) : dim))], {
      dtype: x.dtype,
    })
    const indices = t.reshape(t.value(a.tensor('indices')), [...outer, productOf(x.dims.slice(-rank))])
    const value = t.node('ScatterElements', [t.value(zeros), indices, flat], { axis: outer.length })
    return t.moved(t.reshape(value, [...outer, ...out]), x.dtype, [...outer, ...out])
  }

const MAX = 'self, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False'

const AVG = 'self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None'

const LP = 'self, norm_type, kernel_size, stride=None, ceil_mode=False'

// biome-ignore format: one row per operator
export const POOLS = {
  avg_pool1d: { parameters: AVG, run: avgPool(1) },
  avg_pool2d: { parameters: AVG, run: avgPool(2) },
  avg_pool3d: { parameters: AVG, run: avgPool(3) },
  lp_pool1d: { parameters: LP, run: lpPool(1) },
  lp_pool2d: { parameters: LP, run: lpPool(2) },
  lp_pool3d: { parameters: LP, run: lpPool(3) },
  max_pool1d: { parameters: MAX, run: maxPool(1, false) },
  max_pool1d_with_indices: { parameters: MAX, run: maxPool(1, true) },
  max_pool2d: { parameters: MAX, run: maxPool(2, false) },
  max_pool2d_with_indices: { parameters: MAX, run: maxPool(2, true) },
  max_pool3d: { parameters: MAX, run: maxPool(3, false) },
  max_pool3d_with_indices: { parameters: MAX, run: maxPool(3, true) },
  max_unpool2d: { parameters: 'self, indices, output_size', run: maxUnpool(2) },
  max_unpool3d: { parameters: 'self, indices, output_size, stride=None, padding=None', run: maxUnpool(3) },
} as const satisfies Record<string, AtenOperator>
