import { InferError } from '../../errors.ts'
import { rowsOf } from '../../kernels/pairs.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { vector } from './kernel-methods.ts'
import { tensorOf } from './matrix.ts'

/** `√(2 / components) cos(x · weights + offset)` */
export const rbfSampler: Converter = (model, x) => ({ transform: waves(model, x.numbers) })

/** The same of `log(x + skewedness)`; nothing at or below minus the skewedness. */
export const skewedChi2Sampler: Converter = (model, x, g) => {
  const skew = model.number('skewedness')
  const run = (value: unknown) => {
    const { data, count, width } = rowsOf(value as Tensor)
    if (data.some((cell) => cell <= -skew))
      throw new InferError('bad_request', `${model.type} takes no value of ${-skew} or less`)
    return [
      tensorOf(
        count,
        width,
        data.map((cell) => Math.log(cell + skew)),
      ),
    ]
  }
  return { transform: waves(model, g.host('skewed logarithms', [x.numbers], ['float64'], run)[0] as Expr) }
}

function waves(model: Estimator, value: Expr): Features {
  const weights = model.floats('random_weights_')
  const width = weights.dims[1] as number
  const angle = value.matmul(weights).add(model.floats('random_offset_'))
  return new Features(value.graph.node('Cos', [angle]).mul(Math.sqrt(2 / width)), width)
}

/**
 * Fourier features of the additive chi-squared kernel: for each column a root, then cosines and sines of its logarithm.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/kernel_approximation.py (_transform_dense)
 */
export const additiveChi2Sampler: Converter = (model, x, g) => {
  const steps = model.number('sample_steps', 2)
  const interval = model.number(['sample_interval_', 'sample_interval'], [0, 0.8, 0.5, 0.4][steps] ?? Number.NaN)
  if (!(interval > 0)) throw model.broken(['sample_interval'], 'is not given')
  const total = x.width * (2 * steps - 1)
  const run = (value: unknown) => {
    const { data, count, width } = rowsOf(value as Tensor)
    const out = new Float64Array(count * total)
    for (let at = 0; at < data.length; at++) {
      const cell = data[at] as number
      if (cell < 0) throw new InferError('bad_request', `${model.type} takes no negative values`)
      if (cell !== 0) sample(cell, steps, interval, width, out, Math.floor(at / width) * total + (at % width))
    }
    return [tensorOf(count, total, out)]
  }
  return { transform: new Features(g.host('chi-squared features', [x.numbers], ['float64'], run)[0] as Expr, total) }
}

function sample(x: number, steps: number, interval: number, width: number, out: Float64Array, at: number): void {
  out[at] = Math.sqrt(x * interval)
  for (let j = 1; j < steps; j++) {
    const factor = Math.sqrt((2 * x * interval) / Math.cosh(Math.PI * j * interval))
    const angle = j * interval * Math.log(x)
    out[at + (2 * j - 1) * width] = factor * Math.cos(angle)
    out[at + 2 * j * width] = factor * Math.sin(angle)
  }
}

/** Above so many components the matrices of the Fourier transform are too large. */
const MAX_COMPONENTS = 4096

/**
 * The circular convolution of `degree` count sketches of x: the product of their Fourier transforms, turned back. Each
 * transform is one matrix of the columns; half the frequencies say all of a real sequence.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/kernel_approximation.py (PolynomialCountSketch)
 */
export const polynomialCountSketch: Converter = (model, x) => {
  const size = model.number('n_components')
  if (size > MAX_COMPONENTS) throw model.unsupported(`more than ${MAX_COMPONENTS} components`)
  const half = Math.floor(size / 2) + 1
  let [real, imaginary]: (Expr | undefined)[] = []
  for (let d = 0; d < model.number('degree'); d++) {
    const [cosines, sines] = sketch(model, x, d, size, half)
    if (!real || !imaginary) [real, imaginary] = [cosines, sines]
    else [real, imaginary] = [real.mul(cosines).sub(imaginary.mul(sines)), real.mul(sines).add(imaginary.mul(cosines))]
  }
  if (!real || !imaginary) throw model.unsupported('degree=0')
  const back = (wave: (angle: number) => number): Tensor => {
    const data = new Float64Array(half * size)
    for (let k = 0; k < half; k++) {
      const weight = (k === 0 || 2 * k === size ? 1 : 2) / size
      for (let n = 0; n < size; n++) data[k * size + n] = weight * wave((2 * Math.PI * ((k * n) % size)) / size)
    }
    return tensorOf(half, size, data)
  }
  const value = real.matmul(back(Math.cos)).sub(imaginary.matmul(back(Math.sin)))
  return { transform: new Features(value, size) }
}

/** The Fourier transform of one count sketch: real and imaginary parts [rows, half]. */
function sketch(model: Estimator, x: Features, d: number, size: number, half: number): [Expr, Expr] {
  const coef0 = model.number('coef0', 0)
  const columns = x.width + Number(coef0 !== 0)
  const [indices, bits] = [model.integers('indexHash_'), model.integers('bitHash_')]
  if (indices.length < (d + 1) * columns || bits.length !== indices.length || indices.length % columns !== 0)
    throw model.broken(['indexHash_'], `holds ${indices.length} numbers for ${columns} columns`)
  const scale = Math.sqrt(model.number('gamma', 1))
  const part = (wave: (angle: number) => number): Expr => {
    const data = new Float64Array(columns * half)
    for (let c = 0; c < columns; c++) {
      const factor = (bits[d * columns + c] as number) * (c < x.width ? scale : Math.sqrt(coef0))
      const index = indices[d * columns + c] as number
      for (let k = 0; k < half; k++) data[c * half + k] = factor * wave((2 * Math.PI * ((k * index) % size)) / size)
    }
    const product = x.numbers.matmul(tensorOf(x.width, half, data.subarray(0, x.width * half)))
    return coef0 === 0 ? product : product.add(vector(data.slice(x.width * half)))
  }
  return [part(Math.cos), part((angle) => -Math.sin(angle))]
}
