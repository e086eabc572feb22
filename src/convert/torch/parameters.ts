import { InferError, show } from '../../errors.ts'
import type { TorchModule } from './module.ts'

/** What a request may bring to a method. */
export interface Parameter {
  readonly name: string
  readonly optional: boolean
}

/**
 * For each input the place of its parameter: `names` are those of the inputs, where a request has them by name.
 * @throws InferError bad_request that says what the method takes, for inputs that have no place and for places without
 */
export function placesOf(
  method: string,
  parameters: readonly Parameter[],
  count: number,
  names?: readonly string[],
): readonly number[] {
  const places = Array.from({ length: count }, (_, i) =>
    names ? parameters.findIndex(({ name }) => name === names[i]) : i,
  )
  const isPlaced = places.every((place) => place >= 0 && place < parameters.length)
  const isWhole = parameters.every(({ optional }, i) => optional || places.includes(i))
  if (isPlaced && isWhole && new Set(places).size === count) return places
  const taken = parameters.map(({ name, optional }) => (optional ? `${name} (optional)` : name)).join(', ')
  const given = names ? names.map(show).join(', ') || 'none' : `${count} ${count === 1 ? 'input' : 'inputs'}`
  throw new InferError('bad_request', `${method} takes ${taken}, and is given ${given}`)
}

/** `forward` of modules that take several tensors; an LSTM's pair of states comes as two. `?`: may be left out. */
// biome-ignore format: one row per module
const PARAMETERS: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  'torch.nn.Bilinear': 'input1 input2',
  'torch.nn.CosineSimilarity': 'x1 x2',
  'torch.nn.EmbeddingBag': 'input offsets? per_sample_weights?',
  'torch.nn.GRU': 'input hx?',
  'torch.nn.GRUCell': 'input hx?',
  'torch.nn.LSTM': 'input hx? cx?',
  'torch.nn.LSTMCell': 'input hx? cx?',
  'torch.nn.MaxUnpool1d': 'input indices',
  'torch.nn.MaxUnpool2d': 'input indices',
  'torch.nn.MaxUnpool3d': 'input indices',
  'torch.nn.MultiheadAttention': 'query key value key_padding_mask? need_weights? attn_mask? average_attn_weights? is_causal?',
  'torch.nn.PairwiseDistance': 'x1 x2',
  'torch.nn.RNN': 'input hx?',
  'torch.nn.RNNCell': 'input hx?',
  'torch.nn.Transformer': 'src tgt src_mask? tgt_mask? memory_mask? src_key_padding_mask? tgt_key_padding_mask? memory_key_padding_mask?',
  'torch.nn.TransformerDecoder': 'tgt memory tgt_mask? memory_mask? tgt_key_padding_mask? memory_key_padding_mask?',
  'torch.nn.TransformerDecoderLayer': 'tgt memory tgt_mask? memory_mask? tgt_key_padding_mask? memory_key_padding_mask?',
  'torch.nn.TransformerEncoder': 'src mask? src_key_padding_mask? is_causal?',
  'torch.nn.TransformerEncoderLayer': 'src src_mask? src_key_padding_mask? is_causal?',
})

const ONE: readonly Parameter[] = [{ name: 'input', optional: false }]

/** What a method takes; one tensor where there is no row. */
export function parametersOf(module: TorchModule, method: string): readonly Parameter[] {
  if (/\.(Distributed)?DataParallel$/.test(module.type)) return parametersOf(module.child('module'), method)
  const row = method === 'forward' ? PARAMETERS[module.type] : undefined
  return row?.split(' ').map((word) => ({ name: word.replace('?', ''), optional: word.endsWith('?') })) ?? ONE
}

/** Inputs as the arguments of a method: None for those that are left out; a single one may have any name. @throws InferError bad_request */
export function argumentsOf<T>(
  module: TorchModule,
  method: string,
  inputs: readonly T[],
  names?: readonly string[],
): readonly (T | null)[] {
  const parameters = parametersOf(module, method)
  const places = placesOf(method, parameters, inputs.length, parameters === ONE ? undefined : names)
  const placed: (T | null)[] = Array.from({ length: Math.max(...places) + 1 }, () => null)
  places.forEach((place, i) => {
    placed[place] = inputs[i] as T
  })
  return placed
}
