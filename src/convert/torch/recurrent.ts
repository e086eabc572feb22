import type { Datum } from '../aten/args.ts'
import { type CellKind, cellOf } from '../aten/cell.ts'
import { Packed } from '../aten/packed.ts'
import { type LayerWeights, packedOf, recurrentOf } from '../aten/recurrent.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import { type Converter, tensorAt } from './converter.ts'
import type { TorchModule } from './module.ts'

/** Recurrent nets and their cells (torch/nn/modules/rnn.py). */

/** More layers than any net has; each is a node or more. */
const MAX_LAYERS = 10_000

/** The state argument: a tensor, of an LSTM a pair; None is zeros. Requests give a pair as two inputs. */
function statesOf(kind: CellKind, inputs: readonly Datum[]): readonly SymTensor[] | null {
  const [, first, second] = inputs
  if ((first ?? null) === null) return null
  if (kind === 'lstm') return (Array.isArray(first) ? first : [first, second]) as readonly SymTensor[]
  return [first as SymTensor]
}

function kindOf(m: TorchModule, names: Readonly<Record<string, CellKind>>, attribute: string): CellKind {
  const value = m.oneOf(attribute, Object.keys(names), Object.keys(names)[0] as string)
  return names[value] as CellKind
}

/** `weight_ih_l0_reverse` and the like, of torch's own order. */
function layerWeights(m: TorchModule, suffix: string): LayerWeights {
  const hasBias = m.flag('bias', true)
  return {
    input: m.tensor(`weight_ih_${suffix}`),
    hidden: m.tensor(`weight_hh_${suffix}`),
    inputBias: hasBias ? m.tensor(`bias_ih_${suffix}`) : null,
    hiddenBias: hasBias ? m.tensor(`bias_hh_${suffix}`) : null,
    projection: m.int('proj_size', 0) > 0 ? m.tensor(`weight_hr_${suffix}`) : null,
  }
}

const recurrent =
  (kindFor: (m: TorchModule) => CellKind): Converter =>
  (m, t, inputs) => {
    const kind = kindFor(m)
    const layers = m.int('num_layers', 1)
    if (layers < 1 || layers > MAX_LAYERS) throw m.unsupported(`num_layers=${layers}`)
    const bidirectional = m.flag('bidirectional', false)
    const names = Array.from({ length: layers }, (_, i) =>
      bidirectional ? [`l${i}`, `l${i}_reverse`] : [`l${i}`],
    ).flat()
    const weights = names.map((name) => layerWeights(m, name))
    const o = { kind, layers, bidirectional, batchFirst: m.flag('batch_first', false), weights, what: m.title }
    const [sequence] = inputs
    const packed = Array.isArray(sequence) ? (sequence[0] as Datum) : null
    const states = statesOf(kind, inputs)
    const [y, h, c] =
      packed instanceof Packed ? packedOf(t, packed, states, o) : recurrentOf(t, tensorAt(m, inputs), states, o)
    const given = packed instanceof Packed ? [y as Datum, ...(sequence as readonly Datum[]).slice(1)] : (y as SymTensor)
    return kind === 'lstm' ? [given, [h as SymTensor, c as SymTensor]] : [given, h as SymTensor]
  }

const cell =
  (kindFor: (m: TorchModule) => CellKind): Converter =>
  (m, t, inputs) => {
    const kind = kindFor(m)
    const hasBias = m.flag('bias', true)
    const next = cellOf(t, kind, tensorAt(m, inputs), statesOf(kind, inputs), {
      input: m.tensor('weight_ih'),
      hidden: m.tensor('weight_hh'),
      inputBias: hasBias ? m.tensor('bias_ih') : null,
      hiddenBias: hasBias ? m.tensor('bias_hh') : null,
      what: m.title,
    })
    return kind === 'lstm' ? next : (next[0] as SymTensor)
  }

const MODES = { RNN_TANH: 'tanh', RNN_RELU: 'relu' } as const
const plain = (m: TorchModule): CellKind => kindOf(m, MODES, 'mode')
const plainCell = (m: TorchModule): CellKind => kindOf(m, { tanh: 'tanh', relu: 'relu' }, 'nonlinearity')

// biome-ignore format: one row per module
export const RECURRENTS = {
  'torch.nn.GRU': recurrent(() => 'gru'),
  'torch.nn.GRUCell': cell(() => 'gru'),
  'torch.nn.LSTM': recurrent(() => 'lstm'),
  'torch.nn.LSTMCell': cell(() => 'lstm'),
  'torch.nn.RNN': recurrent(plain),
  'torch.nn.RNNCell': cell(plainCell),
} as const satisfies Record<string, Converter>
