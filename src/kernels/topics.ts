import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { quickDigamma } from './digamma.ts'

/** What a topic model has learned. */
export interface Topics {
  /** By word, by topic: exp(E[log β]) [words, topics]. */
  readonly words: Float64Array
  readonly topics: number
  readonly prior: number
  readonly maxIterations: number
  readonly tolerance: number
}

/**
 * The mix of topics of each document: variational inference of one document at a time, until the mean change is below
 * the tolerance; rows sum to one.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/decomposition/_lda.py (_update_doc_distribution)
 * @param x float64 [rows, words]: counts
 * @returns float64 [rows, topics]
 */
export function inferTopics(model: Topics, x: Tensor): Tensor {
  const { topics } = model
  const [rows = 0, width = 0] = x.dims
  const counts = x.data as Float64Array
  const mix = new Float64Array(rows * topics)
  const used = new Int32Array(width)
  for (let row = 0; row < rows; row++) {
    let words = 0
    for (let word = 0; word < width; word++) if (counts[row * width + word] !== 0) used[words++] = word
    const document = mix.subarray(row * topics, (row + 1) * topics)
    infer(model, counts.subarray(row * width, (row + 1) * width), used.subarray(0, words), document)
    let total = 0
    for (let t = 0; t < topics; t++) total += document[t] as number
    for (let t = 0; t < topics; t++) document[t] = (document[t] as number) / total
  }
  return createTensor('float64', [rows, topics], mix)
}

/** `document` becomes the (unnormalized) topics of a row of counts, of which `used` are not zero. */
function infer(model: Topics, counts: Float64Array, used: Int32Array, document: Float64Array): void {
  const { words, topics, prior, maxIterations, tolerance } = model
  const expected = new Float64Array(topics).fill(Math.exp(quickDigamma(1) - quickDigamma(topics)))
  const sums = new Float64Array(topics)
  document.fill(1)
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    sums.fill(0)
    for (const word of used) {
      const at = word * topics
      let norm = 0
      for (let t = 0; t < topics; t++) norm += (expected[t] as number) * (words[at + t] as number)
      const share = (counts[word] as number) / (norm + Number.EPSILON)
      for (let t = 0; t < topics; t++) sums[t] = (sums[t] as number) + share * (words[at + t] as number)
    }
    let change = 0
    let total = 0
    for (let t = 0; t < topics; t++) {
      const next = (expected[t] as number) * (sums[t] as number) + prior
      change += Math.abs(next - (document[t] as number))
      document[t] = next
      total += next
    }
    const whole = quickDigamma(total)
    for (let t = 0; t < topics; t++) expected[t] = Math.exp(quickDigamma(document[t] as number) - whole)
    if (change / topics < tolerance) break
  }
}
