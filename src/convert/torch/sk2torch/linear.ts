import type { Aten } from '../../aten/aten.ts'
import { matmulOf } from '../../aten/linear.ts'
import type { SymTensor } from '../../aten/symbolic.ts'
import { type Converter, type Methods, tensorAt } from '../converter.ts'
import type { TorchModule } from '../module.ts'

/** Linear models (sk2torch/linear_model.py): weights [outputs, features], biases [outputs]. */

const decision = (m: TorchModule, t: Aten, x: SymTensor): SymTensor => {
  const scores = t.op('add', [matmulOf(t, x, t.op('t', [m.tensor('weights')])), m.tensor('biases')])
  return scores.dims[1] === 1 ? t.op('view', [scores, [-1n]]) : scores
}

const decisionFunction: Converter = (m, t, inputs) => decision(m, t, tensorAt(m, inputs))

/** The class of the largest score, or of the sign of the only one. */
export function pickClass(t: Aten, classes: SymTensor, scores: SymTensor): SymTensor {
  const index = scores.rank === 1 ? t.op('long', [t.op('gt', [scores, 0n])]) : t.op('argmax', [scores, -1n])
  return t.op('index', [classes, [index]])
}

const predict: Converter = (m, t, inputs) => pickClass(t, m.tensor('classes'), decision(m, t, tensorAt(m, inputs)))

/** [log σ(-s), log σ(s)] */
export function twoClasses(t: Aten, scores: SymTensor): SymTensor {
  const [no, yes] = [t.op('logsigmoid', [t.op('neg', [scores])]), t.op('logsigmoid', [scores])]
  return t.op('stack', [[no, yes], -1n])
}

const oneVersusRest = (t: Aten, scores: SymTensor): SymTensor =>
  scores.rank === 1 ? twoClasses(t, scores) : t.op('log_softmax', [t.op('logsigmoid', [scores]), -1n])

const sgdLogProba: Converter = (m, t, inputs) => {
  const loss = m.raw('loss')
  if (loss !== 'log') throw m.unsupported(`probabilities of loss=${String(loss)}`, ['log'])
  return oneVersusRest(t, decision(m, t, tensorAt(m, inputs)))
}

/** Two classes that are not one-versus-rest: softmax of [-s, s]. */
const logisticLogProba: Converter = (m, t, inputs) => {
  const scores = decision(m, t, tensorAt(m, inputs))
  if (m.raw('multi_class') === 'ovr') return oneVersusRest(t, scores)
  const both = scores.rank === 1 ? t.op('stack', [[t.op('neg', [scores]), scores], -1n]) : scores
  return t.op('log_softmax', [both, -1n])
}

/** e to the power of what another method gives. */
export const exponential =
  (log: Converter): Converter =>
  (m, t, inputs, forward) => {
    const value = log(m, t, inputs, forward)
    return t.op('exp', [value])
  }

export const LINEAR_MODELS = {
  'sk2torch.TorchLinearClassifier': { forward: predict, predict, decision_function: decisionFunction },
  'sk2torch.TorchLinearRegression': { forward: decisionFunction, predict: decisionFunction },
  'sk2torch.TorchLogisticRegression': {
    forward: predict,
    predict,
    decision_function: decisionFunction,
    predict_proba: exponential(logisticLogProba),
    predict_log_proba: logisticLogProba,
  },
  'sk2torch.TorchSGDClassifier': {
    forward: predict,
    predict,
    decision_function: decisionFunction,
    predict_proba: exponential(sgdLogProba),
    predict_log_proba: sgdLogProba,
  },
} as const satisfies Record<string, Methods>
