import { isGlobal, isTuple, pyObject, typeName, type Value } from '../../formats/values.ts'
import { cumulativeNormal } from '../../kernels/cumulative-normal.ts'
import { interpolate, type PolyLine } from '../../kernels/interpolation.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { type Convert, needTransform } from './converter.ts'
import { Estimator } from './estimator.ts'
import { Features } from './features.ts'

/** `inverse_transform` of a fitted transformer: [rows, columns] both. */
export type Inverse = (model: Estimator, x: Expr, g: Graph, convert: Convert) => Expr

/**
 * What a transformer did, undone.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/preprocessing/_data.py (inverse_transform)
 */
export const inverseTransform: Inverse = (model, x, g, convert) => {
  const inverse = INVERSES.get(model.type)
  if (!inverse) throw model.unsupported('inverse_transform', [...INVERSES.keys()])
  return inverse(model, x, g, convert)
}

const standard: Inverse = (model, x) => {
  const scaled = model.flag('with_std', true) && model.has('scale_') ? x.mul(model.floats('scale_')) : x
  return model.flag('with_mean', true) && model.has('mean_') ? scaled.add(model.floats('mean_')) : scaled
}

const robust: Inverse = (model, x) => {
  const scaled = model.flag('with_scaling', true) ? x.mul(model.floats('scale_')) : x
  return model.flag('with_centering', true) ? scaled.add(model.floats('center_')) : scaled
}

const minMax: Inverse = (model, x) => x.sub(model.floats('min_')).div(model.floats('scale_'))

const maxAbs: Inverse = (model, x) => x.mul(model.floats('scale_'))

const power: Inverse = (model, x, g) => {
  const scaled = model.flag('standardize', true) ? standard(model.estimator('_scaler'), x, g, () => ({})) : x
  const isBoxCox = model.oneOf('method', ['yeo-johnson', 'box-cox'], 'yeo-johnson') === 'box-cox'
  const lambdas = [...(model.floats('lambdas_').data as Float64Array)]
  const columns = lambdas.map((lambda, i) => {
    const column = scaled.slice(i, i + 1, 1)
    return isBoxCox ? boxCoxInverse(column, lambda) : yeoJohnsonInverse(g, column, lambda)
  })
  return g.concat(columns, 1)
}

const boxCoxInverse = (x: Expr, lambda: number): Expr =>
  lambda === 0
    ? x.exp()
    : x
        .mul(lambda)
        .add(1)
        .pow(1 / lambda)

function yeoJohnsonInverse(g: Graph, x: Expr, lambda: number): Expr {
  const above =
    Math.abs(lambda) < Number.EPSILON
      ? x.exp()
      : x
          .mul(lambda)
          .add(1)
          .pow(1 / lambda)
  const other = 2 - lambda
  const below =
    Math.abs(other) > Number.EPSILON
      ? x
          .mul(-other)
          .add(1)
          .pow(1 / other)
      : x.neg().exp()
  return g.where(x.ge(0), above.sub(1), g.node('Sub', [1, below]))
}

/** How near 0 and 1 count as those. */
const BOUND = 1e-7

const quantile: Inverse = (model, x, g) => {
  const isNormal = model.oneOf('output_distribution', ['uniform', 'normal'], 'uniform') === 'normal'
  const references = model.floats('references_').data as Float64Array
  const { dims, data } = model.floats('quantiles_')
  const columns = dims[1] as number
  const lines = Array.from({ length: columns }, (_, column): PolyLine => {
    const y = Float64Array.from(references, (_value, i) => data[i * columns + column] as number)
    const [low, high] = [references[0] as number, references.at(-1) as number]
    return { x: references, y, low, high, outside: 'clip' }
  })
  const run = (table: unknown) => [interpolate(lines, isNormal ? shared(table as Tensor) : (table as Tensor))]
  return g.host('quantiles', [x], ['float64'], run)[0] as Expr
}

/** Each number's share of the standard normal distribution, 0 and 1 where it is near them. */
function shared({ dims, data }: Tensor): Tensor {
  const shares = (data as Float64Array).map((value) => {
    const share = cumulativeNormal(value)
    return share - BOUND < 0 ? 0 : share + BOUND > 1 ? 1 : share
  })
  return createTensor('float64', dims, shares)
}

/** `inverse_func`, which None leaves out: as another FunctionTransformer, where it is not one of ONNX's. */
const functional: Inverse = (model, x, _g, convert) => {
  const func = model.raw('inverse_func')
  if (func === undefined) return x
  if (!isGlobal(func)) throw model.unsupported(`inverse_func=${typeName(func)}`, ['functions of numpy'])
  const settings = model.raw('inv_kw_args') ?? null
  const own = FUNCTIONS.get(func.name.slice(func.name.lastIndexOf('.') + 1))
  const isBare = settings === null || (settings instanceof Map && settings.size === 0)
  if (own && isBare && func.name.startsWith('numpy.')) return own(x)
  const forward = pyObject(model.object.type, [])
  forward.state = new Map<Value, Value>([
    ['func', func],
    ['kw_args', settings],
    ['validate', false],
  ])
  const [columns] = [model.number('n_features_in_', 1)]
  return needTransform(model, convert(new Estimator(forward, model.type), new Features(x, columns))).numbers
}

/** `expm1` without the loss of digits near zero: `tanh(x / 2) (exp(x) + 1)`. */
// biome-ignore format: one row per function
const FUNCTIONS: ReadonlyMap<string, (x: Expr) => Expr> = new Map(Object.entries({
  absolute: (x: Expr) => x.abs(), exp: (x: Expr) => x.exp(), expm1: (x: Expr) => x.div(2).tanh().mul(x.exp().add(1)),
  log: (x: Expr) => x.log(), negative: (x: Expr) => x.neg(), sqrt: (x: Expr) => x.sqrt(),
  square: (x: Expr) => x.mul(x), tanh: (x: Expr) => x.tanh(),
}))

const pipeline: Inverse = (model, x, g, convert) => {
  const steps = model.list('steps').map((step) => (isTuple(step) ? step.items : []))
  return steps.reduceRight((value: Expr, [name, step]) => {
    if (step === null || step === 'passthrough') return value
    return inverseTransform(new Estimator(step, `${model.type}'s step ${name}`), value, g, convert)
  }, x)
}

// biome-ignore format: one row per transformer
const INVERSES: ReadonlyMap<string, Inverse> = new Map(Object.entries({
  'sklearn.pipeline.Pipeline': pipeline,
  'sklearn.preprocessing.FunctionTransformer': functional,
  'sklearn.preprocessing.MaxAbsScaler': maxAbs,
  'sklearn.preprocessing.MinMaxScaler': minMax,
  'sklearn.preprocessing.PowerTransformer': power,
  'sklearn.preprocessing.QuantileTransformer': quantile,
  'sklearn.preprocessing.RobustScaler': robust,
  'sklearn.preprocessing.StandardScaler': standard,
}))
