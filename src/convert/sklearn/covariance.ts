import {
  byCosine,
  byPair,
  type Covariance,
  combined,
  constant,
  matern,
  ownProducts,
  product,
  raised,
  stationary,
} from '../../kernels/covariance.ts'
import { additiveChi2, dot, manhattanDistance, type Rows } from '../../kernels/pairs.ts'
import { type Estimator, numberOf } from './estimator.ts'
import { isCallable } from './matrix.ts'
import { paramsOf } from './metric.ts'
import { KERNELS } from './pairwise.ts'

/** Sums of sums: Python's own recursion ends at 1000 calls. */
const MAX_DEPTH = 200

/**
 * A kernel of scikit-learn's Gaussian processes, of any row with the fitted rows.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/gaussian_process/kernels.py
 */
export function covarianceOf(kernel: Estimator, fitted: Rows, depth = 0): Covariance {
  if (depth > MAX_DEPTH) throw kernel.unsupported(`more than ${MAX_DEPTH} kernels in each other`)
  const inner = (name: string): Covariance => covarianceOf(kernel.estimator(name), fitted, depth + 1)
  switch (kernel.type) {
    case `${ROOM}.Sum`:
      return combined(inner('k1'), inner('k2'), (a, b) => a + b)
    case `${ROOM}.Product`:
      return combined(inner('k1'), inner('k2'), (a, b) => a * b)
    case `${ROOM}.Exponentiation`:
      return raised(inner('kernel'), kernel.number('exponent'))
    case `${ROOM}.ConstantKernel`:
      return constant(kernel.number('constant_value'), kernel.number('constant_value'), fitted)
    case `${ROOM}.WhiteKernel`:
      return constant(0, kernel.number('noise_level'), fitted)
    case `${ROOM}.RBF`:
      return stationary(fitted, scalesOf(kernel, fitted), (squared) => Math.exp(-0.5 * squared))
    case `${ROOM}.Matern`:
      return stationary(fitted, scalesOf(kernel, fitted), matern(kernel.number('nu')))
    case `${ROOM}.RationalQuadratic`:
      return rationalQuadratic(kernel, fitted)
    case `${ROOM}.ExpSineSquared`:
      return expSineSquared(kernel, fitted)
    case `${ROOM}.DotProduct`:
      return product(fitted, kernel.number('sigma_0') ** 2)
    case `${ROOM}.PairwiseKernel`:
      return pairwiseKernel(kernel, fitted)
  }
  throw kernel.unsupported('a kernel of this kind')
}

const ROOM = 'sklearn.gaussian_process'
const ONE = Float64Array.of(1)

function scalesOf(kernel: Estimator, { width }: Rows): Float64Array {
  const scales = kernel.floats('length_scale').data as Float64Array
  if (scales.length !== 1 && scales.length !== width)
    throw kernel.broken(['length_scale'], `holds ${scales.length} numbers for ${width} columns`)
  return scales
}

/** `(1 + d² / (2 alpha l²))^-alpha` */
function rationalQuadratic(kernel: Estimator, fitted: Rows): Covariance {
  const [alpha, scale] = [kernel.number('alpha'), kernel.number('length_scale')]
  const divisor = 2 * alpha * scale ** 2
  return stationary(fitted, ONE, (squared) => (1 + squared / divisor) ** -alpha)
}

/** `exp(-2 (sin(π d / p) / l)²)` */
function expSineSquared(kernel: Estimator, fitted: Rows): Covariance {
  const [scale, period] = [kernel.number('length_scale'), kernel.number('periodicity')]
  return stationary(fitted, ONE, (squared) => {
    const wave = Math.sin((Math.PI / period) * Math.sqrt(squared)) / scale
    return Math.exp(-2 * wave * wave)
  })
}

/** A kernel of `sklearn.metrics.pairwise`; the diagonal is what it gives for a row with itself. */
function pairwiseKernel(kernel: Estimator, fitted: Rows): Covariance {
  if (isCallable(kernel.raw('metric'))) throw kernel.unsupported('a metric that is a function')
  const metric = kernel.oneOf('metric', KERNELS, 'linear')
  const params = paramsOf(kernel, 'pairwise_kernels_kwargs')
  const gamma = kernel.number('gamma', 1)
  const [coef0, degree] = [numberOf(params.get('coef0')) ?? 1, numberOf(params.get('degree')) ?? 3]
  const zeros = (x: Rows): Float64Array => new Float64Array(x.count)
  switch (metric) {
    case 'linear':
      return product(fitted, 0)
    case 'poly':
    case 'polynomial':
      return byPair(fitted, dot, (value) => (gamma * value + coef0) ** degree, ownProducts)
    case 'sigmoid':
      return byPair(fitted, dot, (value) => Math.tanh(gamma * value + coef0), ownProducts)
    case 'rbf':
      return stationary(fitted, ONE, (squared) => Math.exp(-gamma * squared))
    case 'laplacian':
      return byPair(fitted, manhattanDistance, (value) => Math.exp(-gamma * value), zeros)
    case 'chi2':
      return byPair(fitted, additiveChi2, (value) => Math.exp(gamma * value), zeros)
    case 'additive_chi2':
      return byPair(fitted, additiveChi2, (value) => value, zeros)
    case 'cosine':
      return byCosine(fitted)
  }
}
