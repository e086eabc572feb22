import type { Expr } from '../../onnx/expr.ts'
import type { Aten, AtenFunction, AtenOperator } from './aten.ts'
import { linearOf } from './linear.ts'
import type { SymTensor } from './symbolic.ts'

/** One step of a recurrent net (aten's RNN.cpp). */
export type CellKind = 'lstm' | 'gru' | 'tanh' | 'relu'

/** How many blocks of rows the weights have. */
export const GATES: Readonly<Record<CellKind, number>> = { lstm: 4, gru: 3, tanh: 1, relu: 1 }

interface StepWeights {
  /** [features of h, gates] */
  readonly recurrent: Expr
  readonly bias: Expr | null
  readonly projection: Expr | null
}

/** The next states. @param x what the input gives to the gates, with its bias */
export function stepOf(t: Aten, kind: CellKind, x: Expr, states: readonly Expr[], w: StepWeights): Expr[] {
  const [h, c] = states as readonly [Expr, Expr]
  const product = t.node('MatMul', [h, w.recurrent])
  const own = w.bias ? t.node('Add', [product, w.bias]) : product
  return nextOf(t, kind, x, own, h, c, w.projection)
}

/**
 * LSTM: c' = σ(f)·c + σ(i)·tanh(g), h' = σ(o)·tanh(c') · projection.
 * GRU: n = tanh(xₙ + σ(r)·hₙ), h' = n + σ(z)·(h - n). Others: h' = f(x + h).
 */
function nextOf(t: Aten, kind: CellKind, x: Expr, own: Expr, h: Expr, c: Expr, projection: Expr | null): Expr[] {
  const add = (a: Expr, b: Expr): Expr => t.node('Add', [a, b])
  const mul = (a: Expr, b: Expr): Expr => t.node('Mul', [a, b])
  const sigmoid = (a: Expr): Expr => t.node('Sigmoid', [a])
  const tanh = (a: Expr): Expr => t.node('Tanh', [a])
  const split = (value: Expr, count: number): Expr[] =>
    t.nodes('Split', [value], count, { axis: -1, num_outputs: count })
  if (kind === 'tanh' || kind === 'relu') return [t.node(kind === 'tanh' ? 'Tanh' : 'Relu', [add(x, own)])]
  if (kind === 'lstm') {
    const [i, f, g, o] = split(add(x, own), 4) as [Expr, Expr, Expr, Expr]
    const cell = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)))
    const out = mul(sigmoid(o), tanh(cell))
    return [projection ? t.node('MatMul', [out, projection]) : out, cell]
  }
  const [xr, xz, xn] = split(x, 3) as [Expr, Expr, Expr]
  const [hr, hz, hn] = split(own, 3) as [Expr, Expr, Expr]
  const n = tanh(add(xn, mul(sigmoid(add(xr, hr)), hn)))
  return [add(n, mul(sigmoid(add(xz, hz)), t.node('Sub', [h, n])))]
}

export interface CellWeights {
  readonly input: SymTensor
  readonly hidden: SymTensor
  readonly inputBias: SymTensor | null
  readonly hiddenBias: SymTensor | null
  readonly what?: string
}

/** States [batch, hidden], or [hidden]; zeros where there are none. */
export function cellOf(
  t: Aten,
  kind: CellKind,
  x: SymTensor,
  states: readonly SymTensor[] | null,
  w: CellWeights,
): SymTensor[] {
  const what = w.what ?? `torch's ${kind} cell`
  const size = w.hidden.dims[1] as number
  const dims = [...x.dims.slice(0, -1), size]
  const input = linearOf(t, x, w.input, w.inputBias, what)
  const zeros = (): SymTensor => t.expand(t.scalar(0, x.dtype), dims)
  const [h, c] = states ?? [zeros(), ...(kind === 'lstm' ? [zeros()] : [])]
  const own = linearOf(t, h as SymTensor, w.hidden, w.hiddenBias, what)
  const values = [t.value(h as SymTensor), t.value((c ?? h) as SymTensor)] as const
  return nextOf(t, kind, t.value(input), t.value(own), ...values, null).map((value) => t.made(value, x.dtype, dims))
}

const cell =
  (kind: CellKind): AtenFunction =>
  (t, a) => {
    const states = kind === 'lstm' ? a.tensors('hx') : [a.tensor('hx')]
    const next = cellOf(t, kind, a.tensor('self'), states, {
      input: a.tensor('w_ih'),
      hidden: a.tensor('w_hh'),
      inputBias: a.optionalTensor('b_ih'),
      hiddenBias: a.optionalTensor('b_hh'),
    })
    return kind === 'lstm' ? next : (next[0] as SymTensor)
  }

const PARAMETERS = 'self, hx, w_ih, w_hh, b_ih=None, b_hh=None'

// biome-ignore format: one row per operator
export const CELLS = {
  gru_cell: { parameters: PARAMETERS, run: cell('gru') },
  lstm_cell: { parameters: PARAMETERS, run: cell('lstm') },
  rnn_relu_cell: { parameters: PARAMETERS, run: cell('relu') },
  rnn_tanh_cell: { parameters: PARAMETERS, run: cell('tanh') },
} as const satisfies Record<string, AtenOperator>
