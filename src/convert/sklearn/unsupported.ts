/** Estimators of scikit-learn that answer only for the rows they were fitted on: there is nothing to convert. */
const WITHOUT_PREDICTION: ReadonlySet<string> = new Set([
  ...['AgglomerativeClustering', 'DBSCAN', 'HDBSCAN', 'OPTICS'].map((name) => `sklearn.cluster.${name}`),
  ...['SpectralBiclustering', 'SpectralClustering', 'SpectralCoclustering'].map((name) => `sklearn.cluster.${name}`),
  ...['EmpiricalCovariance', 'GraphicalLasso', 'GraphicalLassoCV', 'LedoitWolf', 'MinCovDet', 'OAS'].map(
    (name) => `sklearn.covariance.${name}`,
  ),
  'sklearn.covariance.ShrunkCovariance',
  ...['ClassicalMDS', 'MDS', 'SpectralEmbedding', 'TSNE'].map((name) => `sklearn.manifold.${name}`),
])

/** Why an estimator that has no converter is refused, in one sentence. */
export function unsupported(type: string): string {
  if (WITHOUT_PREDICTION.has(type)) return `${type} has no predict or transform for new rows, so it cannot be served`
  if (type.startsWith('sklearn.')) return `${type} is not supported`
  return `${type} is not supported: it is no part of scikit-learn, and a file holds only the name of its code`
}
