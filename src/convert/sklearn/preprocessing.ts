import type { Converter } from './converter.ts'

/** `(x - mean) / scale`, each where it was fitted. */
export const standardScaler: Converter = (model, x) => {
  let value = x.numbers
  if (model.has('mean_') && model.flag('with_mean', true)) value = value.sub(model.floats('mean_'))
  if (model.has('scale_', 'std_') && model.flag('with_std', true)) value = value.div(model.floats('scale_', 'std_'))
  return { transform: x.with(value) }
}
