import type { Json } from '../../formats/json.ts'
import { Fields } from './fields.ts'

/**
 * The categories of the DataFrame that a model was fitted on, by column, in the order of their codes: XGBoost keeps
 * them since 3.1 (https://github.com/dmlc/xgboost/blob/v3.4.1/src/data/cat_container.cc, `CatContainer::Save`), texts
 * as their bytes one after the other, integers as they are. A column without has an empty list.
 * @throws InferError bad_model that names the field
 */
export function readCategories(gbtree: Fields): Map<number, readonly Json[]> {
  const found = new Map<number, readonly Json[]>()
  const enc = gbtree.has('cats') ? gbtree.object('cats').raw('enc') : undefined
  if (!Array.isArray(enc)) return found
  for (const [column, value] of enc.entries()) {
    const list = new Fields(value as Json, `${gbtree.path}.cats.enc[${column}]`)
    const categories = list.has('offsets') ? textsOf(list) : [...list.numbers('values')]
    if (categories.length > 0) found.set(column, categories)
  }
  return found
}

function textsOf(list: Fields): string[] {
  const offsets = list.numbers('offsets')
  const bytes = Uint8Array.from(list.numbers('values'))
  const texts: string[] = []
  for (let i = 1; i < offsets.length; i++) {
    const [start, end] = [offsets[i - 1] as number, offsets[i] as number]
    if (!(start >= 0 && start <= end && end <= bytes.length)) throw list.broken('offsets', 'ascending places of values')
    texts.push(new TextDecoder().decode(bytes.subarray(start, end)))
  }
  return texts
}
