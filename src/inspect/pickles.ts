import { childrenOf } from '../formats/depth.ts'
import type { Pickle } from '../formats/pickle.ts'
import { attributesOf, bytesOf, isArray, isObject, isTensor, type PyObject, type Value } from '../formats/values.ts'
import { catboostFacts, type Facts, lightGbmFacts, xgboostFacts } from './boosters.ts'
import { counted, type Inspection } from './inspection.ts'
import { parametersOf } from './parameters.ts'
import { outlineOf, treeOf } from './tree.ts'

type Found = Pick<Inspection, 'facts' | 'tree' | 'parameters' | 'globals'> & { readonly arraysOnly: boolean }

/** A pickle or joblib file. */
export function inspectPickle({ value, globals, rest }: Pickle): Found {
  const behind: Facts = rest === 0 ? [] : [['behind its end', `${counted(rest, 'byte')}, which Python and we ignore`]]
  return {
    facts: [...factsOf(value, globals), ...behind],
    tree: treeOf(value) ?? outlineOf(value),
    parameters: parametersOf(value),
    globals,
    arraysOnly: isArray(value) || isTensor(value) || (value instanceof Map && !holdsObject(value)),
  }
}

const holdsObject = (map: ReadonlyMap<Value, Value>): boolean => [...map.values()].some(isObject)

const LIBRARIES: readonly (readonly [prefix: string, name: string])[] = [
  ['sklearn.', 'scikit-learn'],
  ['xgboost.', 'XGBoost'],
  ['lightgbm.', 'LightGBM'],
  ['catboost.', 'CatBoost'],
  ['sk2torch.', 'sk2torch'],
  ['torch.', 'Torch'],
  ['scipy.', 'scipy'],
  ['numpy.', 'numpy'],
]

/** The library of the object, or else the first in the order above of what the file names. */
export function libraryOf(value: Value, globals: readonly string[]): string | undefined {
  const of = (name: string): string | undefined => LIBRARIES.find(([prefix]) => name.startsWith(prefix))?.[1]
  const own = isObject(value) ? of(value.type) : undefined
  return own ?? LIBRARIES.find(([prefix]) => globals.some((name) => name.startsWith(prefix)))?.[1]
}

function factsOf(value: Value, globals: readonly string[]): Facts {
  const library = libraryOf(value, globals)
  const inner = boosterIn(value)
  const version = versionIn(value)
  const own: Facts =
    library === undefined ? [] : [['library', version === undefined ? library : `${library} ${version}`]]
  return inner === undefined ? own : inner
}

/** Where versions and boosters are looked for: they are near the top. */
const MAX_LOOKED_AT = 20_000
const MAX_CHILDREN = 1000

/** Objects in a value, outer ones first; the set grows while it is gone through. */
function* objectsIn(root: Value): Generator<PyObject> {
  const seen = new Set<Value>([root])
  for (const value of seen) {
    if (isObject(value)) yield value
    if (typeof value !== 'object' || value === null || seen.size >= MAX_LOOKED_AT) continue
    for (const child of childrenOf(value).slice(0, MAX_CHILDREN)) {
      if (typeof child === 'object' && child !== null) seen.add(child)
    }
  }
}

/** scikit-learn writes its version into every estimator. */
function versionIn(value: Value): string | undefined {
  for (const object of objectsIn(value)) {
    const version = attributesOf(object).get('_sklearn_version')
    if (typeof version === 'string') return version
  }
  return undefined
}

function boosterIn(value: Value): Facts | undefined {
  for (const object of objectsIn(value)) {
    const attributes = attributesOf(object)
    const handle = attributes.get('handle') ?? attributes.get('_handle')
    if (object.type === 'xgboost.core.Booster') {
      const bytes = bytesOf(handle)
      if (bytes !== undefined) return xgboostFacts(bytes)
    }
    if (object.type.startsWith('catboost.')) {
      const bytes = bytesOf(attributes.get('__model'))
      if (bytes !== undefined) return catboostFacts(bytes)
    }
    if (object.type === 'lightgbm.basic.Booster' && typeof handle === 'string') return lightGbmFacts(handle)
  }
  return undefined
}
