import { InferError } from '../../errors.ts'
import { createTensor } from '../../tensor/tensor.ts'
import type { Datum } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { linearOf, matmulOf, sameDType } from './linear.ts'
import { knownSize, type Size } from './size.ts'
import type { SymTensor } from './symbolic.ts'

/** Attention (aten's transformers/attention.cpp, torch/nn/functional.py multi_head_attention_forward). */

const exact = (size: Size): Datum => (typeof size === 'number' ? BigInt(size) : size)
const reshape = (t: Aten, x: SymTensor, dims: readonly Size[]): SymTensor => t.op('reshape', [x, dims.map(exact)])

/** What is added to scores: 0 where a bool mask allows, -∞ elsewhere; a float mask is added as it is. */
function additive(t: Aten, mask: SymTensor, isForbidden: boolean, like: SymTensor): SymTensor {
  if (mask.dtype !== 'bool') return t.castTo(mask, like.dtype)
  const [yes, no] = isForbidden ? [Number.NEGATIVE_INFINITY, 0] : [0, Number.NEGATIVE_INFINITY]
  return t.op('where', [mask, t.scalar(yes, like.dtype), t.scalar(no, like.dtype)])
}

interface Scores {
  readonly scale: number
  readonly masks: readonly SymTensor[]
}

/** softmax(q·kᵀ·scale + masks). */
function weights(t: Aten, q: SymTensor, k: SymTensor, { scale, masks }: Scores): SymTensor {
  const root = Math.sqrt(scale)
  const last = [-2n, -1n] as const
  const left = t.op('mul', [q, root])
  let scores = matmulOf(t, left, t.op('transpose', [t.op('mul', [k, root]), ...last]))
  for (const mask of masks) scores = t.op('add', [scores, mask])
  return t.op('softmax', [scores, -1n])
}

/** Which later positions may not be seen, as a mask of -∞. */
function causal(t: Aten, q: SymTensor, k: SymTensor): SymTensor {
  const [rows, columns] = [q, k].map((x) => knownSize(x.dims.at(-2), 'a causal mask')) as [number, number]
  t.reserve(rows * columns)
  const seen = Uint8Array.from({ length: rows * columns }, (_, i) => Number(i % columns <= Math.floor(i / columns)))
  return additive(t, t.constant(t.makeup(createTensor('bool', [rows, columns], seen))), false, q)
}

const attention: AtenFunction = (t, a) => {
  const [q, key, value] = [a.tensor('self'), a.tensor('key'), a.tensor('value')]
  const depth = knownSize(q.dims.at(-1), 'attention')
  const repeat = (x: SymTensor): SymTensor => {
    if (!a.flag('enable_gqa')) return x
    const times = knownSize(q.dims.at(-3), 'attention') / knownSize(x.dims.at(-3), 'attention')
    return times === 1 ? x : t.op('repeat_interleave', [x, BigInt(times), -3n])
  }
  const mask = a.optionalTensor('attn_mask')
  const masks = [...(mask ? [additive(t, mask, false, q)] : []), ...(a.flag('is_causal') ? [causal(t, q, key)] : [])]
  const scale = a.has('scale') ? a.number('scale') : 1 / Math.sqrt(depth)
  return matmulOf(t, weights(t, q, repeat(key), { scale, masks }), repeat(value))
}

export interface MultiHead {
  readonly heads: number
  readonly batchFirst: boolean
  /** Weights [embed, ...] of the three inputs, and their biases. */
  readonly inWeights: readonly [SymTensor, SymTensor, SymTensor]
  readonly inBiases: readonly [SymTensor, SymTensor, SymTensor] | null
  readonly outWeight: SymTensor
  readonly outBias: SymTensor | null
  /** Learnt key and value beside those given. */
  readonly biasKey: SymTensor | null
  readonly biasValue: SymTensor | null
  readonly addZero: boolean
  readonly what?: string
}

export interface MultiHeadCall {
  /** [batch, keys]: true, or what is added. */
  readonly keyPadding?: SymTensor | null
  /** [queries, keys] or [batch · heads, queries, keys]: true is forbidden. */
  readonly mask?: SymTensor | null
  readonly needWeights: boolean
  readonly average: boolean
}

/** [output, weights or null]; inputs [batch, length, features], or without a batch. */
export function multiHeadOf(
  t: Aten,
  given: readonly [SymTensor, SymTensor, SymTensor],
  p: MultiHead,
  call: MultiHeadCall,
): [SymTensor, SymTensor | null] {
  const what = p.what ?? 'attention'
  const isBatched = given[0].rank === 3
  if (!isBatched && given[0].rank !== 2)
    throw new InferError('bad_request', `${what} wants 2 or 3 dimensions, and is given [${given[0].dims.join(', ')}]`)
  const [q, k, v] = given.map((x) => {
    sameDType(what, x, p.outWeight)
    if (!isBatched) return t.op('unsqueeze', [x, 0n])
    return p.batchFirst ? x : t.op('transpose', [x, 0n, 1n])
  }) as [SymTensor, SymTensor, SymTensor]
  const [batch, queries] = q.dims as readonly [Size, Size]
  const embed = p.inWeights[0].dims[0] as number
  const size = embed / p.heads
  const project = (x: SymTensor, i: 0 | 1 | 2): SymTensor =>
    linearOf(t, x, p.inWeights[i], p.inBiases?.[i] ?? null, what)
  const extend = (x: SymTensor, bias: SymTensor | null): SymTensor => {
    if (!bias) return x
    const row = t.expand(bias, [batch, 1, embed])
    return t.op('cat', [[x, row], 1n])
  }
  const split = (x: SymTensor): SymTensor =>
    t.op('transpose', [reshape(t, x, [batch, x.dims[1] as Size, p.heads, size]), 1n, 2n])
  const zero = (x: SymTensor): SymTensor => {
    if (!p.addZero) return x
    return t.op('cat', [[x, t.expand(t.scalar(0, x.dtype), [batch, p.heads, 1, size])], 2n])
  }
  const keys = zero(split(extend(project(k, 1), p.biasKey)))
  const values = zero(split(extend(project(v, 2), p.biasValue)))
  const masks = masksOf(t, q, keys, k.dims[1] as Size, call, p.heads)
  const seen = weights(t, split(project(q, 0)), keys, { scale: 1 / Math.sqrt(size), masks })
  const joined = t.op('transpose', [matmulOf(t, seen, values), 1n, 2n])
  const y = linearOf(t, reshape(t, joined, [batch, queries, embed]), p.outWeight, p.outBias, what)
  const output = isBatched ? (p.batchFirst ? y : t.op('transpose', [y, 0n, 1n])) : t.op('squeeze', [y, 0n])
  if (!call.needWeights) return [output, null]
  const shown = call.average ? t.op('mean', [seen, [1n]]) : seen
  return [output, isBatched ? shown : t.op('squeeze', [shown, 0n])]
}

/** The masks, with nothing forbidden of what stands beside the given keys. */
function masksOf(t: Aten, q: SymTensor, keys: SymTensor, given: Size, call: MultiHeadCall, heads: number): SymTensor[] {
  const total = keys.dims[2] as Size
  const more = typeof total === 'number' && typeof given === 'number' ? total - given : 0
  const wide = (mask: SymTensor): SymTensor => {
    const sum = additive(t, mask, true, q)
    return more === 0 ? sum : t.op('constant_pad_nd', [sum, [0n, BigInt(more)], 0])
  }
  const found: SymTensor[] = []
  if (call.mask) {
    const mask = wide(call.mask)
    const [batch, queries] = q.dims as readonly [Size, Size]
    found.push(mask.rank === 3 ? reshape(t, mask, [batch, heads, queries, total]) : mask)
  }
  if (call.keyPadding) {
    const mask = wide(call.keyPadding)
    const [batch] = q.dims as readonly [Size]
    found.push(reshape(t, mask, [batch, 1, 1, total]))
  }
  return found
}

/** Rows of one weight for queries, keys and values. */
export const inThree = (t: Aten, tensor: SymTensor): [SymTensor, SymTensor, SymTensor] =>
  t.call('chunk', [tensor, 3n]) as unknown as [SymTensor, SymTensor, SymTensor]

const nativeMultiHead: AtenFunction = (t, a) => {
  const given = [a.tensor('self'), a.tensor('key'), a.tensor('value')] as const
  const bias = a.optionalTensor('qkv_bias')
  const mask = a.optionalTensor('mask')
  const isPadding = a.has('mask_type') && a.int('mask_type') === 1
  return multiHeadOf(
    t,
    given,
    {
      heads: a.int('num_head'),
      batchFirst: true,
      inWeights: inThree(t, a.tensor('qkv_weight')),
      inBiases: bias && inThree(t, bias),
      outWeight: a.tensor('proj_weight'),
      outBias: a.optionalTensor('proj_bias'),
      biasKey: null,
      biasValue: null,
      addZero: false,
    },
    {
      keyPadding: isPadding ? mask : null,
      mask: isPadding ? null : mask,
      needWeights: a.flag('need_weights'),
      average: a.flag('average_attn_weights'),
    },
  )
}

/** A whole layer of an encoder: x + attention(x), then x + W₂·f(W₁·x), each normed after it or before. */
const encoderLayer: AtenFunction = (t, a) => {
  const eps = a.number('eps')
  const normed = (x: SymTensor, i: 1 | 2): SymTensor => {
    const [weight, bias] = [a.tensor(`norm_weight_${i}`), a.tensor(`norm_bias_${i}`)]
    return t.op('layer_norm', [x, weight.dims.map((dim) => BigInt(dim as number)), weight, bias, eps])
  }
  const attend = (x: SymTensor): SymTensor => {
    const kwargs = { need_weights: false, mask: a.get('mask'), mask_type: a.get('mask_type') }
    const given = ['embed_dim', 'num_heads', 'qkv_weight', 'qkv_bias', 'proj_weight', 'proj_bias'].map((n) => a.get(n))
    const [y] = t.call('_native_multi_head_attention', [x, x, x, ...given], new Map(Object.entries(kwargs))) as [
      SymTensor,
    ]
    return y
  }
  const feed = (x: SymTensor): SymTensor => {
    const inner = linearOf(t, x, a.tensor('ffn_weight_1'), a.tensor('ffn_bias_1'), a.op)
    const active = t.op(a.flag('use_gelu') ? 'gelu' : 'relu', [inner])
    return linearOf(t, active, a.tensor('ffn_weight_2'), a.tensor('ffn_bias_2'), a.op)
  }
  const add = (x: SymTensor, y: SymTensor): SymTensor => t.op('add', [x, y])
  const x = a.tensor('self')
  if (a.flag('norm_first')) {
    const middle = add(x, attend(normed(x, 1)))
    return add(middle, feed(normed(middle, 2)))
  }
  const middle = normed(add(x, attend(x)), 1)
  return normed(add(middle, feed(middle)), 2)
}

const LAYER =
  'self|src, embed_dim, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias, use_gelu, norm_first, eps, norm_weight_1, ' +
  'norm_bias_1, norm_weight_2, norm_bias_2, ffn_weight_1, ffn_bias_1, ffn_weight_2, ffn_bias_2, mask=None, mask_type=None'

// biome-ignore format: one row per operator
export const ATTENTION = {
  _native_multi_head_attention: { parameters: 'self|query, key, value, embed_dim, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias, mask=None, need_weights=True, average_attn_weights=True, mask_type=None', run: nativeMultiHead },
  _transformer_encoder_layer_fwd: { parameters: LAYER, run: encoderLayer },
  scaled_dot_product_attention: { parameters: 'self|query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, *, scale=None, enable_gqa=False', run: attention },
} as const satisfies Record<string, AtenOperator>
