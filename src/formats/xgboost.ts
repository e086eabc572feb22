import { broken, Cursor } from './cursor.ts'
import { type Json, readJson } from './json.ts'
import { readUbjson } from './ubjson.ts'
import { isXgboostBinary, readXgboostBinary } from './xgboost-binary.ts'

/**
 * XGBoost's models in all their forms: JSON, UBJSON, the binary ones, and what a pickled booster has for a `handle`,
 * where the model lies beside its configuration (`Learner::Save` in src/learner.cc). The limits are those of the forms.
 */
const OFFSET = 'CONFIG-offset:'

/** What a model file or a pickled handle holds. */
export interface XgboostModel {
  /** `learner` and `version`, as in XGBoost's JSON. */
  readonly model: ReadonlyMap<string, Json>
  readonly form: 'json' | 'ubj' | 'binary'
}

/** @throws InferError bad_model naming what is wrong and where */
export function readXgboost(bytes: Uint8Array): XgboostModel {
  if (isSnapshot(bytes)) {
    const file = new Cursor(bytes, 'xgboost', OFFSET.length)
    const size = file.u64()
    return { model: readXgboostBinary(file.bytes(size)), form: 'binary' }
  }
  if (isXgboostBinary(bytes)) return { model: readXgboostBinary(bytes), form: 'binary' }
  const form = isText(bytes) ? 'json' : 'ubj'
  const value = form === 'json' ? readJson(bytes, { format: 'xgboost', nonFinite: true }) : readUbjson(bytes)
  const model = value instanceof Map && value.get('Model') instanceof Map ? value.get('Model') : value
  if (!(model instanceof Map) || !(model.get('learner') instanceof Map)) throw broken('xgboost', 'it has no learner')
  return { model, form }
}

const isSnapshot = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, OFFSET.length)).toString('latin1') === OFFSET

/** UBJSON's objects go on with the type of a length, or `$`, `#`; JSON's with a quote. */
const isText = (bytes: Uint8Array): boolean =>
  /^\s*\{\s*["}]/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'))
