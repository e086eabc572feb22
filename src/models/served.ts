import type { Format } from '../formats/detect.ts'
import { foreignCode } from '../formats/foreign-code.ts'

/** How the files of a format are served; a row each as its converter lands. */
const SERVED: ReadonlyMap<Format, string> = new Map<Format, string>([
  ['onnx', 'as it is, by ONNX Runtime'],
  ['pickle', 'converted, as a fitted estimator'],
  ['joblib', 'converted, as a fitted estimator'],
  ['lightgbm', 'converted, as a booster of LightGBM'],
  ['catboost', 'converted, as a model of CatBoost'],
  ['json', 'converted, as a booster of XGBoost or CatBoost'],
  ['ubjson', 'converted, as a booster of XGBoost'],
  ['torch', 'converted, as a torch module'],
  ['torchscript', 'converted, as a TorchScript module'],
  ['pt2', 'converted, as an exported program'],
  ['xgboost', 'converted, as a booster of XGBoost'],
])

/** How a file of this format is served; `undefined` when it is not, or not yet. */
export const servedAs = (format: Format): string | undefined => SERVED.get(format)

export interface Served {
  readonly now: boolean
  /** How, or why not. */
  readonly how: string
}

/** What is known of a file when it is asked whether it can be served. */
export interface Known {
  readonly format: Format
  /** What it names, if it is made of pickles. */
  readonly globals: readonly string[]
  /** Arrays alone are no model: nothing says what to do with them. */
  readonly arraysOnly: boolean
  /** Why it cannot be converted, where it would have to be. */
  readonly refusal: () => string | undefined
}

/** Whether a file can be served, and how or why not. */
export function servingOf({ format, globals, arraysOnly, refusal }: Known): Served {
  const foreign = foreignCode(globals)
  if (foreign !== undefined) return { now: false, how: foreign }
  if (arraysOnly) return { now: false, how: 'it holds arrays and no model that says what to do with them' }
  const how = servedAs(format)
  if (how === undefined) return { now: false, how: 'files of this format are not served so far' }
  const why = refusal()
  return why === undefined ? { now: true, how } : { now: false, how: why }
}
