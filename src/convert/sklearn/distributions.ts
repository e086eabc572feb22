import { powersOf } from '../../kernels/powers.ts'
import { createQuantiles, probabilitiesOf } from '../../kernels/quantiles.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import { overNumbers } from './features.ts'
import { requireWidth } from './guard.ts'
import { standardScaler } from './preprocessing.ts'

/** The normal or uniform deviates of the fitted quantiles. */
export const quantileTransformer: Converter = (model, x) => {
  const isNormal = model.oneOf('output_distribution', ['uniform', 'normal'], 'uniform') === 'normal'
  const { dims, data } = model.floats('quantiles_')
  const [count = 0, width = 1] = dims
  requireWidth(model, x, 'quantiles_', width)
  const columns = Array.from({ length: width }, (_, j) =>
    Float64Array.from({ length: count }, (_, i) => data[i * width + j] as number),
  )
  const quantiles = createQuantiles(model.floats('references_').data as Float64Array, columns, isNormal)
  return { transform: x.with(overNumbers('quantiles', x, (numbers) => probabilitiesOf(quantiles, numbers))) }
}

/** Box and Cox's, or Yeo and Johnson's power of each column, standardised where it was fitted so. */
export const powerTransformer: Converter = (model, x, g, convert) => {
  const method = model.oneOf('method', ['yeo-johnson', 'box-cox'], 'yeo-johnson')
  const lambdas = model.floats('lambdas_').data as Float64Array
  requireWidth(model, x, 'lambdas_', lambdas.length)
  const isPlain = !model.isSince(1, 9)
  const run = (numbers: Tensor) => powersOf(method, lambdas, numbers, x.names, isPlain)
  const transform = x.with(overNumbers(method, x, run))
  return model.flag('standardize', true)
    ? standardScaler(model.estimator('_scaler'), transform, g, convert)
    : { transform }
}
