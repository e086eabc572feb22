import { bilinearOf, linearOf } from '../aten/linear.ts'
import { type Converter, tensorAt } from './converter.ts'

/** Linear layers and what only reshapes (torch/nn/modules/{linear,flatten,dropout,distance}.py). */

const linear: Converter = (m, t, inputs) =>
  linearOf(t, tensorAt(m, inputs), m.tensor('weight'), m.optionalTensor('bias'), m.title)

const bilinear: Converter = (m, t, inputs) =>
  bilinearOf(t, tensorAt(m, inputs), tensorAt(m, inputs, 1), m.tensor('weight'), m.optionalTensor('bias'), m.title)

const identity: Converter = (_m, _t, inputs) => inputs[0] ?? null

const flatten: Converter = (m, t, inputs) =>
  t.op('flatten', [tensorAt(m, inputs), BigInt(m.int('start_dim', 1)), BigInt(m.int('end_dim', -1))])

const unflatten: Converter = (m, t, inputs) => {
  if (typeof m.raw('dim') === 'string') throw m.unsupported('named dimensions')
  return t.op('unflatten', [tensorAt(m, inputs), BigInt(m.int('dim')), m.list('unflattened_size').map(BigInt)])
}

/** x₁·x₂ / √(max(‖x₁‖², ε²)·max(‖x₂‖², ε²)) */
const cosineSimilarity: Converter = (m, t, inputs) =>
  t.op('cosine_similarity', [
    tensorAt(m, inputs),
    tensorAt(m, inputs, 1),
    BigInt(m.int('dim', 1)),
    m.number('eps', 1e-8),
  ])

const pairwiseDistance: Converter = (m, t, inputs) =>
  t.op('pairwise_distance', [
    tensorAt(m, inputs),
    tensorAt(m, inputs, 1),
    m.number('norm', 2),
    m.number('eps', 1e-6),
    m.flag('keepdim', false),
  ])

const channelShuffle: Converter = (m, t, inputs) =>
  t.op('channel_shuffle', [tensorAt(m, inputs), BigInt(m.int('groups'))])

// biome-ignore format: one row per module
export const LINEAR = {
  'torch.nn.AlphaDropout': identity,
  'torch.nn.Bilinear': bilinear,
  'torch.nn.ChannelShuffle': channelShuffle,
  'torch.nn.CosineSimilarity': cosineSimilarity,
  'torch.nn.Dropout': identity,
  'torch.nn.Dropout1d': identity,
  'torch.nn.Dropout2d': identity,
  'torch.nn.Dropout3d': identity,
  'torch.nn.FeatureAlphaDropout': identity,
  'torch.nn.Flatten': flatten,
  'torch.nn.Identity': identity,
  'torch.nn.Linear': linear,
  'torch.nn.NonDynamicallyQuantizableLinear': linear,
  'torch.nn.PairwiseDistance': pairwiseDistance,
  'torch.nn.Unflatten': unflatten,
  'torch.nn._LinearWithBias': linear,
} as const satisfies Record<string, Converter>
