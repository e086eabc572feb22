import { InferError } from '../../errors.ts'
import type { Expr } from '../../onnx/expr.ts'
import { ints } from '../../onnx/numbers.ts'
import { Args, parseParameters } from './args.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { type CellKind, GATES, stepOf } from './cell.ts'
import { sameDType } from './linear.ts'
import { Packed, stepsOf } from './packed.ts'
import { type Size, sameSize } from './size.ts'
import type { SymTensor } from './symbolic.ts'

/** Recurrent nets (aten's RNN.cpp): gates in the order of torch's weights (LSTM i f g o, GRU r z n). */

/** Weights of one layer and direction. */
export interface LayerWeights {
  readonly input: SymTensor
  readonly hidden: SymTensor
  readonly inputBias: SymTensor | null
  readonly hiddenBias: SymTensor | null
  /** Of an LSTM whose output is projected. */
  readonly projection: SymTensor | null
}

export interface Recurrent {
  readonly kind: CellKind
  readonly layers: number
  readonly bidirectional: boolean
  readonly batchFirst: boolean
  /** Layer by layer, each direction. */
  readonly weights: readonly LayerWeights[]
  readonly what?: string
  /** int64 [batch]: how many steps of each row there are, where not all are. */
  readonly lengths?: SymTensor
}

interface Layer {
  readonly y: Expr
  readonly h: Expr
  readonly c: Expr | null
}

/** ONNX's order of gates, by torch's. */
const ONNX_GATES: Readonly<Record<CellKind, readonly number[]>> = {
  lstm: [0, 3, 1, 2],
  gru: [1, 0, 2],
  tanh: [0],
  relu: [0],
}
const ONNX_NAMES: Readonly<Record<CellKind, string>> = { lstm: 'LSTM', gru: 'GRU', tanh: 'RNN', relu: 'RNN' }

/** [output, last h, last c of an LSTM]. @param states h0 and c0, [layers · directions, batch, features] */
export function recurrentOf(t: Aten, given: SymTensor, states: readonly SymTensor[] | null, o: Recurrent): SymTensor[] {
  const what = o.what ?? `torch's ${o.kind}`
  const [first] = o.weights as readonly [LayerWeights]
  const dtype = sameDType(what, given, first.input)
  const width = first.input.dims[1] as number
  if (given.rank !== 2 && given.rank !== 3)
    throw new InferError('bad_request', `${what} wants 2 or 3 dimensions, and is given [${given.dims.join(', ')}]`)
  if (!sameSize(given.dims.at(-1) as Size, width))
    throw new InferError('bad_request', `${what} wants ${width} features, and is given [${given.dims.join(', ')}]`)
  const isBatched = given.rank === 3
  const flipped = isBatched && o.batchFirst
  const x = isBatched ? (flipped ? t.op('transpose', [given, 0n, 1n]) : given) : t.op('unsqueeze', [given, 1n])
  const [length, batch] = x.dims as readonly [Size, Size]
  const initial = states?.map((state) => {
    sameDType(what, given, state)
    const whole = isBatched ? state : t.op('unsqueeze', [state, 1n])
    const wanted = [o.weights.length, batch]
    if (whole.rank !== 3 || !wanted.every((size, i) => sameSize(size, whole.dims[i] as Size)))
      throw new InferError(
        'bad_request',
        `${what} wants states of [${wanted.join(', ')}, ...], and is given [${state.dims.join(', ')}]`,
      )
    return t.value(whole)
  })
  const run: LayerRun = { t, o, length, batch, initial }
  let value = t.value(x)
  const last: Layer[] = []
  for (let i = 0; i < o.layers; i++) {
    const made = layer(run, value, i)
    value = made.y
    last.push(made)
  }
  const directions = o.bidirectional ? 2 : 1
  const size = outputSize(first)
  const stacked = (parts: readonly Expr[], width: number) => {
    const all = t.made(parts.length === 1 ? (parts[0] as Expr) : t.node('Concat', parts, { axis: 0 }), dtype, [
      o.layers * directions,
      batch,
      width,
    ])
    return isBatched ? all : t.op('squeeze', [all, 1n])
  }
  const y = t.made(value, dtype, [length, batch, directions * size])
  const output = isBatched ? (flipped ? t.op('transpose', [y, 0n, 1n]) : y) : t.op('squeeze', [y, 1n])
  const h = stacked(
    last.map((part) => part.h),
    size,
  )
  if (o.kind !== 'lstm') return [output, h]
  return [
    output,
    h,
    stacked(
      last.map((part) => part.c as Expr),
      (first.hidden.dims[0] as number) / 4,
    ),
  ]
}

interface LayerRun {
  readonly t: Aten
  readonly o: Recurrent
  readonly length: Size
  readonly batch: Size
  readonly initial: readonly Expr[] | undefined
}

const outputSize = (w: LayerWeights): number => w.hidden.dims[1] as number

function layer(run: LayerRun, x: Expr, index: number): Layer {
  const { t, o } = run
  const directions = o.bidirectional ? 2 : 1
  const weights = o.weights.slice(index * directions, (index + 1) * directions)
  if (x.dtype === 'float32' && weights.every((w) => !w.projection)) return onnxLayer(run, x, weights, index)
  const parts = weights.map((w, d) => scanLayer(run, x, w, index * directions + d, d === 1))
  const [forward, backward] = parts as [Layer, Layer?]
  if (!backward) return forward
  const join = (a: Expr, b: Expr, axis: number) => t.node('Concat', [a, b], { axis })
  return {
    y: join(forward.y, backward.y, 2),
    h: join(forward.h, backward.h, 0),
    c: forward.c && backward.c ? join(forward.c, backward.c, 0) : null,
  }
}

/** A layer as ONNX's operator: y [length, directions, batch, hidden]. */
function onnxLayer({ t, o, initial }: LayerRun, x: Expr, weights: readonly LayerWeights[], index: number): Layer {
  const directions = weights.length
  const hidden = weights[0]?.hidden.dims[1] as number
  const rows = ONNX_GATES[o.kind].flatMap((gate) => Array.from({ length: hidden }, (_, i) => gate * hidden + i))
  const arranged = (tensor: SymTensor): Expr => t.node('Gather', [t.value(tensor), ints(rows)], { axis: 0 })
  const stack = (parts: readonly Expr[]): Expr => {
    const raised = parts.map((part) => t.node('Unsqueeze', [part, ints([0])]))
    return raised.length === 1 ? (raised[0] as Expr) : t.node('Concat', raised, { axis: 0 })
  }
  const biases = weights.map((w) =>
    w.inputBias && w.hiddenBias ? t.node('Concat', [arranged(w.inputBias), arranged(w.hiddenBias)], { axis: 0 }) : null,
  )
  const state = (which: number): Expr | null => {
    const whole = initial?.[which]
    if (!whole) return null
    return t.node('Slice', [whole, ints([index * directions]), ints([(index + 1) * directions]), ints([0])])
  }
  const lengths = o.lengths ? t.value(t.castTo(o.lengths, 'int32')) : null
  const inputs = [
    ...[x, stack(weights.map((w) => arranged(w.input))), stack(weights.map((w) => arranged(w.hidden)))],
    ...[biases[0] ? stack(biases as Expr[]) : null, lengths, state(0)],
    ...(o.kind === 'lstm' ? [state(1)] : []),
  ]
  const activations =
    o.kind === 'tanh' || o.kind === 'relu' ? weights.map(() => (o.kind === 'tanh' ? 'Tanh' : 'Relu')) : []
  const [y, h, c] = t.nodes(ONNX_NAMES[o.kind], inputs, o.kind === 'lstm' ? 3 : 2, {
    hidden_size: hidden,
    direction: directions === 2 ? 'bidirectional' : 'forward',
    ...(o.kind === 'gru' ? { linear_before_reset: 1 } : {}),
    ...(activations.length > 0 ? { activations } : {}),
  }) as [Expr, Expr, Expr]
  const merged =
    directions === 1
      ? t.node('Squeeze', [y, ints([1])])
      : t.node('Reshape', [t.transpose(y, [0, 2, 1, 3]), ints([0, 0, 2 * hidden])])
  return { y: merged, h, c: o.kind === 'lstm' ? c : null }
}

/** A layer as a Scan over time, which ONNX Runtime has in every precision: W·x of all steps first, then step by step. */
function scanLayer(
  { t, o, length, batch, initial }: LayerRun,
  x: Expr,
  w: LayerWeights,
  index: number,
  reverse: boolean,
): Layer {
  const turned = (tensor: SymTensor): Expr => t.transpose(t.value(tensor), [1, 0])
  let projected = t.node('MatMul', [x, turned(w.input)])
  if (w.inputBias) projected = t.node('Add', [projected, t.value(w.inputBias)])
  const cells = (w.hidden.dims[0] as number) / GATES[o.kind]
  const state = (which: number, width: number): Expr => {
    const whole = initial?.[which]
    if (whole) return t.node('Gather', [whole, ints(index)], { axis: 0 })
    return t.node('Expand', [t.graph.operand(0, x.dtype), t.shape([batch, width])])
  }
  const starts = [state(0, outputSize(w)), ...(o.kind === 'lstm' ? [state(1, cells)] : [])]
  const recurrent = turned(w.hidden)
  const bias = w.hiddenBias ? t.value(w.hiddenBias) : null
  const projection = w.projection ? turned(w.projection) : null
  const outer = t.graph
  const body = outer.subgraph()
  const inner = starts.map((_, i) => body.input(`state${i}`, x.dtype))
  const step = body.input('step', x.dtype)
  const live = o.lengths && body.input('live', 'bool')
  t.graph = body
  try {
    const made = stepOf(t, o.kind, step, inner, { recurrent, bias, projection })
    // Beyond its length a row keeps its state, and gives zeros.
    const next = live ? made.map((state, i) => t.node('Where', [live, state, inner[i] as Expr])) : made
    const given = live
      ? t.node('Where', [live, made[0] as Expr, t.graph.operand(0, x.dtype)])
      : t.node('Identity', [next[0] as Expr])
    body.outputs = [...next, given]
  } finally {
    t.graph = outer
  }
  const direction = Number(reverse)
  const scanned = o.lengths ? [projected, liveSteps(t, o.lengths, length)] : [projected]
  const made = t.nodes('Scan', [...starts, ...scanned], starts.length + 1, {
    body,
    num_scan_inputs: scanned.length,
    scan_input_directions: scanned.map(() => direction),
    scan_output_directions: [direction],
  })
  const raised = (value: Expr): Expr => t.node('Unsqueeze', [value, ints([0])])
  return { y: made.at(-1) as Expr, h: raised(made[0] as Expr), c: o.kind === 'lstm' ? raised(made[1] as Expr) : null }
}

/** bool [length, batch, 1] */
function liveSteps(t: Aten, lengths: SymTensor, length: Size): Expr {
  return t.value(t.op('unsqueeze', [stepsOf(t, length, lengths), -1n]))
}

/** The weights as torch lists them: for each layer and direction w_ih, w_hh, b_ih, b_hh, w_hr. */
function weightsOf(a: Args, count: number): LayerWeights[] {
  const list = a.tensors('params')
  const each = list.length / count
  const hasBias = a.flag('has_biases')
  return Array.from({ length: count }, (_, i) => {
    const [input, hidden, ...more] = list.slice(i * each, (i + 1) * each) as [SymTensor, SymTensor, ...SymTensor[]]
    const [inputBias, hiddenBias] = hasBias ? more : []
    const projection = more[hasBias ? 2 : 0]
    return {
      input,
      hidden,
      inputBias: inputBias ?? null,
      hiddenBias: hiddenBias ?? null,
      projection: projection ?? null,
    }
  })
}

const recurrent =
  (kind: CellKind): AtenFunction =>
  (t, given) => {
    const packed = given.get('self')
    const a = packed instanceof Packed ? packedArgs(given) : given
    const layers = a.int('num_layers')
    const bidirectional = a.flag('bidirectional')
    const states = kind === 'lstm' ? a.tensors('hx') : [a.tensor('hx')]
    const weights = weightsOf(a, layers * (bidirectional ? 2 : 1))
    const o = { kind, layers, bidirectional, weights }
    if (packed instanceof Packed) return packedOf(t, packed, states, { ...o, batchFirst: false })
    return recurrentOf(t, a.tensor('self'), states, { ...o, batchFirst: a.flag('batch_first') })
  }

/** The same over rows of several lengths: what is given is packed, too. */
export function packedOf(
  t: Aten,
  { padded, lengths }: Packed,
  states: readonly SymTensor[] | null,
  o: Recurrent,
): (SymTensor | Packed)[] {
  const [y, ...last] = recurrentOf(t, padded, states, { ...o, batchFirst: false, lengths }) as [
    SymTensor,
    ...SymTensor[],
  ]
  return [new Packed(y, lengths), ...last]
}

/** Over packed rows the sizes of the batches come second, and nothing is batch first. */
function packedArgs(a: Args): Args {
  const names = PARAMETERS.split(', ')
  const [data = null, , ...rest] = names.map((name) => a.get(name))
  return new Args(a.op, parseParameters(PARAMETERS), [data, ...rest])
}

const PARAMETERS = 'self, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first'

// biome-ignore format: one row per operator
export const RECURRENTS = {
  gru: { parameters: PARAMETERS, run: recurrent('gru') },
  lstm: { parameters: PARAMETERS, run: recurrent('lstm') },
  rnn_relu: { parameters: PARAMETERS, run: recurrent('relu') },
  rnn_tanh: { parameters: PARAMETERS, run: recurrent('tanh') },
} as const satisfies Record<string, AtenOperator>
