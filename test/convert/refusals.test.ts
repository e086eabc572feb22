/** Files that are not converted: each is refused by one sentence that names the estimator and what of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { convertEstimator } from '../../src/convert/sklearn/convert.ts'
import { Estimator } from '../../src/convert/sklearn/estimator.ts'
import { InferError } from '../../src/errors.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { array, object, type Plain, pickle } from './pickle-writer.ts'

const WIDTH = 2
const pipeline = (...steps: readonly Plain[]): Plain =>
  object('sklearn.pipeline.Pipeline', { steps: steps.map((step, i) => ({ tuple: [`step ${i}`, step] })) })
const LINEAR = object('sklearn.linear_model._base.LinearRegression', { coef_: array([1, 2]), intercept_: 0 })
const pca = (state: Readonly<Record<string, Plain>>): Plain =>
  object('sklearn.decomposition._pca.PCA', {
    components_: array([[1, 0]]),
    mean_: array([0, 0]),
    explained_variance_: array([1]),
    noise_variance_: 0.5,
    ...state,
  })
const net = (state: Readonly<Record<string, Plain>>): Plain =>
  object('sklearn.neural_network._multilayer_perceptron.MLPRegressor', {
    coefs_: [array([[1], [2]])],
    intercepts_: [array([0])],
    activation: 'relu',
    out_activation_: 'identity',
    ...state,
  })
const nmf = (state: Readonly<Record<string, Plain>>): Plain =>
  object('sklearn.decomposition._nmf.NMF', {
    components_: array([
      [1, 2],
      [2, 1],
    ]),
    solver: 'cd',
    ...state,
  })
const columns = (pooling_func: Plain): Plain =>
  object('sklearn.cluster._agglomerative.FeatureAgglomeration', { labels_: array([0n, 1n]), pooling_func })
const selected = (state: Readonly<Record<string, Plain>>): Plain =>
  object('sklearn.feature_selection._from_model.SelectFromModel', { estimator_: LINEAR, ...state })

// biome-ignore format: one row per file
const ROWS: Readonly<Record<string, readonly [Plain, RegExp]>> = {
  'a number': [1, /^the file holds a float, not an estimator$/],
  'a list': [[LINEAR], /^the file holds a list, not an estimator$/],
  'DBSCAN': [object('sklearn.cluster._dbscan.DBSCAN', {}), /^sklearn\.cluster\.DBSCAN has no predict or transform for new rows/],
  'agglomerative clustering': [object('sklearn.cluster._agglomerative.AgglomerativeClustering', {}), /^sklearn\.cluster\.AgglomerativeClustering has no predict/],
  't-SNE': [object('sklearn.manifold._t_sne.TSNE', {}), /^sklearn\.manifold\.TSNE has no predict/],
  'a covariance': [object('sklearn.covariance._shrunk_covariance.LedoitWolf', {}), /^sklearn\.covariance\.LedoitWolf has no predict/],
  'an estimator that scikit-learn does not have': [object('sklearn.magic.Oracle', {}), /^sklearn\.magic\.Oracle is not supported$/],
  'a class of the notebook': [object('__main__.Mine', {}), /^__main__\.Mine is not supported: it is no part of scikit-learn/],
  'a class of the notebook in a pipeline': [pipeline(object('__main__.Mine', {}), LINEAR), /^__main__\.Mine is not supported/],
  'a third-party estimator': [object('imblearn.over_sampling.SMOTE', {}), /^imblearn\.over_sampling\.SMOTE is not supported/],
  'a function in a pipeline': [pipeline({ global: 'numpy.log1p' }, LINEAR), /Pipeline's step step 0 holds .*, not an estimator$/],
  'a function of the notebook in a FunctionTransformer': [object('sklearn.preprocessing._function_transformer.FunctionTransformer', { func: { global: '__main__.clean' } }), /^sklearn\.preprocessing\.FunctionTransformer .*not supported/],
  'a predictor in the middle of a pipeline': [pipeline(LINEAR, LINEAR), /^sklearn\.linear_model\.LinearRegression is no transformer$/],
  'a pipeline without steps': [object('sklearn.pipeline.Pipeline', {}), /^sklearn\.pipeline\.Pipeline\.steps is nothing, not a list$/],
  'an unfitted regression': [object('sklearn.linear_model._base.LinearRegression', { fit_intercept: true }), /LinearRegression\.coef_ is nothing/],
  'an unfitted classifier': [object('sklearn.linear_model._logistic.LogisticRegression', { C: 1 }), /LogisticRegression\.(classes_|coef_).* is nothing/],
  'an unfitted clustering': [object('sklearn.cluster._kmeans.KMeans', { n_clusters: 8n }), /KMeans\.cluster_centers_ is nothing, not an array$/],
  'an unfitted network': [object('sklearn.neural_network._multilayer_perceptron.MLPClassifier', {}), /MLPClassifier\.coefs_ is nothing, not a list$/],
  'an unfitted mixture': [object('sklearn.mixture._gaussian_mixture.GaussianMixture', {}), /GaussianMixture\.means_ is nothing, not an array$/],
  'an unfitted selector': [object('sklearn.feature_selection._variance_threshold.VarianceThreshold', { threshold: 0 }), /VarianceThreshold\.variances_ is nothing/],
  'coefficients that are text': [object('sklearn.linear_model._base.LinearRegression', { coef_: 'many', intercept_: 0 }), /LinearRegression\.coef_ is a str, not an array$/],
  'components that are text': [pca({ components_: 'many' }), /PCA\.components_ is a str, not an array$/],
  'components of other columns': [pca({ components_: array([[1, 0, 0]]) }), /^sklearn\.decomposition\.PCA\.components_ is of shape \[1, 3\], not \[any, 2\]$/],
  'components of one dimension': [pca({ components_: array([1, 0]) }), /PCA\.components_ is of shape \[2\], not \[any, 2\]$/],
  'variances of other components': [pca({ whiten: true, explained_variance_: array([1, 1]) }), /PCA\.explained_variance_ is of shape \[2\], not \[1\]$/],
  'a flag that is text': [pca({ whiten: 'perhaps' }), /PCA\.whiten is a str, not a bool$/],
  'centers of other columns': [object('sklearn.cluster._kmeans.KMeans', { cluster_centers_: array([[1]]) }), /KMeans\.cluster_centers_ is of shape \[1, 1\], not \[any, 2\]$/],
  'an unknown covariance type': [object('sklearn.mixture._gaussian_mixture.GaussianMixture', { means_: array([[1, 2]]), covariance_type: 'round' }), /GaussianMixture with covariance_type="round" is not supported \(only full, tied, diag, spherical\)$/],
  'exemplars of given affinities': [object('sklearn.cluster._affinity_propagation.AffinityPropagation', { affinity: 'precomputed' }), /AffinityPropagation with affinity='precomputed', which cannot predict,/],
  'a tree of centers in a circle': [object('sklearn.cluster._bisect_k_means.BisectingKMeans', { _bisecting_tree: null, cluster_centers_: array([[1, 2]]) }), /BisectingKMeans\._bisecting_tree holds nothing, not an estimator$/],
  'pooling by a function of the notebook': [columns({ global: '__main__.middle' }), /FeatureAgglomeration with pooling_func=__main__\.middle is not supported \(only max, mean/],
  'pooling by no function': [columns('mean'), /FeatureAgglomeration with pooling_func=a function is not supported/],
  'columns without labels': [object('sklearn.cluster._agglomerative.FeatureAgglomeration', { labels_: array([0n]) }), /FeatureAgglomeration\.labels_ has 1 labels for 2 columns$/],
  'an unknown activation': [net({ activation: 'gelu' }), /MLPRegressor with activation="gelu" is not supported/],
  'layers that do not fit': [net({ coefs_: [array([[1], [2], [3]])] }), /MLPRegressor\.coefs_ holds a layer of shape \[3, 1\] for 2 values$/],
  'biases that do not fit': [net({ intercepts_: [array([0, 1])] }), /MLPRegressor\.intercepts_ do not fit coefs_ in layer 0$/],
  'layers that are numbers': [net({ coefs_: [1] }), /MLPRegressor\.coefs_ holds a float for layer 0, not an array$/],
  'factors in random order': [nmf({ shuffle: true }), /NMF with shuffle=True, whose order is random, is not supported$/],
  'an unknown solver': [nmf({ solver: 'als' }), /NMF with solver="als" is not supported \(only cd, mu\)$/],
  'an unknown divergence': [nmf({ solver: 'mu', beta_loss: 'mine' }), /NMF with beta_loss="mine" is not supported/],
  'an unknown coder': [object('sklearn.decomposition._dict_learning.SparseCoder', { dictionary: array([[1, 0]]), transform_algorithm: 'best' }), /SparseCoder with transform_algorithm="best" is not supported/],
  'more atoms than there are': [object('sklearn.decomposition._dict_learning.SparseCoder', { dictionary: array([[1, 0]]), transform_algorithm: 'omp', transform_n_nonzero_coefs: 3n }), /SparseCoder with transform_n_nonzero_coefs=3 and 1 atoms is not supported$/],
  'an importance_getter that is a function': [selected({ importance_getter: { global: '__main__.weights' } }), /SelectFromModel with an importance_getter that is a function is not supported$/],
  'a threshold in words': [selected({ threshold: 'high' }), /SelectFromModel with threshold='high' is not supported \(only mean, median/],
  'importances that no file holds': [selected({ estimator_: object('sklearn.ensemble._hist_gradient_boosting.HistGradientBoostingRegressor', {}) }), /HistGradientBoostingRegressor\.coef_ \(nor feature_importances_\) is missing$/],
  'a mask of other columns': [object('sklearn.feature_selection._rfe.RFE', { support_: array([1n, 0n, 1n]), estimator_: LINEAR }), /RFE\.support_ is of shape \[3\], not \[2\]$/],
}

describe('refused by name', () => {
  for (const [name, [value, sentence]] of Object.entries(ROWS)) {
    test(name, () => {
      const { value: read } = readJoblib(pickle(value))
      assert.throws(
        () => convertEstimator(new Estimator(read), { form: 'matrix', width: WIDTH }),
        (error: unknown) => {
          assert.ok(error instanceof InferError, String(error))
          assert.equal(error.code, 'bad_model')
          assert.match(error.message, sentence)
          assert.ok(!error.message.includes('\n'))
          return true
        },
      )
    })
  }
})

test('the file that all of these are variations of is converted', () => {
  const { value } = readJoblib(
    pickle(pipeline(pca({}), object('sklearn.cluster._kmeans.KMeans', { cluster_centers_: array([[1]]) }))),
  )
  assert.ok(convertEstimator(new Estimator(value), { form: 'matrix', width: WIDTH }).made.predict)
})
