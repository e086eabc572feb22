import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** What libsvm keeps pairwise probabilities above. */
const MIN_PROBABILITY = 1e-7

/**
 * Probabilities of classes from the scores of their pairs, as libsvm couples them (method 2 of Wu, Lin and Weng 2004):
 * each row goes round until it has settled, two classes too.
 * https://github.com/cjlin1/libsvm/blob/v324/svm.cpp (svm_predict_probability, multiclass_probability)
 * @param scores float64 [rows, pairs], pairs in the order (0, 1), (0, 2), ..., (1, 2), ...
 * @param a slope of each pair's sigmoid
 * @param b offset of each pair's sigmoid
 * @returns float64 [rows, classes]
 */
export function coupledProbabilities(classes: number, scores: Tensor, a: Float64Array, b: Float64Array): Tensor {
  const [rows = 0, pairs = 0] = scores.dims
  const out = new Float64Array(rows * classes)
  const r = new Float64Array(classes * classes)
  const q = new Float64Array(classes * classes)
  const qp = new Float64Array(classes)
  for (let row = 0; row < rows; row++) {
    for (let i = 0, pair = 0; i < classes; i++) {
      for (let j = i + 1; j < classes; j++, pair++) {
        const score = scores.data[row * pairs + pair] as number
        const probability = sigmoid(score * (a[pair] as number) + (b[pair] as number))
        // Of NaN, too, this is the lower bound, as it is in C.
        const bounded = probability > MIN_PROBABILITY ? Math.min(probability, 1 - MIN_PROBABILITY) : MIN_PROBABILITY
        r[i * classes + j] = bounded
        r[j * classes + i] = 1 - bounded
      }
    }
    couple(classes, r, q, qp, out.subarray(row * classes, (row + 1) * classes))
  }
  return createTensor('float64', [rows, classes], out)
}

/** `1 / (1 + exp(t))`, without cancellation. */
function sigmoid(t: number): number {
  if (t < 0) return 1 / (1 + Math.exp(t))
  const e = Math.exp(-t)
  return e / (1 + e)
}

/** Minimises pᵀQp with Σp = 1, coordinate by coordinate. `r`: [classes, classes] of pairs. */
function couple(k: number, r: Float64Array, q: Float64Array, qp: Float64Array, p: Float64Array): void {
  fillQ(k, r, q)
  p.fill(1 / k)
  const rounds = Math.max(100, k)
  for (let round = 0; round < rounds; round++) {
    let pqp = 0
    for (let t = 0; t < k; t++) {
      let sum = 0
      for (let j = 0; j < k; j++) sum += (q[t * k + j] as number) * (p[j] as number)
      qp[t] = sum
      pqp += (p[t] as number) * sum
    }
    let error = 0
    for (let t = 0; t < k; t++) error = Math.max(error, Math.abs((qp[t] as number) - pqp))
    if (error < 0.005 / k) return
    for (let t = 0; t < k; t++) {
      const own = q[t * k + t] as number
      const step = (pqp - (qp[t] as number)) / own
      p[t] = (p[t] as number) + step
      pqp = (pqp + step * (step * own + 2 * (qp[t] as number))) / (1 + step) / (1 + step)
      for (let j = 0; j < k; j++) {
        qp[j] = ((qp[j] as number) + step * (q[t * k + j] as number)) / (1 + step)
        p[j] = (p[j] as number) / (1 + step)
      }
    }
  }
}

function fillQ(k: number, r: Float64Array, q: Float64Array): void {
  for (let t = 0; t < k; t++) {
    let own = 0
    for (let j = 0; j < k; j++) {
      if (j === t) continue
      const other = r[j * k + t] as number
      own += other * other
      q[t * k + j] = j < t ? (q[j * k + t] as number) : -other * (r[t * k + j] as number)
    }
    q[t * k + t] = own
  }
}
