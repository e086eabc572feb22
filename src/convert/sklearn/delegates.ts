import type { Converted, Converter } from './converter.ts'

type Method = keyof Converted

/** An estimator around a fitted one, whose answers are that one's: all of them, or those of `methods`. */
const delegate =
  (names: readonly string[], methods?: readonly Method[], missing?: string): Converter =>
  (model, x, _g, convert) => {
    if (missing !== undefined && !model.has(...names)) throw model.unsupported(missing)
    const made = convert(model.estimator(...names), x)
    if (!methods) return made
    const kept = [...methods, 'classes'].filter((method) => made[method as Method] !== undefined)
    return Object.fromEntries(kept.map((method) => [method, made[method as Method]]))
  }

const CLASSIFIES = ['predict', 'predict_proba', 'predict_log_proba', 'decision_function'] as const

/** What a search has found to be best. */
export const search = delegate(['best_estimator_'], [...CLASSIFIES, 'score_samples', 'transform'], 'refit=False')

export const frozen = delegate(['estimator'])

/** The regressor that was fitted to the inliers. */
export const ransac = delegate(['estimator_'], ['predict'])

export const selfTraining = delegate(['estimator_', 'base_estimator_'], CLASSIFIES)
