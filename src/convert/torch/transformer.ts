import type { Datum } from '../aten/args.ts'
import type { Aten } from '../aten/aten.ts'
import { inThree, type MultiHead, multiHeadOf } from '../aten/attention.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import { type Converter, type Forward, optionalAt, tensorAt } from './converter.ts'
import type { TorchModule } from './module.ts'

/** Attention and transformers (torch/nn/modules/{activation,transformer}.py). */

/** One weight for three inputs of the same length, or three. */
function multiHead(m: TorchModule, t: Aten): MultiHead {
  const packed = m.optionalTensor('in_proj_weight')
  const bias = m.optionalTensor('in_proj_bias')
  const out = m.child('out_proj')
  return {
    heads: m.int('num_heads'),
    batchFirst: m.flag('batch_first', false),
    inWeights: packed
      ? inThree(t, packed)
      : [m.tensor('q_proj_weight'), m.tensor('k_proj_weight'), m.tensor('v_proj_weight')],
    inBiases: bias && inThree(t, bias),
    outWeight: out.tensor('weight'),
    outBias: out.optionalTensor('bias'),
    biasKey: m.optionalTensor('bias_k'),
    biasValue: m.optionalTensor('bias_v'),
    addZero: m.flag('add_zero_attn', false),
    what: m.title,
  }
}

/** forward(query, key, value, key_padding_mask, need_weights, attn_mask, average_attn_weights) */
const multiheadAttention: Converter = (m, t, inputs) =>
  multiHeadOf(t, [tensorAt(m, inputs, 0), tensorAt(m, inputs, 1), tensorAt(m, inputs, 2)], multiHead(m, t), {
    keyPadding: optionalAt(m, inputs, 3),
    mask: optionalAt(m, inputs, 5),
    needWeights: inputs[4] !== false,
    average: inputs[6] !== false,
  })

interface Sublayers {
  readonly t: Aten
  readonly m: TorchModule
  readonly forward: Forward
}

function attend(
  { t, m }: Sublayers,
  name: string,
  x: SymTensor,
  memory: SymTensor,
  mask: SymTensor | null,
  padding: SymTensor | null,
): SymTensor {
  const [y] = multiHeadOf(t, [x, memory, memory], multiHead(m.child(name), t), {
    mask,
    keyPadding: padding,
    needWeights: false,
    average: true,
  })
  return y
}

const norm = ({ m, forward }: Sublayers, name: string, x: SymTensor): SymTensor =>
  forward(m.child(name), x) as SymTensor

const ACTIVATIONS: Readonly<Record<string, string>> = {
  'torch.nn.functional.relu': 'relu',
  'torch.relu': 'relu',
  'torch.nn.functional.gelu': 'gelu',
  'torch._C._nn.gelu': 'gelu',
  'torch.nn.functional.silu': 'silu',
  'torch.nn.functional.leaky_relu': 'leaky_relu',
  'torch.nn.functional.elu': 'elu',
  'torch.nn.functional.selu': 'selu',
  'torch.nn.functional.mish': 'mish',
  'torch.tanh': 'tanh',
  'torch.sigmoid': 'sigmoid',
}

/**
 * linear2(activation(linear1(x))). A layer without an attribute `activation` has relu: an old one, and a decoder's whose
 * activation is a module, which torch forgets when it loads the file.
 */
function feedForward({ t, m, forward }: Sublayers, x: SymTensor, forgets: boolean): SymTensor {
  const wide = forward(m.child('linear1'), x) as SymTensor
  const isPlain = (m.plain('activation') ?? null) !== null
  const isModule = !isPlain && !forgets && m.has('activation')
  if (isModule) return forward(m.child('linear2'), forward(m.child('activation'), wide)) as SymTensor
  const name = m.functionName('activation')
  const op = isPlain ? ACTIVATIONS[name ?? ''] : 'relu'
  if (!op) throw m.unsupported(`activation=${name ?? 'a function of its own'}`)
  return forward(m.child('linear2'), t.op(op, [wide])) as SymTensor
}

/** x + f(norm(x)), or norm(x + f(x)). */
function residual(s: Sublayers, x: SymTensor, normName: string, f: (x: SymTensor) => SymTensor): SymTensor {
  if (s.m.flag('norm_first', false)) return s.t.op('add', [x, f(norm(s, normName, x))])
  return norm(s, normName, s.t.op('add', [x, f(x)]))
}

/** forward(src, src_mask, src_key_padding_mask) */
const encoderLayer: Converter = (m, t, inputs, forward) => {
  const s = { m, t, forward }
  const [mask, padding] = [optionalAt(m, inputs, 1), optionalAt(m, inputs, 2)]
  const attended = residual(s, tensorAt(m, inputs), 'norm1', (x) => attend(s, 'self_attn', x, x, mask, padding))
  return residual(s, attended, 'norm2', (x) => feedForward(s, x, false))
}

/** forward(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask) */
const decoderLayer: Converter = (m, t, inputs, forward) => {
  const s = { m, t, forward }
  const memory = tensorAt(m, inputs, 1)
  const [mask, memoryMask, padding, memoryPadding] = [2, 3, 4, 5].map((i) =>
    optionalAt(m, inputs, i),
  ) as (SymTensor | null)[]
  const own = residual(s, tensorAt(m, inputs), 'norm1', (x) =>
    attend(s, 'self_attn', x, x, mask ?? null, padding ?? null),
  )
  const crossed = residual(s, own, 'norm2', (x) =>
    attend(s, 'multihead_attn', x, memory, memoryMask ?? null, memoryPadding ?? null),
  )
  return residual(s, crossed, 'norm3', (x) => feedForward(s, x, true))
}

/** Layers one after the other, and a norm where there is one. */
function stack(m: TorchModule, forward: Forward, first: Datum, rest: readonly Datum[]): Datum {
  let value = first
  for (const [, layer] of m.child('layers').children()) value = forward(layer, value, ...rest)
  return m.has('norm') ? forward(m.child('norm'), value) : value
}

const encoder: Converter = (m, _t, inputs, forward) => stack(m, forward, tensorAt(m, inputs), inputs.slice(1))
const decoder: Converter = (m, _t, inputs, forward) => stack(m, forward, tensorAt(m, inputs), inputs.slice(1))

/** forward(src, tgt, src_mask, tgt_mask, memory_mask, and three key padding masks) */
const transformer: Converter = (m, _t, inputs, forward) => {
  const [src, tgt] = [tensorAt(m, inputs), tensorAt(m, inputs, 1)]
  const [
    ,
    ,
    srcMask = null,
    tgtMask = null,
    memoryMask = null,
    srcPadding = null,
    tgtPadding = null,
    memoryPadding = null,
  ] = inputs
  const memory = forward(m.child('encoder'), src, srcMask, srcPadding)
  return forward(m.child('decoder'), tgt, memory, tgtMask, memoryMask, tgtPadding, memoryPadding)
}

// biome-ignore format: one row per module
export const TRANSFORMERS = {
  'torch.nn.MultiheadAttention': multiheadAttention,
  'torch.nn.Transformer': transformer,
  'torch.nn.TransformerDecoder': decoder,
  'torch.nn.TransformerDecoderLayer': decoderLayer,
  'torch.nn.TransformerEncoder': encoder,
  'torch.nn.TransformerEncoderLayer': encoderLayer,
} as const satisfies Record<string, Converter>
