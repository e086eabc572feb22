import type { Finiteness } from '../../kernels/table.ts'
import { catboost } from '../boosting/catboost.ts'
import { lightgbm } from '../boosting/lightgbm.ts'
import { xgboost } from '../boosting/xgboost.ts'
import { pipeline } from './compose.ts'
import type { Converter } from './converter.ts'
import { linearRegressor, logisticRegression } from './linear.ts'
import { standardScaler } from './preprocessing.ts'

/** Every estimator that is converted, by its public name. A new one is a row here, a function, and a row of fixtures. */
// biome-ignore format: one row per estimator
export const CONVERTERS = {
  'catboost.core.CatBoost': catboost,
  'catboost.core.CatBoostClassifier': catboost,
  'catboost.core.CatBoostRanker': catboost,
  'catboost.core.CatBoostRegressor': catboost,
  'lightgbm.basic.Booster': lightgbm,
  'lightgbm.sklearn.LGBMClassifier': lightgbm,
  'lightgbm.sklearn.LGBMRanker': lightgbm,
  'lightgbm.sklearn.LGBMRegressor': lightgbm,
  'sklearn.linear_model.LinearRegression': linearRegressor,
  'sklearn.linear_model.LogisticRegression': logisticRegression,
  'sklearn.pipeline.Pipeline': pipeline,
  'sklearn.preprocessing.StandardScaler': standardScaler,
  'xgboost.core.Booster': xgboost,
  'xgboost.sklearn.XGBClassifier': xgboost,
  'xgboost.sklearn.XGBRanker': xgboost,
  'xgboost.sklearn.XGBRegressor': xgboost,
  'xgboost.sklearn.XGBRFClassifier': xgboost,
  'xgboost.sklearn.XGBRFRegressor': xgboost,
} as const satisfies Record<string, Converter>

/** The name comes out of a file: a Map has no `constructor` to find by accident. */
export const converterOf: ReadonlyMap<string, Converter> = new Map(Object.entries(CONVERTERS))

/**
 * What scikit-learn's `check_array` lets through, where it is not the default, finite numbers only. Composites take
 * anything: what stands in them has a row of its own.
 */
// biome-ignore format: one row per estimator
export const TAKES: ReadonlyMap<string, Finiteness | 'anything'> = new Map(Object.entries({
  'catboost.core.CatBoost': 'anything',
  'catboost.core.CatBoostClassifier': 'anything',
  'catboost.core.CatBoostRanker': 'anything',
  'catboost.core.CatBoostRegressor': 'anything',
  'lightgbm.basic.Booster': 'anything',
  'lightgbm.sklearn.LGBMClassifier': 'anything',
  'lightgbm.sklearn.LGBMRanker': 'anything',
  'lightgbm.sklearn.LGBMRegressor': 'anything',
  'sklearn.pipeline.Pipeline': 'anything',
  'sklearn.preprocessing.StandardScaler': 'finite or missing',
  'xgboost.core.Booster': 'finite or missing',
  'xgboost.sklearn.XGBClassifier': 'finite or missing',
  'xgboost.sklearn.XGBRanker': 'finite or missing',
  'xgboost.sklearn.XGBRegressor': 'finite or missing',
  'xgboost.sklearn.XGBRFClassifier': 'finite or missing',
  'xgboost.sklearn.XGBRFRegressor': 'finite or missing',
} as const satisfies Partial<Record<keyof typeof CONVERTERS, Finiteness | 'anything'>>))
