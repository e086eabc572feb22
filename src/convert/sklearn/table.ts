import type { Finiteness } from '../../kernels/table.ts'
import { columnTransformer, featureUnion, pipeline } from './compose.ts'
import type { Converter } from './converter.ts'
import { powerTransformer, quantileTransformer } from './distributions.ts'
import {
  labelBinarizer,
  labelEncoder,
  multiLabelBinarizer,
  oneHotEncoder,
  ordinalEncoder,
  targetEncoder,
} from './encoders.ts'
import { kBinsDiscretizer, polynomialFeatures, splineTransformer } from './expansions.ts'
import { functionTransformer } from './function.ts'
import { iterativeImputer, missingIndicator, simpleImputer } from './impute.ts'
import { linearRegressor, logisticRegression } from './linear.ts'
import {
  binarizer,
  kernelCenterer,
  maxAbsScaler,
  minMaxScaler,
  normalizer,
  robustScaler,
  standardScaler,
} from './preprocessing.ts'

import {
  countVectorizer,
  dictVectorizer,
  featureHasher,
  hashingVectorizer,
  tfidfTransformer,
  tfidfVectorizer,
} from './text.ts'

/** Every estimator that is converted, by its public name. A new one is a row here, a function, and a row of fixtures. */
// biome-ignore format: one row per estimator
export const CONVERTERS = {
  'sklearn.compose.ColumnTransformer': columnTransformer,
  'sklearn.feature_extraction.CountVectorizer': countVectorizer,
  'sklearn.feature_extraction.DictVectorizer': dictVectorizer,
  'sklearn.feature_extraction.FeatureHasher': featureHasher,
  'sklearn.feature_extraction.HashingVectorizer': hashingVectorizer,
  'sklearn.feature_extraction.TfidfTransformer': tfidfTransformer,
  'sklearn.feature_extraction.TfidfVectorizer': tfidfVectorizer,
  'sklearn.impute.IterativeImputer': iterativeImputer,
  'sklearn.impute.MissingIndicator': missingIndicator,
  'sklearn.impute.SimpleImputer': simpleImputer,
  'sklearn.linear_model.LinearRegression': linearRegressor,
  'sklearn.linear_model.LogisticRegression': logisticRegression,
  'sklearn.pipeline.FeatureUnion': featureUnion,
  'sklearn.pipeline.Pipeline': pipeline,
  'sklearn.preprocessing.Binarizer': binarizer,
  'sklearn.preprocessing.FunctionTransformer': functionTransformer,
  'sklearn.preprocessing.KBinsDiscretizer': kBinsDiscretizer,
  'sklearn.preprocessing.KernelCenterer': kernelCenterer,
  'sklearn.preprocessing.LabelBinarizer': labelBinarizer,
  'sklearn.preprocessing.LabelEncoder': labelEncoder,
  'sklearn.preprocessing.MaxAbsScaler': maxAbsScaler,
  'sklearn.preprocessing.MinMaxScaler': minMaxScaler,
  'sklearn.preprocessing.MultiLabelBinarizer': multiLabelBinarizer,
  'sklearn.preprocessing.Normalizer': normalizer,
  'sklearn.preprocessing.OneHotEncoder': oneHotEncoder,
  'sklearn.preprocessing.OrdinalEncoder': ordinalEncoder,
  'sklearn.preprocessing.PolynomialFeatures': polynomialFeatures,
  'sklearn.preprocessing.PowerTransformer': powerTransformer,
  'sklearn.preprocessing.QuantileTransformer': quantileTransformer,
  'sklearn.preprocessing.RobustScaler': robustScaler,
  'sklearn.preprocessing.SplineTransformer': splineTransformer,
  'sklearn.preprocessing.StandardScaler': standardScaler,
  'sklearn.preprocessing.TargetEncoder': targetEncoder,
} as const satisfies Record<string, Converter>

/** The name comes out of a file: a Map has no `constructor` to find by accident. */
export const converterOf: ReadonlyMap<string, Converter> = new Map(Object.entries(CONVERTERS))

/**
 * What scikit-learn's `check_array` lets through, where it is not the default, finite numbers only. Composites take
 * anything: what stands in them has a row of its own.
 */
// biome-ignore format: one row per estimator
export const TAKES: ReadonlyMap<string, Finiteness | 'anything'> = new Map(Object.entries({
  'sklearn.compose.ColumnTransformer': 'anything',
  'sklearn.feature_extraction.CountVectorizer': 'anything',
  'sklearn.feature_extraction.DictVectorizer': 'anything',
  'sklearn.feature_extraction.FeatureHasher': 'anything',
  'sklearn.feature_extraction.HashingVectorizer': 'anything',
  'sklearn.feature_extraction.TfidfVectorizer': 'anything',
  'sklearn.impute.IterativeImputer': 'finite or missing',
  'sklearn.impute.MissingIndicator': 'finite or missing',
  'sklearn.impute.SimpleImputer': 'finite or missing',
  'sklearn.pipeline.FeatureUnion': 'anything',
  'sklearn.pipeline.Pipeline': 'anything',
  'sklearn.preprocessing.FunctionTransformer': 'anything',
  'sklearn.preprocessing.LabelBinarizer': 'anything',
  'sklearn.preprocessing.LabelEncoder': 'anything',
  'sklearn.preprocessing.MaxAbsScaler': 'finite or missing',
  'sklearn.preprocessing.MinMaxScaler': 'finite or missing',
  'sklearn.preprocessing.MultiLabelBinarizer': 'anything',
  'sklearn.preprocessing.OneHotEncoder': 'finite or missing',
  'sklearn.preprocessing.OrdinalEncoder': 'finite or missing',
  'sklearn.preprocessing.PowerTransformer': 'finite or missing',
  'sklearn.preprocessing.QuantileTransformer': 'finite or missing',
  'sklearn.preprocessing.RobustScaler': 'finite or missing',
  'sklearn.preprocessing.SplineTransformer': 'finite or missing',
  'sklearn.preprocessing.StandardScaler': 'finite or missing',
  'sklearn.preprocessing.TargetEncoder': 'finite or missing',
} as const satisfies Partial<Record<keyof typeof CONVERTERS, Finiteness | 'anything'>>))
