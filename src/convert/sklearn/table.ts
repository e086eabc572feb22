import type { Finiteness } from '../../kernels/table.ts'
import { lightgbm } from '../boosting/lightgbm.ts'
import { xgboost } from '../boosting/xgboost.ts'
import { birch, bisectingKMeans, featureAgglomeration, kMeans, nearestCenter } from './cluster.ts'
import { pipeline } from './compose.ts'
import type { Converter } from './converter.ts'
import { factorAnalysis, fastIca, pca, sparsePca } from './decomposition.ts'
import { latentDirichletAllocation, nmf, sparseCoder } from './factorization.ts'
import { linearRegressor, logisticRegression } from './linear.ts'
import { bayesianGaussianMixture, ellipticEnvelope, gaussianMixture } from './mixture.ts'
import { mlpClassifier, mlpRegressor } from './neural.ts'
import { standardScaler } from './preprocessing.ts'
import {
  bernoulliRbm,
  linearProjection,
  partialLeastSquares,
  partialLeastSquaresSvd,
  sparseProjection,
} from './projections.ts'
import {
  featureElimination,
  genericUnivariateSelect,
  selectFdr,
  selectFpr,
  selectFromModel,
  selectFwe,
  selectKBest,
  selectPercentile,
  sequentialFeatureSelector,
  varianceThreshold,
} from './selection.ts'

/** Every estimator that is converted, by its public name. A new one is a row here, a function, and a row of fixtures. */
// biome-ignore format: one row per estimator
export const CONVERTERS = {
  'lightgbm.basic.Booster': lightgbm,
  'lightgbm.sklearn.LGBMClassifier': lightgbm,
  'lightgbm.sklearn.LGBMRanker': lightgbm,
  'lightgbm.sklearn.LGBMRegressor': lightgbm,
  'sklearn.cluster.AffinityPropagation': nearestCenter,
  'sklearn.cluster.Birch': birch,
  'sklearn.cluster.BisectingKMeans': bisectingKMeans,
  'sklearn.cluster.FeatureAgglomeration': featureAgglomeration,
  'sklearn.cluster.KMeans': kMeans,
  'sklearn.cluster.MeanShift': nearestCenter,
  'sklearn.cluster.MiniBatchKMeans': kMeans,
  'sklearn.covariance.EllipticEnvelope': ellipticEnvelope,
  'sklearn.cross_decomposition.CCA': partialLeastSquares,
  'sklearn.cross_decomposition.PLSCanonical': partialLeastSquares,
  'sklearn.cross_decomposition.PLSRegression': partialLeastSquares,
  'sklearn.cross_decomposition.PLSSVD': partialLeastSquaresSvd,
  'sklearn.decomposition.DictionaryLearning': sparseCoder,
  'sklearn.decomposition.FactorAnalysis': factorAnalysis,
  'sklearn.decomposition.FastICA': fastIca,
  'sklearn.decomposition.IncrementalPCA': pca,
  'sklearn.decomposition.LatentDirichletAllocation': latentDirichletAllocation,
  'sklearn.decomposition.MiniBatchDictionaryLearning': sparseCoder,
  'sklearn.decomposition.MiniBatchNMF': nmf,
  'sklearn.decomposition.MiniBatchSparsePCA': sparsePca,
  'sklearn.decomposition.NMF': nmf,
  'sklearn.decomposition.PCA': pca,
  'sklearn.decomposition.SparseCoder': sparseCoder,
  'sklearn.decomposition.SparsePCA': sparsePca,
  'sklearn.decomposition.TruncatedSVD': linearProjection,
  'sklearn.feature_selection.GenericUnivariateSelect': genericUnivariateSelect,
  'sklearn.feature_selection.RFE': featureElimination,
  'sklearn.feature_selection.RFECV': featureElimination,
  'sklearn.feature_selection.SelectFdr': selectFdr,
  'sklearn.feature_selection.SelectFpr': selectFpr,
  'sklearn.feature_selection.SelectFromModel': selectFromModel,
  'sklearn.feature_selection.SelectFwe': selectFwe,
  'sklearn.feature_selection.SelectKBest': selectKBest,
  'sklearn.feature_selection.SelectPercentile': selectPercentile,
  'sklearn.feature_selection.SequentialFeatureSelector': sequentialFeatureSelector,
  'sklearn.feature_selection.VarianceThreshold': varianceThreshold,
  'sklearn.linear_model.LinearRegression': linearRegressor,
  'sklearn.linear_model.LogisticRegression': logisticRegression,
  'sklearn.mixture.BayesianGaussianMixture': bayesianGaussianMixture,
  'sklearn.mixture.GaussianMixture': gaussianMixture,
  'sklearn.neural_network.BernoulliRBM': bernoulliRbm,
  'sklearn.neural_network.MLPClassifier': mlpClassifier,
  'sklearn.neural_network.MLPRegressor': mlpRegressor,
  'sklearn.pipeline.Pipeline': pipeline,
  'sklearn.preprocessing.StandardScaler': standardScaler,
  'xgboost.core.Booster': xgboost,
  'xgboost.sklearn.XGBClassifier': xgboost,
  'xgboost.sklearn.XGBRanker': xgboost,
  'xgboost.sklearn.XGBRegressor': xgboost,
  'xgboost.sklearn.XGBRFClassifier': xgboost,
  'xgboost.sklearn.XGBRFRegressor': xgboost,
  'sklearn.random_projection.GaussianRandomProjection': linearProjection,
  'sklearn.random_projection.SparseRandomProjection': sparseProjection,
} as const satisfies Record<string, Converter>

/** The name comes out of a file: a Map has no `constructor` to find by accident. */
export const converterOf: ReadonlyMap<string, Converter> = new Map(Object.entries(CONVERTERS))

/**
 * What scikit-learn's `check_array` lets through, where it is not the default, finite numbers only. Composites take
 * anything: what stands in them has a row of its own.
 */
// biome-ignore format: one row per estimator
export const TAKES: ReadonlyMap<string, Finiteness | 'anything'> = new Map(Object.entries({
  'lightgbm.basic.Booster': 'anything',
  'lightgbm.sklearn.LGBMClassifier': 'anything',
  'lightgbm.sklearn.LGBMRanker': 'anything',
  'lightgbm.sklearn.LGBMRegressor': 'anything',
  'sklearn.feature_selection.RFE': 'finite or missing',
  'sklearn.feature_selection.RFECV': 'finite or missing',
  'sklearn.feature_selection.SelectFromModel': 'finite or missing',
  'sklearn.feature_selection.SequentialFeatureSelector': 'finite or missing',
  'sklearn.feature_selection.VarianceThreshold': 'finite or missing',
  'sklearn.pipeline.Pipeline': 'anything',
  'sklearn.preprocessing.StandardScaler': 'finite or missing',
  'xgboost.core.Booster': 'finite or missing',
  'xgboost.sklearn.XGBClassifier': 'finite or missing',
  'xgboost.sklearn.XGBRanker': 'finite or missing',
  'xgboost.sklearn.XGBRegressor': 'finite or missing',
  'xgboost.sklearn.XGBRFClassifier': 'finite or missing',
  'xgboost.sklearn.XGBRFRegressor': 'finite or missing',
} as const satisfies Partial<Record<keyof typeof CONVERTERS, Finiteness | 'anything'>>))
