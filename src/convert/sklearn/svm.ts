import { InferError } from '../../errors.ts'
import { coupledProbabilities } from '../../kernels/coupling.ts'
import { orderedProduct, rowsOf, squaredNorms } from '../../kernels/pairs.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { labelsAt } from './classifiers.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { denseOf, isCallable, matrixOf, tensorOf } from './matrix.ts'
import { pairwiseScores } from './one-versus-one.ts'
import { type KernelOptions, kernelOf } from './pairwise.ts'

/**
 * `Σ coef · kernel(x, support vector) + intercept`: a score [rows, pairs of classes], above zero for the first class
 * of the pair, decides each pair; the class with the most pairs wins.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/svm/src/libsvm/svm.cpp (svm_predict_values)
 */
export const supportVectorClassifier: Converter = (model, x, g) => {
  const classes = model.labels()
  const count = classes.data.length
  const pairs = pairScores(model, x, count)
  const isPair = count === 2
  const [first, isOvr] = [pairs.gt(0), model.text('decision_function_shape', 'ovr') !== 'ovo']
  const scores = isPair ? pairs.neg().reshape([-1]) : isOvr ? pairwiseScores(g, pairs, count) : pairs
  const byVotes = isPair ? first.not().cast('int64').reshape([-1]) : votes(first, count).argmax(1)
  const breaksTies = model.flag('break_ties', false) && isOvr && count > 2
  const probability = isProbable(model) ? probabilities(g, model, pairs, count) : undefined
  return {
    predict: labelsAt(g, classes, breaksTies ? scores.argmax(1) : byVotes),
    decision_function: scores,
    ...(probability && { predict_proba: probability, predict_log_proba: probability.log() }),
    classes,
  }
}

/** `Σ coef · kernel(x, support vector) + intercept`. */
export const supportVectorRegressor: Converter = (model, x) => ({ predict: singleScore(model, x) })

/** 1 where the score is above zero, else -1. */
export const oneClassSvm: Converter = (model, x, g) => {
  const score = singleScore(model, x)
  return {
    predict: g.where(score.gt(0), createTensor('int64', [], BigInt64Array.of(1n)), -1),
    decision_function: score,
    score_samples: score.add(model.number('offset_', -(intercepts(model)[0] as number))),
  }
}

/** From 1.9 on `probability` may say that it is deprecated. */
function isProbable(model: Estimator): boolean {
  const flag = model.raw('_effective_probability', 'probability')
  return (flag === true || flag === 1n) && model.floats('_probA', 'probA_').data.length > 0
}

function probabilities(g: Graph, model: Estimator, pairs: Expr, classes: number): Expr {
  const [a, b] = [model.floats('_probA', 'probA_').data, model.floats('_probB', 'probB_').data]
  if (a.length !== pairCount(classes) || b.length !== a.length)
    throw model.broken(['_probA'], `holds ${a.length} numbers for ${classes} classes`)
  const run = (scores: unknown) => [
    coupledProbabilities(classes, scores as Tensor, a as Float64Array, b as Float64Array),
  ]
  return g.host('probabilities of pairs', [pairs], ['float64'], run)[0] as Expr
}

const pairCount = (classes: number): number => (classes * (classes - 1)) / 2

/** Pairs won by each class: float64 [rows, classes]. `first`: bool [rows, pairs]. */
function votes(first: Expr, classes: number): Expr {
  const total = pairCount(classes)
  const data = new Float64Array(total * classes)
  const base = new Float64Array(classes)
  for (let i = 0, pair = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++, pair++) {
      data[pair * classes + i] = 1
      data[pair * classes + j] = -1
      base[j] = (base[j] as number) + 1
    }
  }
  return first
    .cast('float64')
    .matmul(tensorOf(total, classes, data))
    .add(createTensor('float64', [classes], base))
}

function singleScore(model: Estimator, x: Features): Expr {
  const coef = denseOf(model, '_dual_coef_', 'dual_coef_')
  const column = createTensor('float64', [coef.data.length, 1], coef.data)
  return combined(model, x, column, intercepts(model)).reshape([-1])
}

/** libsvm's scores of pairs: [rows, pairs]. */
function pairScores(model: Estimator, x: Features, classes: number): Expr {
  const sign = model.has('_dual_coef_') || classes > 2 ? 1 : -1
  const coef = denseOf(model, '_dual_coef_', 'dual_coef_')
  const counts = model.integers('_n_support', 'n_support_')
  const [rows = 0, vectors = 0] = coef.dims
  const starts = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count, 0))
  if (counts.length !== classes || rows !== classes - 1 || counts.reduce((sum, n) => sum + n, 0) !== vectors)
    throw model.broken(['_n_support'], `does not fit ${vectors} support vectors of ${classes} classes`)
  const total = pairCount(classes)
  const data = new Float64Array(vectors * total)
  const fill = (from: number, to: number, pair: number): void => {
    const row = to > from ? to - 1 : to
    const start = starts[from] as number
    for (let k = start; k < start + (counts[from] as number); k++)
      data[k * total + pair] = sign * (coef.data[row * vectors + k] as number)
  }
  for (let i = 0, pair = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++, pair++) {
      fill(i, j, pair)
      fill(j, i, pair)
    }
  }
  return combined(model, x, tensorOf(vectors, total, data), intercepts(model, sign))
}

function intercepts(model: Estimator, sign = 1): Float64Array {
  const values = model.floats('_intercept_', 'intercept_').data as Float64Array
  return model.has('_intercept_') ? values : values.map((value) => sign * value)
}

function combined(model: Estimator, x: Features, coef: Tensor, intercept: Float64Array): Expr {
  const [vectors = 0, width = 1] = coef.dims
  if (intercept.length !== width) throw model.broken(['_intercept_'], `holds ${intercept.length} numbers, not ${width}`)
  const offset = createTensor('float64', [width], intercept)
  if (vectors === 0) return x.numbers.slice(0, 1, 1).mul(0).add(offset)
  const kernel = kernelOfModel(model, x, vectors)
  return cancels(model, coef) ? inOrder(kernel, coef).add(offset) : kernel.matmul(coef).add(offset)
}

/** Above such terms a sum of a few units depends on the order that it is made in. */
const LARGE_TERMS = 1e5

/** Whether scores are small sums of large terms, as far as the support vectors tell. */
function cancels(model: Estimator, coef: Tensor): boolean {
  const name = model.text('kernel')
  if (name === 'precomputed') return true
  const total = (coef.data as Float64Array).reduce((sum, value) => sum + Math.abs(value), 0)
  if (name === 'rbf' || name === 'sigmoid') return total > LARGE_TERMS
  const { count, width, data } = rowsOf(denseOf(model, 'support_vectors_'))
  const norms = squaredNorms({ count, width, data })
  const most = norms.reduce((largest, norm) => Math.max(largest, norm), 0)
  const { gamma, coef0, degree } = optionsOf(model, name)
  return total * (name === 'linear' ? most : (gamma * most + Math.abs(coef0)) ** degree) > LARGE_TERMS
}

/** A product that adds up row by row, as libsvm does. */
function inOrder(kernel: Expr, coef: Tensor): Expr {
  const run = (value: unknown) => [orderedProduct(value as Tensor, coef)]
  return kernel.graph.host('sums over support vectors', [kernel], ['float64'], run)[0] as Expr
}

function kernelOfModel(model: Estimator, x: Features, vectors: number): Expr {
  if (isCallable(model.raw('kernel'))) throw model.unsupported('a kernel that is a function')
  const name = model.oneOf('kernel', ['linear', 'poly', 'rbf', 'sigmoid', 'precomputed'])
  if (name === 'precomputed') return x.numbers.gather(supportsOf(model, x, vectors), 1)
  const fitted = matrixOf(model, 'support_vectors_')
  if (fitted.dims[0] !== vectors || fitted.dims[1] !== x.width)
    throw model.broken(['support_vectors_'], `is of shape [${fitted.dims}] for ${vectors} rows of ${x.width} columns`)
  return kernelOf(name, x, fitted, optionsOf(model, name))
}

const optionsOf = (model: Estimator, name: string): KernelOptions => ({
  gamma: name === 'linear' ? 1 : model.number(model.has('_gamma') ? '_gamma' : 'gamma', 0),
  coef0: model.number('coef0', 0),
  degree: Math.trunc(model.number('degree', 3)),
})

function supportsOf(model: Estimator, x: Features, vectors: number): number[] {
  const positions = model.integers('support_')
  if (positions.length !== vectors || !positions.every((at) => at >= 0 && at < x.width))
    throw new InferError('bad_model', `${model.type}.support_ does not fit a kernel of ${x.width} columns`)
  return positions
}
