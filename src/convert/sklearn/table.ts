import type { Finiteness } from '../../kernels/table.ts'
import { pipeline } from './compose.ts'
import type { Converter } from './converter.ts'
import { kernelDensity, localOutlierFactor } from './density.ts'
import { gaussianProcessClassifier, gaussianProcessRegressor } from './gaussian-process.ts'
import { kernelPca, kernelRidge, nystroem } from './kernel-methods.ts'
import { additiveChi2Sampler, polynomialCountSketch, rbfSampler, skewedChi2Sampler } from './kernel-sampling.ts'
import { knnImputer } from './knn-imputer.ts'
import { linearRegressor, logisticRegression } from './linear.ts'
import { nearestCentroid } from './nearest-centroid.ts'
import { neighborhoodComponents, neighborsTransformer, radiusTransformer } from './neighbor-graph.ts'
import { neighborsClassifier, neighborsRegressor, radiusClassifier, radiusRegressor } from './neighbors.ts'
import { standardScaler } from './preprocessing.ts'
import { oneClassSvm, supportVectorClassifier, supportVectorRegressor } from './svm.ts'

/** Every estimator that is converted, by its public name. A new one is a row here, a function, and a row of fixtures. */
// biome-ignore format: one row per estimator
export const CONVERTERS = {
  'sklearn.decomposition.KernelPCA': kernelPca,
  'sklearn.gaussian_process.GaussianProcessClassifier': gaussianProcessClassifier,
  'sklearn.gaussian_process.GaussianProcessRegressor': gaussianProcessRegressor,
  'sklearn.impute.KNNImputer': knnImputer,
  'sklearn.kernel_approximation.AdditiveChi2Sampler': additiveChi2Sampler,
  'sklearn.kernel_approximation.Nystroem': nystroem,
  'sklearn.kernel_approximation.PolynomialCountSketch': polynomialCountSketch,
  'sklearn.kernel_approximation.RBFSampler': rbfSampler,
  'sklearn.kernel_approximation.SkewedChi2Sampler': skewedChi2Sampler,
  'sklearn.kernel_ridge.KernelRidge': kernelRidge,
  'sklearn.linear_model.LinearRegression': linearRegressor,
  'sklearn.linear_model.LogisticRegression': logisticRegression,
  'sklearn.neighbors.KNeighborsClassifier': neighborsClassifier,
  'sklearn.neighbors.KNeighborsRegressor': neighborsRegressor,
  'sklearn.neighbors.KNeighborsTransformer': neighborsTransformer,
  'sklearn.neighbors.KernelDensity': kernelDensity,
  'sklearn.neighbors.LocalOutlierFactor': localOutlierFactor,
  'sklearn.neighbors.NearestCentroid': nearestCentroid,
  'sklearn.neighbors.NeighborhoodComponentsAnalysis': neighborhoodComponents,
  'sklearn.neighbors.RadiusNeighborsClassifier': radiusClassifier,
  'sklearn.neighbors.RadiusNeighborsRegressor': radiusRegressor,
  'sklearn.neighbors.RadiusNeighborsTransformer': radiusTransformer,
  'sklearn.pipeline.Pipeline': pipeline,
  'sklearn.preprocessing.StandardScaler': standardScaler,
  'sklearn.svm.NuSVC': supportVectorClassifier,
  'sklearn.svm.NuSVR': supportVectorRegressor,
  'sklearn.svm.OneClassSVM': oneClassSvm,
  'sklearn.svm.SVC': supportVectorClassifier,
  'sklearn.svm.SVR': supportVectorRegressor,
} as const satisfies Record<string, Converter>

/** The name comes out of a file: a Map has no `constructor` to find by accident. */
export const converterOf: ReadonlyMap<string, Converter> = new Map(Object.entries(CONVERTERS))

/**
 * What scikit-learn's `check_array` lets through, where it is not the default, finite numbers only. Composites take
 * anything: what stands in them has a row of its own.
 */
// biome-ignore format: one row per estimator
export const TAKES: ReadonlyMap<string, Finiteness | 'anything'> = new Map(Object.entries({
  'sklearn.impute.KNNImputer': 'finite or missing',
  'sklearn.neighbors.KNeighborsClassifier': 'finite or missing',
  'sklearn.neighbors.KNeighborsRegressor': 'finite or missing',
  'sklearn.neighbors.KNeighborsTransformer': 'finite or missing',
  'sklearn.neighbors.LocalOutlierFactor': 'finite or missing',
  'sklearn.neighbors.NearestCentroid': 'finite or missing',
  'sklearn.neighbors.RadiusNeighborsClassifier': 'finite or missing',
  'sklearn.neighbors.RadiusNeighborsRegressor': 'finite or missing',
  'sklearn.neighbors.RadiusNeighborsTransformer': 'finite or missing',
  'sklearn.pipeline.Pipeline': 'anything',
  'sklearn.preprocessing.StandardScaler': 'finite or missing',
} as const satisfies Partial<Record<keyof typeof CONVERTERS, Finiteness | 'anything'>>))
