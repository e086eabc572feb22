import { convertCatboost } from '../convert/boosting/catboost.ts'
import { catboostOfJson, isCatboostJson } from '../convert/boosting/catboost-json.ts'
import { readBooster } from '../convert/boosting/catboost-model.ts'
import { convertLightgbm } from '../convert/boosting/lightgbm.ts'
import { readLightgbmModel } from '../convert/boosting/lightgbm-model.ts'
import { convertLearner } from '../convert/boosting/xgboost.ts'
import { readLearner } from '../convert/boosting/xgboost-model.ts'
import { type Conversion, convertEstimator, convertTable, type Rows } from '../convert/sklearn/convert.ts'
import { Estimator } from '../convert/sklearn/estimator.ts'
import { signatureOf, type TableSignature } from '../convert/sklearn/signature.ts'
import { InferError } from '../errors.ts'
import { type CatboostModel, readCatboost } from '../formats/catboost.ts'
import type { Format } from '../formats/detect.ts'
import { readJoblib } from '../formats/joblib.ts'
import { readJson } from '../formats/json.ts'
import { readLightgbm } from '../formats/lightgbm.ts'
import { readXgboost } from '../formats/xgboost.ts'

/** What can be converted to answer rows of a table. */
export interface TableSource {
  /** What it is, for people: an estimator's public name, or a library's booster. */
  readonly type: string
  readonly signature: TableSignature
  /** @throws InferError bad_model that names what of it is not converted */
  convert(rows: Rows): Conversion
}

/** A file of an estimator or a booster. @throws InferError bad_model */
export function readTableSource(bytes: Uint8Array, format: Format): TableSource {
  const read = READERS[format]
  if (!read) throw new InferError('bad_model', `a file of ${format} holds no table model`)
  return read(bytes)
}

/** Whether files of this format hold rows' models. */
export const isTableFormat = (format: Format): boolean => READERS[format] !== undefined

const READERS: Partial<Record<Format, (bytes: Uint8Array) => TableSource>> = {
  pickle: pickled,
  joblib: pickled,
  catboost: (bytes) => catboost(readCatboost(bytes)),
  json,
  ubjson: xgboost,
  xgboost,
  lightgbm,
}

function pickled(bytes: Uint8Array): TableSource {
  const estimator = new Estimator(readJoblib(bytes).value)
  return {
    type: estimator.type,
    signature: signatureOf(estimator),
    convert: (rows) => convertEstimator(estimator, rows),
  }
}

function lightgbm(bytes: Uint8Array): TableSource {
  const model = readLightgbmModel(readLightgbm(bytes))
  const type = 'lightgbm.basic.Booster'
  return {
    type,
    signature: { form: 'matrix', width: model.columns, names: model.names, dropsUnknown: false },
    convert: (rows) => convertTable(type, 'anything', rows, (x) => convertLightgbm(model, x)),
  }
}

/** XGBoost and CatBoost both write JSON. */
function json(bytes: Uint8Array): TableSource {
  const value = readJson(bytes, { format: 'json', nonFinite: true })
  return isCatboostJson(value) ? catboost(catboostOfJson(value)) : xgboost(bytes)
}

function catboost(model: CatboostModel): TableSource {
  const booster = readBooster(model)
  const type = 'catboost.core.CatBoost'
  return {
    type,
    signature: { form: 'matrix', width: booster.width, names: booster.names, dropsUnknown: false },
    convert: (rows) => convertTable(type, 'anything', rows, (x) => convertCatboost(booster, x)),
  }
}

function xgboost(bytes: Uint8Array): TableSource {
  const learner = readLearner(readXgboost(bytes).model)
  const type = 'xgboost.core.Booster'
  return {
    type,
    signature: { form: 'matrix', width: learner.columns, names: learner.names, dropsUnknown: false },
    convert: (rows) => convertTable(type, 'finite or missing', rows, (x) => convertLearner(learner, x)),
  }
}
