import { ints } from '../../../onnx/numbers.ts'
import { createTensor, type Tensor } from '../../../tensor/tensor.ts'
import type { Aten } from '../../aten/aten.ts'
import { linearOf } from '../../aten/linear.ts'
import type { SymTensor } from '../../aten/symbolic.ts'
import { type Converter, type Methods, tensorAt } from '../converter.ts'
import type { TorchModule } from '../module.ts'
import { kernelOf } from './kernel.ts'

/** Support vector classifiers (sk2torch/svc.py), one against one: a column for each pair i < j of classes. */

const pairsOf = (classes: number): [i: number, j: number][] =>
  Array.from({ length: classes }, (_, i) =>
    Array.from({ length: classes - i - 1 }, (_, k): [number, number] => [i, i + 1 + k]),
  ).flat()

/** [support vectors, pairs]: libsvm keeps the coefficients of class i against j in row j - (j > i) of i's columns. */
function pairWeights(m: TorchModule): Tensor {
  const dual = m.array('dual_coef')
  const counts = m.list('n_support')
  const [, vectors] = dual.dims as readonly [number, number]
  const offsets = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count, 0))
  const pairs = pairsOf(counts.length)
  const weights = createTensor(dual.dtype, [pairs.length, vectors])
  pairs.forEach(([i, j], pair) => {
    for (const [own, other] of [
      [i, j],
      [j, i],
    ] as const) {
      const row = other > own ? other - 1 : other
      for (let k = 0; k < (counts[own] as number); k++) {
        const at = (offsets[own] as number) + k
        ;(weights.data as Float64Array)[pair * vectors + at] = dual.data[row * vectors + at] as number
      }
    }
  })
  return weights
}

interface Decisions {
  /** [batch, pairs] */
  readonly ovo: SymTensor
  /** [batch, classes] */
  readonly ovr: SymTensor
  readonly classes: number
}

/** Votes, and confidences of less than a third that decide between equal ones. */
function decisions(m: TorchModule, t: Aten, x: SymTensor): Decisions {
  const similar = kernelOf(m.child('kernel'), t, x, m.tensor('support_vectors'))
  const classes = m.list('n_support').length
  t.reserve(((classes * (classes - 1)) / 2) * (m.tensor('support_vectors').dims[0] as number))
  const ovo = linearOf(t, similar, t.constant(t.makeup(pairWeights(m))), m.tensor('intercept'))
  const pairs = pairsOf(classes)
  const matrix = (value: (i: number, j: number, c: number) => number): SymTensor => {
    const rows = Float64Array.from({ length: pairs.length * classes }, (_, at) => {
      const [i, j] = pairs[Math.floor(at / classes)] as [number, number]
      return value(i, j, at % classes)
    })
    return t.castTo(t.constant(t.makeup(createTensor('float64', [pairs.length, classes], rows))), ovo.dtype)
  }
  const lost = t.op('lt', [ovo, 0n])
  const first = t.op('matmul', [
    t.op('to', [t.op('logical_not', [lost]), ovo.dtype]),
    matrix((i, _j, c) => Number(c === i)),
  ])
  const second = t.op('matmul', [t.op('to', [lost, ovo.dtype]), matrix((_i, j, c) => Number(c === j))])
  const sums = t.op('matmul', [ovo, matrix((i, j, c) => Number(c === i) - Number(c === j))])
  const small = t.op('div', [sums, t.op('mul', [t.op('add', [t.op('abs', [sums]), 1n]), 3n])])
  return { ovo, ovr: t.op('add', [t.op('add', [first, second]), small]), classes }
}

const flat = (t: Aten, x: SymTensor): SymTensor => t.op('view', [x, [-1n]])

const predict: Converter = (m, t, inputs) => {
  const { ovo, ovr, classes } = decisions(m, t, tensorAt(m, inputs))
  const isOpen = m.flag('ovr') && m.flag('break_ties')
  const index =
    classes === 2
      ? t.op('long', [t.op('gt', [flat(t, ovo), 0n])])
      : t.op('argmax', [isOpen ? ovr : t.op('round', [ovr]), -1n])
  return t.op('index', [m.tensor('classes'), [index]])
}

const decisionFunction: Converter = (m, t, inputs) => {
  const { ovo, ovr, classes } = decisions(m, t, tensorAt(m, inputs))
  if (classes === 2) return flat(t, ovo)
  return m.flag('ovr') ? ovr : ovo
}

/** Platt's sigmoid in closed form for two classes, without scikit-learn's iteration. */
function logits(m: TorchModule, t: Aten, ovo: SymTensor): SymTensor {
  return t.op('sub', [t.op('mul', [ovo, m.tensor('prob_a')]), m.tensor('prob_b')])
}

function checkProba(m: TorchModule): void {
  if (!m.flag('supports_prob'))
    throw m.unsupported('predict_proba of a model that was trained without probability=True')
}

const proba: Converter = (m, t, inputs) => {
  checkProba(m)
  const { ovo, classes } = decisions(m, t, tensorAt(m, inputs))
  if (classes > 2) return coupled(m, t, ovo, classes)
  const logit = logits(m, t, ovo)
  return t.op('cat', [[t.op('sigmoid', [logit]), t.op('sigmoid', [t.op('neg', [logit])])], -1n])
}

const logProba: Converter = (m, t, inputs, forward) => {
  checkProba(m)
  const { ovo, classes } = decisions(m, t, tensorAt(m, inputs))
  if (classes > 2) return t.op('log', [proba(m, t, inputs, forward)])
  const logit = logits(m, t, ovo)
  return t.op('cat', [[t.op('logsigmoid', [logit]), t.op('logsigmoid', [t.op('neg', [logit])])], -1n])
}

const MIN_PROB = 1e-7

/** Σₖ p(k,i)² on the diagonal, -p(i,j)·p(j,i) beside it: the matrix Q of libsvm's paper. */
function pairMatrix(t: Aten, probs: SymTensor, classes: number): SymTensor {
  const pairs = pairsOf(classes)
  const pair = (i: number, j: number): SymTensor => {
    const column = pairs.findIndex(([a, b]) => a === Math.min(i, j) && b === Math.max(i, j))
    const p = t.op('select', [probs, 1n, BigInt(column)])
    return i > j ? t.op('rsub', [p, 1n]) : p
  }
  const cells = Array.from({ length: classes * classes }, (_, at) => {
    const [i, j] = [Math.floor(at / classes), at % classes]
    if (i !== j) return t.op('neg', [t.op('mul', [pair(i, j), pair(j, i)])])
    const others = Array.from({ length: classes }, (_, k) => k).filter((k) => k !== i)
    return others.map((k) => t.op('square', [pair(k, i)])).reduce((sum, term) => t.op('add', [sum, term]))
  })
  const stacked = t.op('stack', [cells, -1n])
  return t.op('unflatten', [stacked, 1n, [BigInt(classes), BigInt(classes)]])
}

/** Coordinate descent of all rows together, which ends when the whole batch has converged, as in sk2torch. */
function coupled(m: TorchModule, t: Aten, ovo: SymTensor, classes: number): SymTensor {
  const raw = t.op('sigmoid', [
    t.op('sub', [t.op('mul', [t.op('neg', [ovo]), m.tensor('prob_a')]), m.tensor('prob_b')]),
  ])
  const matrix = pairMatrix(t, t.op('clamp', [raw, MIN_PROB, 1 - MIN_PROB]), classes)
  const inverse = t.op('reciprocal', [t.op('add', [t.op('diagonal', [matrix, 0n, 1n, 2n]), 1e-12])])
  const dims = [...ovo.dims.slice(0, 1), classes]
  const start = t.expand(t.scalar(1 / classes, ovo.dtype), dims)
  const outer = t.graph
  const [q, scale, first] = [matrix, inverse, start].map((x) => t.value(x)) as [never, never, never]
  const body = outer.subgraph()
  body.input('step', 'int64', [])
  body.input('goes', 'bool', [])
  const state = body.input('guess', ovo.dtype)
  t.graph = body
  try {
    let guess = t.moved(state, ovo.dtype, dims)
    let delta = guess
    for (let at = 0; at < classes; at++) {
      const gradient = t.op('squeeze', [
        t.op('matmul', [t.moved(q, ovo.dtype, matrix.dims), t.op('unsqueeze', [guess, 2n])]),
        2n,
      ])
      const outerProduct = t.op('sum', [t.op('mul', [guess, gradient]), 1n, true])
      delta = t.op('sub', [outerProduct, gradient])
      const unit = Float64Array.from({ length: classes }, (_, i) => Number(i === at))
      const mask = t.castTo(t.constant(createTensor('float64', [classes], unit)), ovo.dtype)
      const moved = t.op('mul', [t.op('mul', [delta, t.moved(scale, ovo.dtype, dims)]), mask])
      const next = t.op('add', [guess, moved])
      guess = t.op('div', [next, t.op('sum', [next, -1n, true])])
    }
    const goes = t.op('ge', [t.op('amax', [t.op('abs', [delta])]), 0.005 / classes])
    body.outputs = [t.value(goes), t.value(guess)]
  } finally {
    t.graph = outer
  }
  const steps = t.graph.constant(ints(Math.max(100, classes)))
  const [made] = t.graph.outputsOf('Loop', [steps, null, first], 1, { body }, [ovo.dtype])
  return t.moved(made as never, ovo.dtype, dims)
}

export const SVC = {
  'sk2torch.TorchSVC': {
    forward: predict,
    predict,
    decision_function: decisionFunction,
    predict_proba: proba,
    predict_log_proba: logProba,
  },
} as const satisfies Record<string, Methods>
