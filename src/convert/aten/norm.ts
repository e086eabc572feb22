import { InferError } from '../../errors.ts'
import type { Expr } from '../../onnx/expr.ts'
import { float, type Operand } from '../../onnx/node.ts'
import { separable } from './adaptive-pool.ts'
import type { Args } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { computedAs, isHalf } from './dtypes.ts'
import { WrongDType } from './linear.ts'
import { normOf, reduceBy, variance } from './reduce.ts'
import { knownSize, type Size, sameSize } from './size.ts'
import { SymTensor } from './symbolic.ts'

/** Normalisations (aten's Normalization.cpp, layer_norm.cpp, group_norm.cpp). */

/** Weights of layers over halves may be float32, others are of the input's dtype. */
function weightOf(t: Aten, x: SymTensor, weight: SymTensor | null, what: string, shape: readonly Size[]): Expr | null {
  if (!weight) return null
  if (weight.dtype !== x.dtype && !(isHalf(x.dtype) && weight.dtype === 'float32'))
    throw new WrongDType(what, weight.dtype, x.dtype)
  return t.reshape(t.value(weight), shape)
}

/** (x - mean) / √(variance + ε), scaled and shifted. */
function normalized(
  t: Aten,
  x: Expr,
  mean: Operand,
  spread: Expr,
  eps: number,
  weight: Expr | null,
  bias: Expr | null,
): Expr {
  const deviation = t.node('Sqrt', [t.node('Add', [spread, eps])])
  let y = t.node('Div', [t.node('Sub', [x, mean]), deviation])
  if (weight) y = t.node('Mul', [y, weight])
  return bias ? t.node('Add', [y, bias]) : y
}

export interface BatchNorm {
  readonly weight: SymTensor | null
  readonly bias: SymTensor | null
  readonly mean: SymTensor | null
  readonly variance: SymTensor | null
  readonly eps: number
  readonly what?: string
}

/** Over all axes but the channels', by what training has gathered; by the batch itself where nothing was. */
export function batchNormOf(t: Aten, x: SymTensor, o: BatchNorm): SymTensor {
  const what = o.what ?? 'a batch norm'
  if (x.rank < 2)
    throw new InferError('bad_request', `${what} wants 2 dimensions or more, and is given [${x.dims.join(', ')}]`)
  const channels = [o.mean, o.weight].find((tensor) => tensor !== null)?.dims[0] ?? x.dims[1]
  if (!sameSize(x.dims[1] as Size, channels as Size))
    throw new InferError('bad_request', `${what} wants ${channels} channels, and is given [${x.dims.join(', ')}]`)
  const shape = [channels as Size, ...x.dims.slice(2).map(() => 1)]
  const part = (tensor: SymTensor | null) => weightOf(t, x, tensor, what, shape)
  const [weight, bias, mean, spread] = [part(o.weight), part(o.bias), part(o.mean), part(o.variance)]
  const value = t.value(x)
  if (!mean || !spread) {
    const axes = x.dims.map((_, i) => i).filter((axis) => axis !== 1)
    const own = variance(t, x, axes, 0)
    return t.made(normalized(t, value, own.mean, own.variance, o.eps, weight, bias), x.dtype, x.dims)
  }
  if (value.dtype === 'float32' && o.weight && o.bias && o.mean && o.variance) {
    const inputs = [o.weight, o.bias, o.mean, o.variance].map((tensor) => t.value(tensor))
    return t.made(t.node('BatchNormalization', [value, ...inputs], { epsilon: float(o.eps) }), x.dtype, x.dims)
  }
  return t.made(normalized(t, value, mean, spread, o.eps, weight, bias), x.dtype, x.dims)
}

export function layerNormOf(
  t: Aten,
  x: SymTensor,
  shape: readonly number[],
  weight: SymTensor | null,
  bias: SymTensor | null,
  eps: number,
  what = 'a layer norm',
): SymTensor {
  const rank = shape.length
  if (x.dims.slice(-rank).join() !== shape.join())
    throw new InferError('bad_request', `${what} wants [${shape.join(', ')}] last, and is given [${x.dims.join(', ')}]`)
  const [w, b] = [weightOf(t, x, weight, what, shape), weightOf(t, x, bias, what, shape)]
  if (computedAs(x.dtype) === 'float32' && w) {
    const inputs = [t.value(x), w, ...(b ? [b] : [])]
    return t.made(t.node('LayerNormalization', inputs, { axis: -rank, epsilon: float(eps) }), x.dtype, x.dims)
  }
  const axes = shape.map((_, i) => x.rank - rank + i)
  const own = variance(t, x, axes, 0)
  return t.made(normalized(t, t.value(x), own.mean, own.variance, eps, w, b), x.dtype, x.dims)
}

/** Channels in groups, each over its channels and all that follows. */
export function groupNormOf(
  t: Aten,
  x: SymTensor,
  groups: number,
  weight: SymTensor | null,
  bias: SymTensor | null,
  eps: number,
  what = 'a group norm',
): SymTensor {
  const channels = knownSize(x.dims[1], what)
  if (channels % groups !== 0)
    throw new InferError(
      'bad_request',
      `${what} wants channels in ${groups} groups, and is given [${x.dims.join(', ')}]`,
    )
  const shape = [channels, ...x.dims.slice(2).map(() => 1)]
  const [w, b] = [weightOf(t, x, weight, what, shape), weightOf(t, x, bias, what, shape)]
  const rows = t.op('reshape', [
    x,
    [x.dims[0], groups, -1].map((dim) => (typeof dim === 'number' ? BigInt(dim) : (dim ?? 0n))),
  ])
  const own = variance(t, rows, [2], 0)
  let y = t.reshape(normalized(t, t.value(rows), own.mean, own.variance, eps, null, null), x.dims)
  if (w) y = t.node('Mul', [y, w])
  return t.made(b ? t.node('Add', [y, b]) : y, x.dtype, x.dims)
}

/** Each channel of each image by itself; by what training has gathered where that is wanted. */
export function instanceNormOf(t: Aten, x: SymTensor, o: BatchNorm): SymTensor {
  if (o.mean && o.variance) return batchNormOf(t, x, o)
  const what = o.what ?? 'an instance norm'
  const shape = [x.dims[1] as Size, ...x.dims.slice(2).map(() => 1)]
  const axes = x.dims.slice(2).map((_, i) => i + 2)
  const own = variance(t, x, axes, 0)
  const [w, b] = [weightOf(t, x, o.weight, what, shape), weightOf(t, x, o.bias, what, shape)]
  return t.made(normalized(t, t.value(x), own.mean, own.variance, o.eps, w, b), x.dtype, x.dims)
}

const SMALLEST = { float16: 2 ** -10, bfloat16: 2 ** -7, float32: 2 ** -23, float64: 2 ** -52 } as const

/** x / √(mean(x²) + ε) */
export function rmsNormOf(
  t: Aten,
  x: SymTensor,
  shape: readonly number[],
  weight: SymTensor | null,
  eps: number | null,
): SymTensor {
  const axes = shape.map((_, i) => x.rank - shape.length + i)
  const value = t.value(x)
  const mean = reduceBy(t, 'ReduceMean', t.node('Mul', [value, value]), axes, true)
  const small = eps ?? SMALLEST[x.dtype as keyof typeof SMALLEST]
  const y = t.node('Div', [value, t.node('Sqrt', [t.node('Add', [mean, small])])])
  const w = weightOf(t, x, weight, 'an rms norm', shape)
  return t.made(w ? t.node('Mul', [y, w]) : y, x.dtype, x.dims)
}

/** x / (k + α/n · Σ of the squares of n channels around)^β */
export function localResponseOf(
  t: Aten,
  x: SymTensor,
  size: number,
  alpha: number,
  beta: number,
  k: number,
): SymTensor {
  const channels = knownSize(x.dims[1], 'a local response norm')
  const square = t.node('Mul', [t.value(x), t.value(x)])
  const swapped = x.dims.map((_, i) => (i === 0 ? 0 : i === x.rank - 1 ? 1 : i + 1))
  const back = swapped.map((_, i) => swapped.indexOf(i))
  const last = t.transpose(square, swapped)
  const within = (c: number, at: number): number =>
    at >= c - Math.floor(size / 2) && at <= c + Math.floor((size - 1) / 2) ? 1 / size : 0
  const outer = swapped.slice(0, -1).map((axis) => x.dims[axis] as Size)
  const sums = t.transpose(separable(t, last, outer, [channels], [channels], [within]), back)
  const divisor = t.node('Pow', [t.node('Add', [t.node('Mul', [sums, alpha]), k]), beta])
  return t.made(t.node('Div', [t.value(x), divisor]), x.dtype, x.dims)
}

/** With and without statistics of its own (the overload `no_stats`). */
const legitBatchNorm: AtenFunction = (t, a) => {
  const [x, weight, bias] = [a.tensor('self'), a.optionalTensor('weight'), a.optionalTensor('bias')]
  const hasNone = !(a.get('running_mean') instanceof SymTensor)
  const training = hasNone || a.flag('training')
  const eps = a.number(a.has('running_mean') && hasNone ? 'training' : 'eps')
  const [mean, variance] = training ? [null, null] : [a.tensor('running_mean'), a.tensor('running_var')]
  return [batchNormOf(t, x, { weight, bias, mean, variance, eps }), ...statistics(t, x, eps)]
}

/** The mean and 1/σ of each channel. */
function statistics(t: Aten, x: SymTensor, eps: number): SymTensor[] {
  const axes = x.dims.map((_, i) => BigInt(i)).filter((axis) => axis !== 1n)
  const variance = t.op('var', [x, axes, false])
  return [t.op('mean', [x, axes]), t.op('rsqrt', [t.op('add', [variance, eps])])]
}

const batchNorm: AtenFunction = (t, a) => {
  const own = a.has('training') && a.flag('training')
  return batchNormOf(t, a.tensor('self'), {
    weight: a.optionalTensor('weight'),
    bias: a.optionalTensor('bias'),
    mean: own ? null : a.optionalTensor('running_mean'),
    variance: own ? null : a.optionalTensor('running_var'),
    eps: a.number('eps'),
  })
}

const layerNorm: AtenFunction = (t, a) =>
  layerNormOf(
    t,
    a.tensor('self'),
    a.ints('normalized_shape'),
    a.optionalTensor('weight'),
    a.optionalTensor('bias'),
    a.number('eps'),
  )

const groupNorm: AtenFunction = (t, a) =>
  groupNormOf(
    t,
    a.tensor('self'),
    a.int('num_groups'),
    a.optionalTensor('weight'),
    a.optionalTensor('bias'),
    a.number('eps'),
  )

const instanceNorm: AtenFunction = (t, a) => {
  const own = a.flag('use_input_stats')
  return instanceNormOf(t, a.tensor('self'), {
    weight: a.optionalTensor('weight'),
    bias: a.optionalTensor('bias'),
    mean: own ? null : a.optionalTensor('running_mean'),
    variance: own ? null : a.optionalTensor('running_var'),
    eps: a.number('eps'),
  })
}

const rmsNorm: AtenFunction = (t, a) =>
  rmsNormOf(
    t,
    a.tensor('self'),
    a.ints('normalized_shape'),
    a.optionalTensor('weight'),
    a.has('eps') ? a.number('eps') : null,
  )

/** x / max(‖x‖ₚ, ε) */
const normalize: AtenFunction = (t, a) => {
  const x = a.tensor('self')
  const norm = normOf(t, t.value(x), a.number('p'), a.axes('dim', x.rank) ?? [], true)
  return t.made(t.node('Div', [t.value(x), t.node('Max', [norm, a.number('eps')])]), x.dtype, x.dims)
}

/** Three results, of which inference uses the first. */
const native =
  (run: AtenFunction): AtenFunction =>
  (t, a: Args) => [run(t, a), t.scalar(0), t.scalar(0)]

const nativeGroup: AtenFunction = (t, a) => [
  groupNormOf(
    t,
    a.tensor('self'),
    a.int('group'),
    a.optionalTensor('weight'),
    a.optionalTensor('bias'),
    a.number('eps'),
  ),
  t.scalar(0),
  t.scalar(0),
]

const LEGIT =
  'self, weight, bias, running_mean=None, running_var=None, training=None, momentum=None, eps=None, cudnn_enabled=False'
const BATCH = 'self, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled=False'

// biome-ignore format: one row per operator
export const NORMS = {
  _native_batch_norm_legit_no_training: { parameters: 'self, weight, bias, running_mean, running_var, momentum, eps', run: native(batchNorm) },
  _native_batch_norm_legit: { parameters: LEGIT, run: legitBatchNorm },
  batch_norm: { parameters: BATCH, run: batchNorm },
  group_norm: { parameters: 'self, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True', run: groupNorm },
  instance_norm: { parameters: 'self, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled=False', run: instanceNorm },
  layer_norm: { parameters: 'self, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=True', run: layerNorm },
  local_response_norm: { parameters: 'self, size, alpha=1e-4, beta=0.75, k=1.0', run: (t, a) => localResponseOf(t, a.tensor('self'), a.int('size'), a.number('alpha'), a.number('beta'), a.number('k')) },
  native_batch_norm: { parameters: BATCH, run: native(batchNorm) },
  native_group_norm: { parameters: 'self, weight, bias, N, C, HxW, group, eps', run: nativeGroup },
  native_layer_norm: { parameters: 'self, normalized_shape, weight, bias, eps', run: native(layerNorm) },
  normalize: { parameters: 'self, p=2.0, dim=1, eps=1e-12', run: normalize },
  rms_norm: { parameters: 'self, normalized_shape, weight=None, eps=None', run: rmsNorm },
} as const satisfies Record<string, AtenOperator>
