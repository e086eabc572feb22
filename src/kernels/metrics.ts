import { dot, manhattanDistance, type Pair, squaredDistance } from './pairs.ts'

/**
 * A distance, and a cheaper number that orders rows alike (its square, its power), which searches compare.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/metrics/_dist_metrics.pyx.tp
 */
export interface Metric {
  readonly reduced: Pair
  readonly toDistance: (reduced: number) => number
  readonly toReduced: (distance: number) => number
}

const same = (value: number): number => value
const square = (value: number): number => value * value
const plain = (reduced: Pair): Metric => ({ reduced, toDistance: same, toReduced: same })
const squared = (reduced: Pair): Metric => ({ reduced, toDistance: Math.sqrt, toReduced: square })

export const EUCLIDEAN: Metric = squared(squaredDistance)
export const MANHATTAN: Metric = plain(manhattanDistance)

export const CHEBYSHEV: Metric = plain((a, i, b, j, width) => {
  let most = 0
  for (let c = 0; c < width; c++) most = Math.max(most, Math.abs((a[i + c] as number) - (b[j + c] as number)))
  return most
})

/** `(Σ w |x - y|ᵖ)^(1/p)` */
export function minkowski(p: number, weights?: Float64Array): Metric {
  const reduced: Pair = (a, i, b, j, width) => {
    let sum = 0
    for (let c = 0; c < width; c++) {
      const power = Math.abs((a[i + c] as number) - (b[j + c] as number)) ** p
      sum += weights ? (weights[c] as number) * power : power
    }
    return sum
  }
  return { reduced, toDistance: (value) => value ** (1 / p), toReduced: (value) => value ** p }
}

/** `√Σ (x - y)² / v` */
export const standardized = (variances: Float64Array): Metric =>
  squared((a, i, b, j, width) => {
    let sum = 0
    for (let c = 0; c < width; c++)
      sum += square((a[i + c] as number) - (b[j + c] as number)) / (variances[c] as number)
    return sum
  })

/** `√ (x - y)ᵀ M (x - y)` */
export function mahalanobis(inverse: Float64Array): Metric {
  return squared((a, i, b, j, width) => {
    let sum = 0
    for (let r = 0; r < width; r++) {
      let inner = 0
      for (let c = 0; c < width; c++)
        inner += (inverse[r * width + c] as number) * ((a[i + c] as number) - (b[j + c] as number))
      sum += inner * ((a[i + r] as number) - (b[j + r] as number))
    }
    return sum
  })
}

/** Angle between places (latitude, longitude), in radians. */
const HAVERSINE: Metric = {
  reduced: (a, i, b, j) => {
    const latitude = Math.sin(0.5 * ((a[i] as number) - (b[j] as number)))
    const longitude = Math.sin(0.5 * ((a[i + 1] as number) - (b[j + 1] as number)))
    const cosines = Math.cos(a[i] as number) * Math.cos(b[j] as number)
    return latitude * latitude + cosines * longitude * longitude
  },
  toDistance: (value) => 2 * Math.asin(Math.sqrt(value)),
  toReduced: (value) => square(Math.sin(0.5 * value)),
}

/** `√ (columns / present) Σ (x - y)²` over the columns present in both; NaN where there is none. */
export const NAN_EUCLIDEAN: Metric = squared((a, i, b, j, width) => {
  let [sum, present] = [0, 0]
  for (let c = 0; c < width; c++) {
    const d = (a[i + c] as number) - (b[j + c] as number)
    if (Number.isNaN(d)) continue
    sum += d * d
    present++
  }
  return present === 0 ? Number.NaN : (sum / present) * width
})

/** `1 - cos` of rows of length one, between 0 and 2. */
export const UNIT_COSINE: Pair = (a, i, b, j, width) => Math.min(2, Math.max(0, 1 - dot(a, i, b, j, width)))

/** `1 - cos`; a row of zeros is at right angles to all. */
const COSINE: Metric = plain((a, i, b, j, width) => {
  const lengths = Math.sqrt(dot(a, i, a, i, width)) * Math.sqrt(dot(b, j, b, j, width))
  return Math.min(2, Math.max(0, 1 - dot(a, i, b, j, width) / (lengths || 1)))
})

const CORRELATION: Metric = plain((a, i, b, j, width) => {
  let [meanA, meanB, product, squareA, squareB] = [0, 0, 0, 0, 0]
  for (let c = 0; c < width; c++) {
    meanA += (a[i + c] as number) / width
    meanB += (b[j + c] as number) / width
  }
  for (let c = 0; c < width; c++) {
    const [x, y] = [(a[i + c] as number) - meanA, (b[j + c] as number) - meanB]
    product += x * y
    squareA += x * x
    squareB += y * y
  }
  return 1 - product / Math.sqrt(squareA * squareB)
})

const CANBERRA: Metric = plain((a, i, b, j, width) => {
  let sum = 0
  for (let c = 0; c < width; c++) {
    const [x, y] = [a[i + c] as number, b[j + c] as number]
    const total = Math.abs(x) + Math.abs(y)
    if (total > 0) sum += Math.abs(x - y) / total
  }
  return sum
})

const BRAY_CURTIS: Metric = plain((a, i, b, j, width) => {
  let [apart, total] = [0, 0]
  for (let c = 0; c < width; c++) {
    const [x, y] = [a[i + c] as number, b[j + c] as number]
    apart += Math.abs(x - y)
    total += Math.abs(x) + Math.abs(y)
  }
  return total > 0 ? apart / total : 0
})

/** scipy divides by Σ |x + y|. */
export const SCIPY_BRAY_CURTIS: Metric = plain((a, i, b, j, width) => {
  let [apart, total] = [0, 0]
  for (let c = 0; c < width; c++) {
    apart += Math.abs((a[i + c] as number) - (b[j + c] as number))
    total += Math.abs((a[i + c] as number) + (b[j + c] as number))
  }
  return apart / total
})

const HAMMING: Metric = plain((a, i, b, j, width) => {
  let unequal = 0
  for (let c = 0; c < width; c++) if (a[i + c] !== b[j + c]) unequal++
  return unequal / width
})

/** Distances of rows taken as yes (not zero) and no, by counts: both yes, only the first, only the second. */
const ofBooleans = (distance: (both: number, first: number, second: number, width: number) => number): Metric =>
  plain((a, i, b, j, width) => {
    let [both, first, second] = [0, 0, 0]
    for (let c = 0; c < width; c++) {
      if (a[i + c] !== 0) b[j + c] !== 0 ? both++ : first++
      else if (b[j + c] !== 0) second++
    }
    return distance(both, first, second, width)
  })

const rogersTanimoto = ofBooleans((_, first, second, width) => (2 * (first + second)) / (width + first + second))

/** Metrics without parameters, by scikit-learn's names. */
export const METRICS: ReadonlyMap<string, Metric> = new Map([
  ...['euclidean', 'l2'].map((name) => [name, EUCLIDEAN] as const),
  ['sqeuclidean', plain(squaredDistance)],
  ...['manhattan', 'l1', 'cityblock'].map((name) => [name, MANHATTAN] as const),
  ...['chebyshev', 'infinity'].map((name) => [name, CHEBYSHEV] as const),
  ['haversine', HAVERSINE],
  ['nan_euclidean', NAN_EUCLIDEAN],
  ['cosine', COSINE],
  ['correlation', CORRELATION],
  ['canberra', CANBERRA],
  ['braycurtis', BRAY_CURTIS],
  ['hamming', HAMMING],
  ['jaccard', ofBooleans((both, first, second) => (first + second) / (both + first + second) || 0)],
  ['matching', ofBooleans((_, first, second, width) => (first + second) / width)],
  ['dice', ofBooleans((both, first, second) => (first + second) / (2 * both + first + second))],
  ['kulsinski', ofBooleans((both, first, second, width) => (first + second - both + width) / (first + second + width))],
  ['rogerstanimoto', rogersTanimoto],
  ['russellrao', ofBooleans((both, _first, _second, width) => (width - both) / width)],
  ['sokalmichener', rogersTanimoto],
  ['sokalsneath', ofBooleans((both, first, second) => (first + second) / (first + second + 0.5 * both))],
  [
    'yule',
    ofBooleans((both, first, second, width) => {
      const half = first * second
      return half === 0 ? 0 : (2 * half) / (both * (width - both - first - second) + half)
    }),
  ],
])
