import type { Aten } from '../../aten/aten.ts'
import type { SymTensor } from '../../aten/symbolic.ts'
import { type Converter, type Forward, type Methods, tensorAt } from '../converter.ts'
import type { TorchModule } from '../module.ts'
import { exponential, twoClasses } from './linear.ts'

/** Gradient boosting (sk2torch/gradient_boosting.py): init + Σ learning rate · trees of each stage. */

type Init = (m: TorchModule, t: Aten, x: SymTensor, forward: Forward) => SymTensor

const zeros = (m: TorchModule, t: Aten, x: SymTensor): SymTensor => {
  const zero = m.tensor('zero_out')
  return t.expand(zero, [...x.dims.slice(0, 1), ...zero.dims])
}

const regressorInit: Init = (m, t, x, forward) => {
  if (!m.flag('has_init')) return zeros(m, t, x)
  const start = forward.method(m.child('init'), 'predict', [x]) as SymTensor
  return start.rank === 1 ? t.op('unsqueeze', [start, 1n]) : start
}

/** float32's step at 1: scikit-learn keeps probabilities so far from 0 and 1. */
const EPS = 1.1920929e-7

/** Log odds of the first guess. */
const classifierInit: Init = (m, t, x, forward) => {
  if (!m.flag('has_init')) return zeros(m, t, x)
  const guess = forward.method(m.child('init'), 'predict_proba', [x]) as SymTensor
  const inside = t.op('clamp', [guess, EPS, 1 - EPS])
  if (inside.dims[1] !== 2) return t.op('log', [inside])
  const yes = t.op('slice', [inside, 1n, 1n])
  const odds = t.op('log', [t.op('div', [yes, t.op('rsub', [yes, 1n])])])
  return m.raw('loss') === 'exponential' ? t.op('mul', [odds, 0.5]) : odds
}

const raw =
  (init: Init): Converter =>
  (m, t, inputs, forward) => {
    const x = tensorAt(m, inputs)
    let sum = init(m, t, x, forward)
    for (const [, stage] of m.child('stages').children()) {
      const trees = stage
        .child('trees')
        .children()
        .map(([, tree]) => t.op('view', [forward(tree, x), [-1n]]))
      sum = t.op('add', [sum, t.op('mul', [t.op('stack', [trees, -1n]), m.number('learning_rate')])])
    }
    return sum.dims[1] === 1 ? t.op('view', [sum, [-1n]]) : sum
  }

const regress = raw(regressorInit)
const decide = raw(classifierInit)

const logProba: Converter = (m, t, inputs, forward) => {
  const scores = decide(m, t, inputs, forward) as SymTensor
  if (m.raw('loss') === 'exponential') return twoClasses(t, t.op('mul', [scores, 2n]))
  return scores.rank === 1 ? twoClasses(t, scores) : t.op('log_softmax', [scores, -1n])
}

const predict: Converter = (m, t, inputs, forward) => {
  if (m.oneOf('loss', ['exponential', 'deviance', 'log_loss']) === 'exponential') {
    const scores = decide(m, t, inputs, forward) as SymTensor
    return t.op('index', [m.tensor('classes'), [t.op('long', [t.op('ge', [scores, 0n])])]])
  }
  const probabilities = t.op('exp', [logProba(m, t, inputs, forward)])
  return t.op('index', [m.tensor('classes'), [t.op('argmax', [probabilities, -1n])]])
}

export const BOOSTING = {
  'sk2torch.TorchGradientBoostingClassifier': {
    forward: predict,
    predict,
    decision_function: decide,
    predict_proba: exponential(logProba),
    predict_log_proba: logProba,
  },
  'sk2torch.TorchGradientBoostingRegressor': { forward: regress, predict: regress },
} as const satisfies Record<string, Methods>
