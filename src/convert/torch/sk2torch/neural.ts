import type { Aten } from '../../aten/aten.ts'
import type { SymTensor } from '../../aten/symbolic.ts'
import { type Converter, type Forward, type Methods, tensorAt } from '../converter.ts'
import type { TorchModule } from '../module.ts'
import { exponential, twoClasses } from './linear.ts'

/** Multi-layer perceptrons (sk2torch/nn.py): the log of what the output activation gives. */

function logOutput(m: TorchModule, t: Aten, x: SymTensor, forward: Forward, both: boolean): SymTensor {
  const y = forward(m.child('layers'), x) as SymTensor
  const act = m.oneOf('out_act', ['identity', 'softmax', 'logistic'])
  if (act === 'identity') return y
  if (act === 'softmax') return t.op('log_softmax', [y, 1n])
  return both && y.dims[1] === 1 ? twoClasses(t, t.op('squeeze', [y, 1n])) : t.op('logsigmoid', [y])
}

const wrapped: Converter = (m, t, inputs, forward) => logOutput(m, t, tensorAt(m, inputs), forward, false)

const logProba: Converter = (m, t, inputs, forward) =>
  logOutput(m.child('module'), t, tensorAt(m, inputs), forward, true)

const classify: Converter = (m, t, inputs, forward) => {
  const probabilities = t.op('exp', [logOutput(m.child('module'), t, tensorAt(m, inputs), forward, false)])
  return forward.method(m.child('label_binarizer'), 'inverse_transform', [probabilities])
}

const regress: Converter = (m, t, inputs, forward) => {
  const y = logOutput(m.child('module'), t, tensorAt(m, inputs), forward, false)
  return y.dims[1] === 1 ? t.op('view', [y, [-1n]]) : y
}

export const NEURAL = {
  'sk2torch.TorchMLPClassifier': {
    forward: classify,
    predict: classify,
    predict_proba: exponential(logProba),
    predict_log_proba: logProba,
  },
  'sk2torch.TorchMLPRegressor': { forward: regress, predict: regress },
  'sk2torch._WrappedMLP': { forward: wrapped },
} as const satisfies Record<string, Methods>
