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
import { baggingClassifier, baggingRegressor } from './bagging.ts'
import { calibratedClassifier } from './calibration.ts'
import { pipeline } from './compose.ts'
import type { Converter } from './converter.ts'
import { frozen, ransac, search, selfTraining } from './delegates.ts'
import { linearDiscriminant, quadraticDiscriminant } from './discriminant.ts'
import { dummyClassifier, dummyRegressor } from './dummy.ts'
import { isotonicRegression } from './isotonic.ts'
import { linearOneClass, linearRegressor, logLinkRegressor, tweedieRegressor } from './linear.ts'
import { linearClassifier, logisticRegression, ridgeClassifier, sgdClassifier } from './linear-classifiers.ts'
import { constantPredictor, oneVsOne, oneVsRest, outputCode } from './multiclass.ts'
import { classifierChain, multiOutputClassifier, multiOutputRegressor, regressorChain } from './multioutput.ts'
import {
  bernoulliNaiveBayes,
  categoricalNaiveBayes,
  complementNaiveBayes,
  gaussianNaiveBayes,
  multinomialNaiveBayes,
} from './naive-bayes.ts'
import { standardScaler } from './preprocessing.ts'
import { stackingClassifier, stackingRegressor } from './stacking.ts'
import { fixedThreshold, tunedThreshold } from './thresholds.ts'
import { transformedTarget } from './transformed-target.ts'
import { votingClassifier, votingRegressor } from './voting.ts'

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
  'sklearn.calibration.CalibratedClassifierCV': calibratedClassifier,
  'sklearn.compose.TransformedTargetRegressor': transformedTarget,
  'sklearn.discriminant_analysis.LinearDiscriminantAnalysis': linearDiscriminant,
  'sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis': quadraticDiscriminant,
  'sklearn.dummy.DummyClassifier': dummyClassifier,
  'sklearn.dummy.DummyRegressor': dummyRegressor,
  'sklearn.ensemble.BaggingClassifier': baggingClassifier,
  'sklearn.ensemble.BaggingRegressor': baggingRegressor,
  'sklearn.ensemble.StackingClassifier': stackingClassifier,
  'sklearn.ensemble.StackingRegressor': stackingRegressor,
  'sklearn.ensemble.VotingClassifier': votingClassifier,
  'sklearn.ensemble.VotingRegressor': votingRegressor,
  'sklearn.frozen.FrozenEstimator': frozen,
  'sklearn.isotonic.IsotonicRegression': isotonicRegression,
  'sklearn.linear_model.ARDRegression': linearRegressor,
  'sklearn.linear_model.BayesianRidge': linearRegressor,
  'sklearn.linear_model.ElasticNet': linearRegressor,
  'sklearn.linear_model.ElasticNetCV': linearRegressor,
  'sklearn.linear_model.GammaRegressor': logLinkRegressor,
  'sklearn.linear_model.HuberRegressor': linearRegressor,
  'sklearn.linear_model.Lars': linearRegressor,
  'sklearn.linear_model.LarsCV': linearRegressor,
  'sklearn.linear_model.Lasso': linearRegressor,
  'sklearn.linear_model.LassoCV': linearRegressor,
  'sklearn.linear_model.LassoLars': linearRegressor,
  'sklearn.linear_model.LassoLarsCV': linearRegressor,
  'sklearn.linear_model.LassoLarsIC': linearRegressor,
  'sklearn.linear_model.LinearRegression': linearRegressor,
  'sklearn.linear_model.LogisticRegression': logisticRegression,
  'sklearn.linear_model.LogisticRegressionCV': logisticRegression,
  'sklearn.linear_model.MultiTaskElasticNet': linearRegressor,
  'sklearn.linear_model.MultiTaskElasticNetCV': linearRegressor,
  'sklearn.linear_model.MultiTaskLasso': linearRegressor,
  'sklearn.linear_model.MultiTaskLassoCV': linearRegressor,
  'sklearn.linear_model.OrthogonalMatchingPursuit': linearRegressor,
  'sklearn.linear_model.OrthogonalMatchingPursuitCV': linearRegressor,
  'sklearn.linear_model.PassiveAggressiveClassifier': linearClassifier,
  'sklearn.linear_model.PassiveAggressiveRegressor': linearRegressor,
  'sklearn.linear_model.Perceptron': linearClassifier,
  'sklearn.linear_model.PoissonRegressor': logLinkRegressor,
  'sklearn.linear_model.QuantileRegressor': linearRegressor,
  'sklearn.linear_model.RANSACRegressor': ransac,
  'sklearn.linear_model.Ridge': linearRegressor,
  'sklearn.linear_model.RidgeCV': linearRegressor,
  'sklearn.linear_model.RidgeClassifier': ridgeClassifier,
  'sklearn.linear_model.RidgeClassifierCV': ridgeClassifier,
  'sklearn.linear_model.SGDClassifier': sgdClassifier,
  'sklearn.linear_model.SGDOneClassSVM': linearOneClass,
  'sklearn.linear_model.SGDRegressor': linearRegressor,
  'sklearn.linear_model.TheilSenRegressor': linearRegressor,
  'sklearn.linear_model.TweedieRegressor': tweedieRegressor,
  'sklearn.model_selection.FixedThresholdClassifier': fixedThreshold,
  'sklearn.model_selection.GridSearchCV': search,
  'sklearn.model_selection.HalvingGridSearchCV': search,
  'sklearn.model_selection.HalvingRandomSearchCV': search,
  'sklearn.model_selection.RandomizedSearchCV': search,
  'sklearn.model_selection.TunedThresholdClassifierCV': tunedThreshold,
  'sklearn.multiclass.OneVsOneClassifier': oneVsOne,
  'sklearn.multiclass.OneVsRestClassifier': oneVsRest,
  'sklearn.multiclass.OutputCodeClassifier': outputCode,
  'sklearn.multiclass._ConstantPredictor': constantPredictor,
  'sklearn.multioutput.ClassifierChain': classifierChain,
  'sklearn.multioutput.MultiOutputClassifier': multiOutputClassifier,
  'sklearn.multioutput.MultiOutputRegressor': multiOutputRegressor,
  'sklearn.multioutput.RegressorChain': regressorChain,
  'sklearn.naive_bayes.BernoulliNB': bernoulliNaiveBayes,
  'sklearn.naive_bayes.CategoricalNB': categoricalNaiveBayes,
  'sklearn.naive_bayes.ComplementNB': complementNaiveBayes,
  'sklearn.naive_bayes.GaussianNB': gaussianNaiveBayes,
  'sklearn.naive_bayes.MultinomialNB': multinomialNaiveBayes,
  'sklearn.pipeline.Pipeline': pipeline,
  'sklearn.preprocessing.StandardScaler': standardScaler,
  'sklearn.semi_supervised.SelfTrainingClassifier': selfTraining,
  'sklearn.svm.LinearSVC': linearClassifier,
  'sklearn.svm.LinearSVR': linearRegressor,
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
  'sklearn.calibration.CalibratedClassifierCV': 'anything',
  'sklearn.compose.TransformedTargetRegressor': 'anything',
  'sklearn.dummy.DummyClassifier': 'anything',
  'sklearn.dummy.DummyRegressor': 'anything',
  'sklearn.ensemble.BaggingClassifier': 'anything',
  'sklearn.ensemble.BaggingRegressor': 'anything',
  'sklearn.ensemble.StackingClassifier': 'anything',
  'sklearn.ensemble.StackingRegressor': 'anything',
  'sklearn.ensemble.VotingClassifier': 'anything',
  'sklearn.ensemble.VotingRegressor': 'anything',
  'sklearn.frozen.FrozenEstimator': 'anything',
  'sklearn.linear_model.RANSACRegressor': 'anything',
  'sklearn.model_selection.FixedThresholdClassifier': 'anything',
  'sklearn.model_selection.GridSearchCV': 'anything',
  'sklearn.model_selection.HalvingGridSearchCV': 'anything',
  'sklearn.model_selection.HalvingRandomSearchCV': 'anything',
  'sklearn.model_selection.RandomizedSearchCV': 'anything',
  'sklearn.model_selection.TunedThresholdClassifierCV': 'anything',
  'sklearn.multiclass.OneVsOneClassifier': 'anything',
  'sklearn.multiclass.OneVsRestClassifier': 'anything',
  'sklearn.multiclass.OutputCodeClassifier': 'anything',
  'sklearn.multiclass._ConstantPredictor': 'anything',
  'sklearn.multioutput.MultiOutputClassifier': 'anything',
  'sklearn.multioutput.MultiOutputRegressor': 'anything',
  'sklearn.pipeline.Pipeline': 'anything',
  'sklearn.preprocessing.StandardScaler': 'finite or missing',
  'sklearn.semi_supervised.SelfTrainingClassifier': 'anything',
} as const satisfies Partial<Record<keyof typeof CONVERTERS, Finiteness | 'anything'>>))
