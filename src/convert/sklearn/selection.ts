import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import type { Features } from './features.ts'
import { importancesOf, mean, median } from './importances.ts'
import { floatsOf, shaped } from './shapes.ts'

/** Which of the columns are kept. */
type Support = (model: Estimator, x: Features) => readonly boolean[]

/** The columns that a rule keeps; the mask is not stored, so it is computed as scikit-learn does on each call. */
const selector =
  (support: Support): Converter =>
  (model, x) => ({ transform: kept(x, support(model, x)) })

const kept = (x: Features, mask: readonly boolean[]): Features =>
  x.select(mask.flatMap((isKept, column) => (isKept ? [column] : [])))

const column = (model: Estimator, x: Features, name: string): Float64Array => floatsOf(shaped(model, [x.width], name))

/** NaN is worse than every score. */
const scoresOf = (model: Estimator, x: Features): Float64Array =>
  column(model, x, 'scores_').map((score) => (Number.isNaN(score) ? -Number.MAX_VALUE : score))

/** Positions in ascending order of what stands there; equals in their order. */
const ordered = (values: Float64Array): number[] =>
  Array.from(values, (_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number))

/** https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/feature_selection/_univariate_selection.py */
const bestScores =
  (parameter: string): Support =>
  (model, x) => {
    const all = Array.from({ length: x.width }, (_, i) => i)
    if (model.raw(parameter) === 'all') return all.map(() => true)
    const k = model.number(parameter, 10)
    if (!Number.isInteger(k) || k < 0) throw model.unsupported(`${parameter}=${k}`)
    if (k === 0) return all.map(() => false)
    const best = new Set(ordered(scoresOf(model, x)).slice(-k))
    return all.map((i) => best.has(i))
  }

const bestPercentile =
  (parameter: string): Support =>
  (model, x) => {
    const percentile = model.number(parameter, 10)
    const scores = scoresOf(model, x)
    if (percentile === 100) return Array.from(scores, () => true)
    if (percentile === 0) return Array.from(scores, () => false)
    const threshold = percentileOf(scores, 100 - percentile)
    const mask = Array.from(scores, (score) => score > threshold)
    const ties = mask.flatMap((_, i) => (scores[i] === threshold ? [i] : []))
    const room = Math.trunc((scores.length * percentile) / 100) - mask.filter(Boolean).length
    for (const i of ties.slice(0, room)) mask[i] = true
    return mask
  }

/** numpy's percentile, linear between the two nearest. */
function percentileOf(values: Float64Array, percent: number): number {
  const sorted = values.slice().sort()
  const at = (sorted.length - 1) * (percent / 100)
  const below = Math.floor(at)
  const [a, b] = [sorted[below] as number, sorted[Math.min(below + 1, sorted.length - 1)] as number]
  const share = at - below
  return share >= 0.5 ? b - (b - a) * (1 - share) : a + (b - a) * share
}

const falsePositives =
  (parameter: string): Support =>
  (model, x) => {
    const alpha = model.number(parameter, 0.05)
    return Array.from(column(model, x, 'pvalues_'), (p) => p < alpha)
  }

/** Benjamini-Hochberg: all p-values up to the largest that is below its share of alpha. */
const falseDiscoveries =
  (parameter: string): Support =>
  (model, x) => {
    const alpha = model.number(parameter, 0.05)
    const values = column(model, x, 'pvalues_')
    const sorted = values.slice().sort()
    const passing = sorted.filter((p, i) => p <= (alpha / values.length) * (i + 1))
    const largest = passing.at(-1)
    return Array.from(values, (p) => largest !== undefined && p <= largest)
  }

const familyWiseErrors =
  (parameter: string): Support =>
  (model, x) => {
    const alpha = model.number(parameter, 0.05)
    return Array.from(column(model, x, 'pvalues_'), (p) => p < alpha / x.width)
  }

const MODES = {
  fdr: falseDiscoveries('param'),
  fpr: falsePositives('param'),
  fwe: familyWiseErrors('param'),
  k_best: bestScores('param'),
  percentile: bestPercentile('param'),
} as const satisfies Record<string, Support>

export const selectKBest = selector(bestScores('k'))
export const selectPercentile = selector(bestPercentile('percentile'))
export const selectFpr = selector(falsePositives('alpha'))
export const selectFdr = selector(falseDiscoveries('alpha'))
export const selectFwe = selector(familyWiseErrors('alpha'))

export const genericUnivariateSelect = selector((model, x) => {
  const mode = model.oneOf('mode', ['fdr', 'fpr', 'fwe', 'k_best', 'percentile'], 'percentile')
  if (!model.has('param')) throw model.broken(['param'], 'is missing')
  return MODES[mode](model, x)
})

export const varianceThreshold = selector((model, x) => {
  const threshold = model.number('threshold', 0)
  return Array.from(column(model, x, 'variances_'), (variance) => variance > threshold)
})

const stored: Support = (model, x) => Array.from(column(model, x, 'support_'), (flag) => flag !== 0)

export const sequentialFeatureSelector = selector(stored)

/** What the estimator at the end of an elimination gives on the columns that are left. */
export const featureElimination: Converter = (model, x, _g, convert) => {
  const transform = kept(x, stored(model, x))
  const { predict, predict_proba, predict_log_proba, decision_function, classes } = convert(
    model.estimator('estimator_'),
    transform,
  )
  return {
    transform,
    ...(predict && { predict }),
    ...(predict_proba && { predict_proba }),
    ...(predict_log_proba && { predict_log_proba }),
    ...(decision_function && { decision_function }),
    ...(classes && { classes }),
  }
}

/**
 * Columns whose importance is at least the threshold, at most `max_features` of them.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/feature_selection/_from_model.py
 */
export const selectFromModel = selector((model, x) => {
  const estimator = model.estimator('estimator_', 'estimator')
  const importances = importancesOf(model, estimator)
  if (importances.length !== x.width)
    throw model.broken(['estimator_'], `has ${importances.length} importances for ${x.width} columns`)
  const threshold = thresholdOf(model, estimator, importances)
  const mask = Array.from(importances, (importance) => !(importance < threshold))
  if (!model.has('max_features')) return mask
  const limit = model.number(['max_features_', 'max_features'])
  const best = new Set(ordered(importances.map((importance) => -importance)).slice(0, limit))
  return mask.map((isAbove, i) => isAbove && best.has(i))
})

function thresholdOf(model: Estimator, estimator: Estimator, importances: Float64Array): number {
  const value = model.raw('threshold') ?? (isSparse(model, estimator) ? 1e-5 : 'mean')
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return model.number('threshold')
  const [scale, reference] = value.includes('*') ? value.split('*').map((part) => part.trim()) : ['1', value]
  const factor = Number(scale)
  if (Number.isNaN(factor)) throw model.unsupported(`threshold='${value}'`)
  if (reference === 'mean') return factor * mean(importances)
  if (reference === 'median') return factor * median(importances)
  throw model.unsupported(`threshold='${value}'`, ['mean', 'median', 'scale*mean', 'scale*median'])
}

/** Whether an estimator was fitted with an L1 penalty only, by the rules of the release. */
function isSparse(model: Estimator, estimator: Estimator): boolean {
  const { name } = estimator
  if (estimator.raw('penalty') === 'l1' || name.includes('Lasso')) return true
  const isOne = (...names: readonly string[]): boolean =>
    names.some((attribute) => {
      if (!estimator.has(attribute)) return false
      const ratios = floatsOf(estimator.floats(attribute))
      return ratios.every((ratio) => Math.abs(ratio - 1) <= 1e-8 + 1e-5)
    })
  if (name.includes('ElasticNet') && model.isSince(1, 1)) return isOne('l1_ratio_', 'l1_ratio')
  if (!model.isSince(1, 8)) return false
  return (name === 'LogisticRegression' && isOne('l1_ratio')) || (name === 'LogisticRegressionCV' && isOne('l1_ratio_'))
}
