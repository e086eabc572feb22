import { each, exponential, logistic, softmax } from '../../kernels/links.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'

/** `kRtEps` in include/xgboost/base.h. */
const RT_EPS = Math.fround(1e-6)

type Transform = (margin: Tensor) => Tensor

/** `ObjFunction::PredTransform` of the objectives that have one, in float32, [rows, groups]. */
export const TRANSFORMS: ReadonlyMap<string, Transform> = new Map([
  ['binary:logistic', (margin: Tensor) => logistic(margin, Math.fround)],
  ['reg:logistic', (margin: Tensor) => logistic(margin, Math.fround)],
  ['binary:hinge', (margin: Tensor) => each(margin, (x) => (x > 0 ? 1 : 0))],
  ['count:poisson', (margin: Tensor) => exponential(margin, Math.fround)],
  ['reg:gamma', (margin: Tensor) => exponential(margin, Math.fround)],
  ['reg:tweedie', (margin: Tensor) => exponential(margin, Math.fround)],
  ['survival:cox', (margin: Tensor) => exponential(margin, Math.fround)],
  ['survival:aft', (margin: Tensor) => exponential(margin, Math.fround)],
  ['multi:softprob', (margin: Tensor) => softmax(margin, Math.fround)],
  ['reg:expectileerror', climbing],
])

/** Objectives whose prediction is the margin. */
export const PLAIN =
  /^(reg:(linear|squarederror|squaredlogerror|absoluteerror|pseudohubererror|quantileerror)|rank:\w+|binary:logitraw|multi:softmax)$/

/** Objectives whose prediction is the probability of the second of two classes. */
export const BINARY = /^(binary:logistic|reg:logistic)$/

/**
 * `ObjFunction::ProbToMargin` of the objectives, in float32: `base_score` is saved in the space of predictions.
 * @param scores by group
 */
export function toMargins(objective: string, scores: Float64Array): Float64Array {
  if (BINARY.test(objective))
    return scores.map((score) => Math.fround(-Math.log(Math.fround(Math.fround(1 / score) - 1))))
  if (/^(count:poisson|reg:gamma|reg:tweedie|survival:cox|survival:aft)$/.test(objective))
    return scores.map((score) => Math.fround(Math.log(score)))
  if (objective !== 'reg:expectileerror') return scores
  return scores.map((score, i) => (i === 0 ? score : inverseSoftPlus(score - (scores[i - 1] as number) - RT_EPS)))
}

/** Expectiles: the first as it is, each further one above the one before by the soft plus of its margin. */
function climbing({ dims, data }: Tensor): Tensor {
  const [rows = 0, columns = 0] = dims
  const made = (data as Float64Array).slice()
  for (let row = 0; row < rows; row++) {
    for (let i = 1; i < columns; i++) {
      const at = row * columns + i
      made[at] = Math.fround((made[at - 1] as number) + Math.fround(RT_EPS + softPlus(made[at] as number)))
    }
  }
  return createTensor('float64', dims, made)
}

const softPlus = (x: number): number => Math.fround(x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)))

function inverseSoftPlus(gap: number): number {
  const x = Math.max(Math.fround(gap), RT_EPS)
  return Math.fround(x + Math.log(-Math.expm1(-x)))
}

/** Each row in ascending order: quantiles that cross are sorted since 3.4. */
export function ascending({ dims, data }: Tensor): Tensor {
  const [rows = 0, columns = 0] = dims
  const made = (data as Float64Array).slice()
  for (let row = 0; row < rows; row++) made.subarray(row * columns, (row + 1) * columns).sort()
  return createTensor('float64', dims, made)
}
