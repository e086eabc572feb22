import type { Format } from '../formats/detect.ts'

/** How the files of a format are served; a row each as its converter lands. */
const SERVED: ReadonlyMap<Format, string> = new Map<Format, string>([
  ['onnx', 'as it is, by ONNX Runtime'],
  ['pickle', 'converted, as a fitted estimator'],
  ['joblib', 'converted, as a fitted estimator'],
  ['lightgbm', 'converted, as a booster of LightGBM'],
  ['catboost', 'converted, as a model of CatBoost'],
  ['json', 'converted, as a booster of XGBoost or CatBoost'],
  ['ubjson', 'converted, as a booster of XGBoost'],
  ['xgboost', 'converted, as a booster of XGBoost'],
])

/** How a file of this format is served; `undefined` when it is not, or not yet. */
export const servedAs = (format: Format): string | undefined => SERVED.get(format)
