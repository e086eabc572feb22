import { itemsOf } from '../../../formats/values.ts'
import type { Datum } from '../../aten/args.ts'
import type { Aten } from '../../aten/aten.ts'
import type { SymTensor } from '../../aten/symbolic.ts'
import { type Converter, type Methods, tensorAt } from '../converter.ts'
import type { TorchModule } from '../module.ts'

/** Models of models, and those that only look at how many rows there are (sk2torch/{ttr,stacking,pipeline,dummy}.py). */

const transformedTarget: Converter = (m, t, inputs, forward) => {
  const given = forward(m.child('regressor'), tensorAt(m, inputs)) as SymTensor
  const column = given.rank === 1 ? t.op('unsqueeze', [given, 1n]) : given
  const y = forward.method(m.child('transformer'), 'inverse_transform', [column]) as SymTensor
  return m.int('training_dim') === 1 && y.rank === 2 && y.dims[1] === 1 ? t.op('squeeze', [y, 1n]) : y
}

/** The columns that the members give, and the input beside them. */
const stacked: Converter = (m, t, inputs, forward) => {
  const x = tensorAt(m, inputs)
  const methods = itemsOf(m.raw('stack_methods')) ?? []
  const columns = m
    .child('estimators')
    .children()
    .map(([, member], i) => {
      const method = String(methods[i] ?? 'predict')
      const made = forward.method(member, method, [x]) as SymTensor
      const y = method === 'predict_proba' && made.dims[1] === 2 ? t.op('slice', [made, 1n, 1n]) : made
      return y.rank === 1 ? t.op('unsqueeze', [y, 1n]) : y
    })
  if (m.flag('passthrough')) columns.push(t.op('flatten', [x, 1n]))
  return t.castTo(t.op('cat', [columns, -1n]), x.dtype)
}

const final =
  (method: string): Converter =>
  (m, t, inputs, forward) =>
    forward.method(m.child('final_estimator'), method, [stacked(m, t, inputs, forward)])

const stackingPredict: Converter = (m, t, inputs, forward) =>
  t.op('index', [m.tensor('classes'), [final('predict')(m, t, inputs, forward)]])

const last =
  (method: string): Converter =>
  (m, _t, inputs, forward) => {
    const x = m
      .child('transforms')
      .children()
      .reduce<Datum>((value, [, step]) => forward(step, value), inputs[0] ?? null)
    return method === 'forward' ? forward(m.child('final'), x) : forward.method(m.child('final'), method, [x])
  }

const pipelineInverse: Converter = (m, _t, inputs, forward) => {
  const steps = [
    ...m
      .child('transforms')
      .children()
      .map(([, step]) => step),
    m.child('final'),
  ].reverse()
  return steps.reduce<Datum>((value, step) => forward.method(step, 'inverse_transform', [value]), inputs[0] ?? null)
}

/** A row again and again, as often as there are rows. */
const repeated = (t: Aten, row: SymTensor, x: SymTensor): SymTensor =>
  t.expand(row, [...x.dims.slice(0, 1), ...row.dims])

const STRATEGIES = ['most_frequent', 'prior', 'constant'] as const

const mostFrequent = (m: TorchModule, t: Aten): SymTensor =>
  t.op('index', [m.tensor('classes'), [t.op('argmax', [m.tensor('class_prior')])]])

/** Strategies that draw at random are refused. */
const dummyPredict: Converter = (m, t, inputs) => {
  const strategy = m.oneOf('strategy', STRATEGIES)
  const one = strategy === 'constant' ? t.op('view', [m.tensor('constant'), []]) : mostFrequent(m, t)
  return repeated(t, one, tensorAt(m, inputs))
}

const dummyProba: Converter = (m, t, inputs) => {
  const strategy = m.oneOf('strategy', [...STRATEGIES, 'uniform'])
  const prior = m.tensor('class_prior')
  const is = (value: SymTensor): SymTensor => t.castTo(t.op('eq', [m.tensor('classes'), value]), prior.dtype)
  const row = {
    most_frequent: () => is(mostFrequent(m, t)),
    prior: () => prior,
    constant: () => is(m.tensor('constant')),
    uniform: () => t.op('div', [t.op('ones_like', [prior]), BigInt(prior.dims[0] as number)]),
  }[strategy]()
  return repeated(t, row, tensorAt(m, inputs))
}

const dummyLogProba: Converter = (m, t, inputs, forward) => t.op('log', [dummyProba(m, t, inputs, forward)])

const singles =
  (method: string): Converter =>
  (m, t, inputs, forward) => {
    const outputs = m
      .child('singles')
      .children()
      .map(([, single]) => forward.method(single, method, inputs))
    return method === 'predict' ? t.op('stack', [outputs, 1n]) : outputs
  }

const dummyRegress: Converter = (m, t, inputs) => {
  const y = repeated(t, m.tensor('constant'), tensorAt(m, inputs))
  return y.dims[1] === 1 ? t.op('view', [y, [-1n]]) : y
}

export const COMPOSED = {
  'sk2torch.TorchDummyClassifierMulti': {
    forward: singles('predict'),
    predict: singles('predict'),
    predict_proba: singles('predict_proba'),
    predict_log_proba: singles('predict_log_proba'),
  },
  'sk2torch.TorchDummyClassifierSingle': {
    forward: dummyPredict,
    predict: dummyPredict,
    predict_proba: dummyProba,
    predict_log_proba: dummyLogProba,
  },
  'sk2torch.TorchDummyRegressor': { forward: dummyRegress, predict: dummyRegress },
  'sk2torch.TorchPipeline': {
    forward: last('forward'),
    predict: last('predict'),
    decision_function: last('decision_function'),
    predict_proba: last('predict_proba'),
    predict_log_proba: last('predict_log_proba'),
    transform: last('transform'),
    inverse_transform: pipelineInverse,
  },
  'sk2torch.TorchStackingClassifier': {
    forward: stackingPredict,
    predict: stackingPredict,
    predict_proba: final('predict_proba'),
    decision_function: final('decision_function'),
    transform: stacked,
  },
  'sk2torch.TorchStackingRegressor': { forward: final('predict'), predict: final('predict'), transform: stacked },
  'sk2torch.TorchTransformedTargetRegressor': { forward: transformedTarget, predict: transformedTarget },
} as const satisfies Record<string, Methods>
