import { InferError } from '../../errors.ts'
import { batchNormOf, groupNormOf, instanceNormOf, layerNormOf, localResponseOf, rmsNormOf } from '../aten/norm.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import { type Converter, tensorAt } from './converter.ts'
import type { TorchModule } from './module.ts'

/** Normalisations (torch/nn/modules/{batchnorm,instancenorm,normalization}.py). */

/** @throws InferError bad_request when the rank is none of these */
function ranked(m: TorchModule, x: SymTensor, ranks: readonly number[]): SymTensor {
  if (ranks.length === 0 || ranks.includes(x.rank)) return x
  throw new InferError(
    'bad_request',
    `${m.title} wants ${ranks.join(' or ')} dimensions, and is given [${x.dims.join(', ')}]`,
  )
}

const parts = (m: TorchModule, tracks: boolean) => ({
  weight: m.optionalTensor('weight'),
  bias: m.optionalTensor('bias'),
  mean: tracks ? m.optionalTensor('running_mean') : null,
  variance: tracks ? m.optionalTensor('running_var') : null,
  eps: m.number('eps', 1e-5),
  what: m.title,
})

const batchNorm =
  (...ranks: readonly number[]): Converter =>
  (m, t, inputs) =>
    batchNormOf(t, ranked(m, tensorAt(m, inputs), ranks), parts(m, true))

/** Before 0.4 there was no `track_running_stats`, and instances were always their own. */
const instanceNorm =
  (rank: number): Converter =>
  (m, t, inputs) => {
    const given = ranked(m, tensorAt(m, inputs), [rank + 1, rank + 2])
    const isBatched = given.rank === rank + 2
    const x = isBatched ? given : t.op('unsqueeze', [given, 0n])
    const y = instanceNormOf(t, x, parts(m, m.flag('track_running_stats', false)))
    return isBatched ? y : t.op('squeeze', [y, 0n])
  }

const layerNorm: Converter = (m, t, inputs) =>
  layerNormOf(
    t,
    tensorAt(m, inputs),
    m.list('normalized_shape'),
    m.optionalTensor('weight'),
    m.optionalTensor('bias'),
    m.number('eps', 1e-5),
    m.title,
  )

const groupNorm: Converter = (m, t, inputs) =>
  groupNormOf(
    t,
    tensorAt(m, inputs),
    m.int('num_groups'),
    m.optionalTensor('weight'),
    m.optionalTensor('bias'),
    m.number('eps', 1e-5),
    m.title,
  )

const rmsNorm: Converter = (m, t, inputs) =>
  rmsNormOf(
    t,
    tensorAt(m, inputs),
    m.list('normalized_shape'),
    m.optionalTensor('weight'),
    m.has('eps') ? m.number('eps') : null,
  )

const localResponse: Converter = (m, t, inputs) =>
  localResponseOf(
    t,
    tensorAt(m, inputs),
    m.int('size'),
    m.number('alpha', 1e-4),
    m.number('beta', 0.75),
    m.number('k', 1),
  )

// biome-ignore format: one row per module
export const NORMS = {
  'torch.nn.BatchNorm1d': batchNorm(2, 3),
  'torch.nn.BatchNorm2d': batchNorm(4),
  'torch.nn.BatchNorm3d': batchNorm(5),
  'torch.nn.GroupNorm': groupNorm,
  'torch.nn.InstanceNorm1d': instanceNorm(1),
  'torch.nn.InstanceNorm2d': instanceNorm(2),
  'torch.nn.InstanceNorm3d': instanceNorm(3),
  'torch.nn.LayerNorm': layerNorm,
  'torch.nn.LocalResponseNorm': localResponse,
  'torch.nn.RMSNorm': rmsNorm,
  'torch.nn.SyncBatchNorm': batchNorm(),
} as const satisfies Record<string, Converter>
