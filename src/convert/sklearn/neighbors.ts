import { InferError } from '../../errors.ts'
import { isArray, itemsOf, type Value } from '../../formats/values.ts'
import type { Neighbors } from '../../kernels/neighbors.ts'
import { classSums, largest, means, normalized, type Weighting, weightsOf } from '../../kernels/votes.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { HostType, HostValue } from '../../tensor/host-value.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { Converted, Converter } from './converter.ts'
import { type Estimator, type Labels, numberOf } from './estimator.ts'
import { isCallable } from './matrix.ts'
import { type Search, searchOf } from './search.ts'

/** The classes of one output: labels, the class of each fitted row, and the label of rows without neighbours. */
interface Target {
  readonly labels: Labels
  readonly codes: Int32Array
  readonly outlier?: Value | undefined
}

/** The class with the largest summed weight among the nearest rows. */
export const neighborsClassifier: Converter = (model, x) => {
  const search = searchOf(model, x, { nearest: model.number('n_neighbors') })
  const targets = targetsOf(model, search.count)
  const weighting = weightingOf(model)
  return classified(model, search, targets, (found, target) =>
    normalized(classSums(found, weightsOf(found, weighting), target.codes, target.labels.data.length)),
  )
}

/** The weighted mean of the nearest rows' targets. */
export const neighborsRegressor: Converter = (model, x) => {
  const search = searchOf(model, x, { nearest: model.number('n_neighbors') })
  return regressed(model, search, Number.NaN)
}

/** The same among all rows within a radius; one that has none is an outlier. */
export const radiusClassifier: Converter = (model, x) => {
  const search = searchOf(model, x, { radius: model.number('radius') })
  const targets = withOutliers(model, targetsOf(model, search.count))
  const weighting = weightingOf(model)
  const positions = targets.map((target) => outlierClass(model, search, target))
  return classified(model, search, targets, (found, target) => {
    const { starts } = found
    const classes = target.labels.data.length
    const sums = classSums(found, weightsOf(found, weighting), target.codes, classes)
    const position = positions[targets.indexOf(target)] as number
    for (let i = 0; i + 1 < starts.length; i++) {
      if (starts[i] !== starts[i + 1]) continue
      if (target.outlier === undefined)
        throw new InferError('bad_request', `row ${i} has no neighbors within the radius of ${model.type}`)
      if (position >= 0) (sums.data as Float64Array)[i * classes + position] = 1
    }
    return normalized(sums)
  })
}

/** NaN where there are no neighbours; where targets are integers, what numpy makes of NaN. */
export const radiusRegressor: Converter = (model, x) => {
  const search = searchOf(model, x, { radius: model.number('radius') })
  const fitted = model.raw('_y')
  const isWhole = isArray(fitted) && /^u?int/.test(fitted.dtype)
  return regressed(model, search, isWhole ? -(2 ** 63) : Number.NaN)
}

function weightingOf(model: Estimator): Weighting {
  if (isCallable(model.raw('weights'))) throw model.unsupported('weights that are a function')
  return model.oneOf('weights', ['uniform', 'distance'], 'uniform')
}

function regressed(model: Estimator, search: Search, empty: number): Converted {
  const targets = model.floats('_y')
  const [count = 0, outputs = 1] = targets.dims
  if (count !== search.count) throw model.broken(['_y'], `holds ${count} targets for ${search.count} rows`)
  const weighting = weightingOf(model)
  const data = targets.data as Float64Array
  const [predict] = search.run('mean of neighbors', ['float64'], (found) => {
    const mean = means(found, weightsOf(found, weighting), data, outputs, empty)
    return [targets.dims.length === 1 ? createTensor('float64', [mean.dims[0] as number], mean.data) : mean]
  })
  return { predict: predict as Expr }
}

function classified(
  model: Estimator,
  search: Search,
  targets: readonly Target[],
  sharesOf: (found: Neighbors, target: Target) => Tensor,
): Converted {
  const isSingle = !model.flag('outputs_2d_', false)
  const [first] = targets as [Target]
  const dtypes: HostType[] = [first.labels.dtype, ...targets.map(() => 'float64' as const)]
  const outputs = search.run('classes of neighbors', dtypes, (found, rows) => {
    const shares = targets.map((target) => sharesOf(found, target))
    const chosen = shares.map((share, k) => labelled(share, targets[k] as Target))
    return [labelTensor(first.labels, chosen, rows, isSingle), ...shares] as HostValue[]
  })
  const [predict, ...probabilities] = outputs as [Expr, ...Expr[]]
  return {
    predict,
    predict_proba: isSingle ? (probabilities[0] as Expr) : probabilities,
    classes: isSingle ? first.labels : targets.map(({ labels }) => labels),
  }
}

/** The label of the largest share of each row; a row of zeros is an outlier. */
function labelled(shares: Tensor, { labels, outlier }: Target): unknown[] {
  const classes = labels.data.length
  return Array.from(largest(shares), (position, i) => {
    const isNone = outlier !== undefined && shares.data[i * classes + position] === 0
    return isNone ? labelValue(labels, outlier) : labels.data[position]
  })
}

/** A Python scalar as an element of the labels' tensor. */
function labelValue({ dtype }: Labels, value: Value): unknown {
  if (dtype === 'string') return isArray(value) ? value.data[0] : value
  const number = numberOf(value) ?? Number.NaN
  return dtype === 'int64' ? BigInt(Math.trunc(number)) : number
}

/** Several outputs are columns of one array, of the dtype of the first one's labels. */
function labelTensor({ dtype }: Labels, columns: readonly unknown[][], rows: number, isSingle: boolean): Tensor {
  const cells = isSingle ? (columns[0] as unknown[]) : columns[0]?.flatMap((_, i) => columns.map((column) => column[i]))
  const dims = isSingle ? [rows] : [rows, columns.length]
  if (dtype === 'string') return createTensor('string', dims, (cells as unknown[]).map(String))
  if (dtype === 'int64')
    return createTensor(
      'int64',
      dims,
      BigInt64Array.from(cells as bigint[], (cell) => BigInt(cell)),
    )
  if (dtype === 'bool') return createTensor('bool', dims, Uint8Array.from(cells as number[]))
  return createTensor('float64', dims, Float64Array.from(cells as number[], Number))
}

function targetsOf(model: Estimator, count: number): Target[] {
  const isSingle = !model.flag('outputs_2d_', false)
  const labels = isSingle ? [model.labels()] : model.labelLists('classes_')
  const codes = model.integers('_y')
  if (codes.length !== count * labels.length)
    throw model.broken(['_y'], `holds ${codes.length} classes for ${count} rows of ${labels.length} outputs`)
  return labels.map((list, k) => {
    const own = Int32Array.from({ length: count }, (_, i) => codes[i * labels.length + k] as number)
    if (!own.every((code) => code >= 0 && code < list.data.length))
      throw model.broken(['_y'], 'holds classes that are not there')
    return { labels: list, codes: own }
  })
}

function withOutliers(model: Estimator, targets: readonly Target[]): Target[] {
  const value = model.raw('outlier_label_')
  if (value === undefined) return [...targets]
  const list = isArray(value) ? (value.data as readonly Value[]) : itemsOf(value)
  if (list?.length !== targets.length) throw model.broken(['outlier_label_'], 'is no list of a label for each output')
  return targets.map((target, k) => ({ ...target, outlier: list[k] }))
}

/**
 * The class whose probability is one for an outlier, -1 for none. scikit-learn's faster way, which it takes for some
 * metrics, looks for the parameter, not for what was made of it; from 1.9 on, among the positions of the classes.
 */
function outlierClass(model: Estimator, search: Search, { labels, outlier }: Target): number {
  if (outlier === undefined) return -1
  const positionOf = (value: Value): number =>
    Array.from(labels.data as never[]).findIndex((label) => isSame(label, value))
  const isFast =
    model.isSince(1, 4) &&
    search.isBrute &&
    !SLOW.has(search.metric) &&
    !model.flag('outputs_2d_', false) &&
    model.text('weights', 'uniform') === 'uniform'
  if (!isFast) return positionOf(outlier)
  const parameter = numberOf(model.raw('outlier_label'))
  if (parameter === undefined) return -1
  if (!model.isSince(1, 9)) return positionOf(parameter)
  return parameter >= 0 && parameter < labels.data.length && Number.isInteger(parameter) ? parameter : -1
}

/** Metrics that scikit-learn has no fast classification by. */
const SLOW: ReadonlySet<string> = new Set([
  ...['euclidean', 'l2', 'sqeuclidean', 'cosine', 'correlation', 'nan_euclidean', 'precomputed', 'mahalanobis'],
  ...['hamming', 'jaccard', 'matching', 'dice', 'kulsinski', 'rogerstanimoto', 'russellrao', 'sokalmichener'],
  ...['sokalsneath', 'yule'],
])

const isSame = (label: unknown, value: Value): boolean => {
  const other = isArray(value) && value.dtype === 'string' ? value.data[0] : value
  return typeof label === 'string' ? label === other : Number(label) === numberOf(other as Value)
}
