import type { Aten } from '../aten/aten.ts'
import { embeddingBagOf, embeddingOf } from '../aten/embedding.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import { type Converter, optionalAt, tensorAt } from './converter.ts'
import type { TorchModule } from './module.ts'

/** Embeddings (torch/nn/modules/sparse.py). */

/** Rows longer than `max_norm` are scaled to it, as torch does in place before it looks them up. */
function weightOf(m: TorchModule, t: Aten): SymTensor {
  const weight = m.tensor('weight')
  if (!m.has('max_norm')) return weight
  const norm = t.op('linalg_vector_norm', [weight, m.number('norm_type', 2), [1n], true])
  const scale = t.op('div', [t.scalar(m.number('max_norm'), weight.dtype), t.op('add', [norm, 1e-7])])
  const isLong = t.op('gt', [norm, m.number('max_norm')])
  return t.op('mul', [weight, t.op('where', [isLong, scale, t.scalar(1, weight.dtype)])])
}

const embedding: Converter = (m, t, inputs) => embeddingOf(t, weightOf(m, t), tensorAt(m, inputs), m.title)

const embeddingBag: Converter = (m, t, inputs) =>
  embeddingBagOf(t, weightOf(m, t), tensorAt(m, inputs), {
    mode: m.oneOf('mode', ['sum', 'mean', 'max'], 'mean'),
    offsets: optionalAt(m, inputs, 1),
    weights: optionalAt(m, inputs, 2),
    padding: m.has('padding_idx') ? m.int('padding_idx') : null,
    lastOffset: m.flag('include_last_offset', false),
  })

// biome-ignore format: one row per module
export const EMBEDDINGS = {
  'torch.nn.Embedding': embedding,
  'torch.nn.EmbeddingBag': embeddingBag,
} as const satisfies Record<string, Converter>
