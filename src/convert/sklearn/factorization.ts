import { leastAngleCoder } from '../../kernels/least-angle.ts'
import { descendFactors, multiplyFactors } from '../../kernels/nmf.ts'
import { checkNonNegative } from '../../kernels/non-negative.ts'
import { type Atoms, type Coder, codeRows, lassoCoder, pursuitCoder } from '../../kernels/sparse-code.ts'
import { inferTopics, type Topics } from '../../kernels/topics.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { gram } from './algebra.ts'
import type { Converted, Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { transposed } from './linear.ts'
import { floatsOf, shaped } from './shapes.ts'

const kernel = (g: Graph, name: string, x: Features, width: number, run: (x: Tensor) => Tensor): Converted => {
  const value = g.host(name, [x.numbers], ['float64'], (rows) => [run(rows as Tensor)])[0] as Expr
  return { transform: new Features(value, width) }
}

/** Topics of documents: variational inference, deterministic where the components are given. */
export const latentDirichletAllocation: Converter = (model, x, g) => {
  const words = shaped(model, [null, x.width], 'exp_dirichlet_component_')
  const topics = words.dims[0] as number
  const settings: Topics = {
    words: floatsOf(transposed(words)),
    topics,
    prior: model.number('doc_topic_prior_'),
    maxIterations: model.number('max_doc_update_iter', 100),
    tolerance: model.number('mean_change_tol', 1e-3),
  }
  return kernel(g, 'topics of documents', x, topics, (rows) => {
    checkNonNegative(rows, model.type)
    return inferTopics(settings, rows)
  })
}

/** Non-negative factors: an optimisation, done as the solver does it. */
export const nmf: Converter = (model, x, g) => {
  const components = shaped(model, [null, x.width], 'components_')
  const count = components.dims[0] as number
  const isMiniBatch = model.name === 'MiniBatchNMF'
  const solver = isMiniBatch ? 'mu' : model.oneOf('solver', ['cd', 'mu'], 'cd')
  if (solver === 'cd' && count > 1 && model.flag('shuffle', false))
    throw model.unsupported('shuffle=True, whose order is random,')
  const limit = isMiniBatch ? model.number(['transform_max_iter', 'max_iter'], 200) : model.number('max_iter', 200)
  const settings = {
    components: floatsOf(components),
    count,
    tolerance: model.number('tol', 1e-4),
    maxIterations: limit,
    ...penalties(model, x.width),
  }
  const stop = isMiniBatch ? ('change' as const) : ('divergence' as const)
  const beta = betaOf(model)
  const solve = solver === 'cd' ? descendFactors(settings) : multiplyFactors({ ...settings, stop, beta })
  return kernel(g, 'non-negative factors', x, count, (rows) => {
    checkNonNegative(rows, model.type, !isMiniBatch && solver === 'mu' && beta <= 0)
    return solve(rows)
  })
}

/** From 1.0 `alpha_W`, by the number of columns; before, and where it is left to its default, `alpha`. */
function penalties(model: Estimator, width: number): { l1: number; l2: number } {
  const ratio = model.number('l1_ratio', 0)
  const split = (alpha: number) => ({ l1: alpha * ratio, l2: alpha * (1 - ratio) })
  const weight = model.number('alpha_W', 0)
  const old = model.raw('alpha')
  const isOld = typeof old === 'number' || typeof old === 'bigint'
  if (weight !== 0 || !isOld || (model.has('alpha_H') && model.raw('alpha_H') !== 'same')) return split(width * weight)
  const scope = model.text('regularization', 'both')
  return split(scope === 'components' || scope === 'None' ? 0 : Number(old))
}

const BETAS = { frobenius: 2, 'kullback-leibler': 1, 'itakura-saito': 0 } as const

function betaOf(model: Estimator): number {
  const value = model.raw('beta_loss') ?? 'frobenius'
  if (typeof value !== 'string') return model.number('beta_loss')
  return BETAS[model.oneOf('beta_loss', ['frobenius', 'kullback-leibler', 'itakura-saito'], 'frobenius')]
}

const ALGORITHMS = ['lars', 'lasso_cd', 'lasso_lars', 'omp', 'threshold'] as const

/**
 * Codes of the rows in a dictionary; `threshold` in ONNX, the others row by row.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/decomposition/_dict_learning.py (_sparse_encode)
 */
export const sparseCoder: Converter = (model, x, g) => {
  const components = shaped(model, [null, x.width], 'components_', 'dictionary')
  const count = components.dims[0] as number
  const algorithm = model.oneOf('transform_algorithm', ALGORITHMS, 'omp')
  const isPositive = model.flag('positive_code', false)
  const made =
    algorithm === 'threshold'
      ? thresholded(x.numbers.matmul(transposed(components)), alphaOf(model), isPositive)
      : coded(g, x, components, coderOf(model, algorithm, isPositive))
  if (!model.flag('split_sign', false)) return { transform: new Features(made, count) }
  return { transform: new Features(g.concat([made.max(0), made.min(0).neg()], 1), 2 * count) }
}

/** `sign(c) max(|c| - alpha, 0)`. */
function thresholded(products: Expr, alpha: number, isPositive: boolean): Expr {
  const code = products.sign().mul(products.abs().sub(alpha).max(0))
  return isPositive ? code.max(0) : code
}

function coded(g: Graph, x: Features, components: Tensor, coderFor: (atoms: Atoms) => Coder): Expr {
  const [count = 0, features = 0] = components.dims
  const dictionary = floatsOf(components)
  const atoms: Atoms = { dictionary, count, features, gram: gram(dictionary, count, features) }
  const coder = coderFor(atoms)
  return g.host('sparse code', [x.numbers], ['float64'], (rows) => [codeRows(atoms, coder, rows as Tensor)])[0] as Expr
}

function coderOf(
  model: Estimator,
  algorithm: Exclude<(typeof ALGORITHMS)[number], 'threshold'>,
  isPositive: boolean,
): (atoms: Atoms) => Coder {
  const alpha = alphaOf(model)
  const maxIterations = model.number('transform_max_iter', 1000)
  if (algorithm === 'lasso_cd')
    return (atoms) => {
      const screens = model.isSince(1, 8)
      return lassoCoder(atoms, { alpha, isPositive, maxIterations, screens, tolerance: screens ? 1e-8 : 1e-4 })
    }
  if (algorithm === 'lasso_lars')
    return (atoms) =>
      leastAngleCoder(atoms, { method: 'lasso', isPositive, alpha: alpha / atoms.features, maxIterations })
  if (isPositive) throw model.unsupported(`positive_code=True and transform_algorithm='${algorithm}'`)
  const asked = model.has('transform_n_nonzero_coefs') ? model.number('transform_n_nonzero_coefs') : undefined
  return (atoms) => {
    const wanted = Math.trunc(asked ?? Math.min(Math.max(atoms.features / 10, 1), atoms.count))
    if (algorithm === 'lars')
      return leastAngleCoder(atoms, { method: 'lar', isPositive, alpha: 0, maxIterations: wanted })
    if (!(wanted >= 1 && wanted <= atoms.count))
      throw model.unsupported(`transform_n_nonzero_coefs=${wanted} and ${atoms.count} atoms`)
    return pursuitCoder(atoms, wanted)
  }
}

/** From 1.2 what the dictionary was learned with, where nothing else is said; before, 1. */
function alphaOf(model: Estimator): number {
  if (model.has('transform_alpha')) return model.number('transform_alpha')
  return model.isSince(1, 2) ? model.number('alpha', 1) : 1
}
