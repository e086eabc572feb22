import { imputeNearest } from '../../kernels/impute.ts'
import type { Expr } from '../../onnx/expr.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import { type Estimator, numberOf } from './estimator.ts'
import { Features } from './features.ts'
import { isCallable } from './matrix.ts'
import { refuseMissing } from './search.ts'

/** Missing values as the mean of the nearest fitted rows that have the column; see the kernel. */
export const knnImputer: Converter = (model, x, g) => {
  if (isCallable(model.raw('weights'))) throw model.unsupported('weights that are a function')
  if (model.text('metric', 'nan_euclidean') !== 'nan_euclidean') throw model.unsupported('another metric')
  const marker = numberOf(model.raw('missing_values')) ?? Number.NaN
  if (!Number.isNaN(marker)) refuseMissing(model, x)
  const isMissing = (value: number): boolean => (Number.isNaN(marker) ? Number.isNaN(value) : value === marker)
  const marked = (data: Float64Array): Float64Array => data.map((value) => (isMissing(value) ? Number.NaN : value))
  const { dims, data } = model.floats('_fit_X')
  const [count = 0, width = 0] = dims
  if (width !== x.width) throw model.broken(['_fit_X'], `has ${width} columns, and the rows of a request ${x.width}`)
  const fitted = { data: marked(data as Float64Array), count, width }
  const columns = Array.from({ length: width }, (_, c) => c)
  const imputer = {
    fitted,
    means: Float64Array.from(columns, (c) => meanOf(fitted.data, width, c)),
    nearest: model.number('n_neighbors'),
    weighting: model.oneOf('weights', ['uniform', 'distance'], 'uniform'),
    countsApart: !model.isSince(1, 6),
  }
  const isFull = columns.map((c) => !Number.isNaN(imputer.means[c]))
  const keepsEmpty = model.flag('keep_empty_features', false)
  const kept = keepsEmpty ? columns : columns.filter((c) => isFull[c])
  const features = indicated(model, width)
  const total = kept.length + features.length
  const run = (value: unknown) => {
    const [rows] = (value as Tensor).dims as [number]
    const own = marked((value as Tensor).data as Float64Array)
    const full = imputeNearest(imputer, createTensor('float64', [rows, width], own)).data as Float64Array
    const out = new Float64Array(rows * total)
    for (let i = 0; i < rows; i++) {
      kept.forEach((c, at) => {
        out[i * total + at] = isFull[c] ? (full[i * width + c] as number) : 0
      })
      features.forEach((c, at) => {
        out[i * total + kept.length + at] = Number(Number.isNaN(own[i * width + c]))
      })
    }
    return [createTensor('float64', [rows, total], out)]
  }
  return { transform: new Features(g.host('impute from neighbors', [x.numbers], ['float64'], run)[0] as Expr, total) }
}

function meanOf(data: Float64Array, width: number, column: number): number {
  let [sum, count] = [0, 0]
  for (let at = column; at < data.length; at += width) {
    if (Number.isNaN(data[at])) continue
    sum += data[at] as number
    count++
  }
  return sum / count
}

/** Columns of which a further column tells where they were missing. */
function indicated(model: Estimator, width: number): number[] {
  if (!model.flag('add_indicator', false) || !model.has('indicator_')) return []
  const features = model.estimator('indicator_').integers('features_')
  if (!features.every((c) => c >= 0 && c < width))
    throw model.broken(['indicator_'], 'names columns that are not there')
  return features
}
