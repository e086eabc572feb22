import { InferError } from '../../errors.ts'
import { isArray, type NdArray, type Value } from '../../formats/values.ts'
import type { Codes, Key } from '../../kernels/categories.ts'
import { type Estimator, numberOf } from './estimator.ts'

/** Categories of one column as keys, in their order; None is null, and so is a missing value beside no None. */
export interface Categories {
  readonly keys: readonly (Key | undefined)[]
  /** Where NaN stands among them, -1 where it is none; None is a category as others. */
  readonly missing: number
}

/** The categories of each column. */
export function categoriesOf(model: Estimator): Categories[] {
  return model.list('categories_').map((list) => {
    if (!isArray(list)) throw model.broken(['categories_'], 'holds no arrays')
    return categoriesIn(list)
  })
}

export function categoriesIn(list: NdArray): Categories {
  if (list.dtype === 'datetime64' || list.dtype === 'timedelta64')
    throw new InferError('bad_model', 'categories that are dates or times are not supported; train on text or numbers')
  const items = list.dtype === 'bool' ? Array.from(list.data as Uint8Array, Number) : Array.from(list.data as Value[])
  const keys = items.map(keyIn)
  return { keys, missing: keys.findIndex((key) => Number.isNaN(key)) }
}

function keyIn(value: Value): Key | undefined {
  if (value === null || typeof value === 'string') return value
  if (isArray(value) && value.dtype === 'string') return value.data[0] as string
  return numberOf(value)
}

/** `code` says what the category at a position stands for. What the request misses is None, or else NaN. */
export function codesOf({ keys }: Categories, code: (position: number) => number, unknown: number | undefined): Codes {
  const known = new Map<Key, number>()
  for (const [position, key] of keys.entries()) if (key !== undefined) known.set(key, code(position))
  const [none, nan] = [known.get(null), known.get(Number.NaN)]
  if (none === undefined && nan !== undefined) known.set(null, nan)
  if (nan === undefined && none !== undefined) known.set(Number.NaN, none)
  return { known, unknown }
}

/** How rare categories are grouped: by column, the group of each category, and which group is that of the rare ones. */
export interface Grouping {
  readonly groupOf: (position: number) => number
  readonly count: number
  /** `undefined`: no category is rare. */
  readonly rare: number | undefined
}

/**
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/preprocessing/_encoders.py
 * (`_default_to_infrequent_mappings`), which only later releases have.
 * @param apart a category that is never grouped, -1 for none
 */
export function groupingOf(model: Estimator, column: number, count: number, apart = -1): Grouping {
  const mapping = model.has('_default_to_infrequent_mappings')
    ? model.list('_default_to_infrequent_mappings')[column]
    : undefined
  const isGrouped = isArray(mapping) && (model.has('min_frequency') || model.has('max_categories'))
  if (!isGrouped) return { groupOf: (position) => position, count, rare: undefined }
  const groups = Array.from(mapping.data as Value[], Number)
  const rare = Math.max(...groups)
  return {
    groupOf: (position) => (position === apart ? position : (groups[position] as number)),
    count: rare + 1,
    rare,
  }
}
