import type { Finiteness } from '../../kernels/table.ts'
import { adaBoostClassifier, adaBoostRegressor } from './ada-boost.ts'
import { pipeline } from './compose.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import {
  forestClassifier,
  forestRegressor,
  isolationForest,
  isolationForestTakes,
  randomTreesEmbedding,
} from './forests.ts'
import { gradientBoostingClassifier, gradientBoostingRegressor } from './gradient-boosting.ts'
import { histGradientBoostingClassifier, histGradientBoostingRegressor } from './hist-gradient-boosting.ts'
import { linearRegressor, logisticRegression } from './linear.ts'
import { standardScaler } from './preprocessing.ts'
import { decisionTreeClassifier, decisionTreeRegressor, forestTakes, treeTakes } from './tree.ts'

/** Every estimator that is converted, by its public name. A new one is a row here, a function, and a row of fixtures. */
// biome-ignore format: one row per estimator
export const CONVERTERS = {
  'sklearn.ensemble.AdaBoostClassifier': adaBoostClassifier,
  'sklearn.ensemble.AdaBoostRegressor': adaBoostRegressor,
  'sklearn.ensemble.ExtraTreesClassifier': forestClassifier,
  'sklearn.ensemble.ExtraTreesRegressor': forestRegressor,
  'sklearn.ensemble.GradientBoostingClassifier': gradientBoostingClassifier,
  'sklearn.ensemble.GradientBoostingRegressor': gradientBoostingRegressor,
  'sklearn.ensemble.HistGradientBoostingClassifier': histGradientBoostingClassifier,
  'sklearn.ensemble.HistGradientBoostingRegressor': histGradientBoostingRegressor,
  'sklearn.ensemble.IsolationForest': isolationForest,
  'sklearn.ensemble.RandomForestClassifier': forestClassifier,
  'sklearn.ensemble.RandomForestRegressor': forestRegressor,
  'sklearn.ensemble.RandomTreesEmbedding': randomTreesEmbedding,
  'sklearn.linear_model.LinearRegression': linearRegressor,
  'sklearn.linear_model.LogisticRegression': logisticRegression,
  'sklearn.pipeline.Pipeline': pipeline,
  'sklearn.preprocessing.StandardScaler': standardScaler,
  'sklearn.tree.DecisionTreeClassifier': decisionTreeClassifier,
  'sklearn.tree.DecisionTreeRegressor': decisionTreeRegressor,
  'sklearn.tree.ExtraTreeClassifier': decisionTreeClassifier,
  'sklearn.tree.ExtraTreeRegressor': decisionTreeRegressor,
} as const satisfies Record<string, Converter>

/** The name comes out of a file: a Map has no `constructor` to find by accident. */
export const converterOf: ReadonlyMap<string, Converter> = new Map(Object.entries(CONVERTERS))

export type Takes = Finiteness | 'anything'

/**
 * What scikit-learn's `check_array` lets through, where it is not the default, finite numbers only; a function where
 * the estimator's settings say it. Composites take anything: what stands in them has a row of its own.
 */
// biome-ignore format: one row per estimator
export const TAKES: ReadonlyMap<string, Takes | ((model: Estimator) => Takes)> = new Map(Object.entries({
  'sklearn.ensemble.ExtraTreesClassifier': forestTakes,
  'sklearn.ensemble.ExtraTreesRegressor': forestTakes,
  'sklearn.ensemble.HistGradientBoostingClassifier': 'anything',
  'sklearn.ensemble.HistGradientBoostingRegressor': 'anything',
  'sklearn.ensemble.IsolationForest': isolationForestTakes,
  'sklearn.ensemble.RandomForestClassifier': forestTakes,
  'sklearn.ensemble.RandomForestRegressor': forestTakes,
  'sklearn.pipeline.Pipeline': 'anything',
  'sklearn.preprocessing.StandardScaler': 'finite or missing',
  'sklearn.tree.DecisionTreeClassifier': treeTakes,
  'sklearn.tree.DecisionTreeRegressor': treeTakes,
  'sklearn.tree.ExtraTreeClassifier': treeTakes,
  'sklearn.tree.ExtraTreeRegressor': treeTakes,
} as const satisfies Partial<Record<keyof typeof CONVERTERS, Takes | ((model: Estimator) => Takes)>>))
