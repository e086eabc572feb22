import { isArray, isObject, isTuple, itemsOf, type Value } from '../../formats/values.ts'
import { type Convert, type Converter, needTransform } from './converter.ts'
import { Estimator, numberOf } from './estimator.ts'
import { Features } from './features.ts'
import { eachValue } from './preprocessing.ts'

/** Steps one after the other; `passthrough` and None hand on what they get. */
export const pipeline: Converter = (model, x, _g, convert) => {
  const steps = model.list('steps').map((step) => (isTuple(step) ? step.items : (itemsOf(step) ?? [])))
  let features = x
  for (const [name, step] of steps.slice(0, -1)) {
    if (step === null || step === 'passthrough') continue
    const estimator = new Estimator(step, `${model.type}'s step ${name}`)
    features = needTransform(estimator, convert(estimator, features))
  }
  const [name, last] = steps.at(-1) ?? []
  if (last === null || last === 'passthrough') return { transform: features }
  return convert(new Estimator(last, `${model.type}'s step ${name}`), features)
}

/** Several transformers of the same columns, side by side, each times its weight. */
export const featureUnion: Converter = (model, x, _g, convert) => {
  const weights = weightsOf(model)
  const parts = model.list('transformer_list').flatMap((item) => {
    const [name, transformer] = itemsOf(item) ?? []
    return transformed(model, name, transformer, x, convert).map((part) => weighted(part, weights.get(name)))
  })
  return { transform: Features.join(parts) }
}

/**
 * Transformers of some columns each, side by side.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/compose/_column_transformer.py
 */
export const columnTransformer: Converter = (model, x, _g, convert) => {
  const weights = weightsOf(model)
  const names = fittedNames(model) ?? x.names
  const indices = model.raw('_transformer_to_input_indices')
  const parts = model.list('transformers_').flatMap((item) => {
    const [name, transformer, spec] = itemsOf(item) ?? []
    const known = indices instanceof Map ? indices.get(name as Value) : undefined
    const positions = positionsOf(known, names) ?? positionsOf(spec, names)
    if (!positions) throw model.broken(['transformers_'], `selects columns that are not known, for ${name}`)
    if (positions.length === 0) return []
    const columns = positions.map((position) => placeOf(model, position, names, x))
    return transformed(model, name, transformer, x.select(columns), convert).map((part) =>
      weighted(part, weights.get(name)),
    )
  })
  return { transform: Features.join(parts) }
}

/** Nothing of `drop`, what there is of `passthrough`. */
function transformed(model: Estimator, name: unknown, value: Value | undefined, x: Features, convert: Convert) {
  if (value === null || value === 'drop') return []
  if (value === 'passthrough') return [x]
  const transformer = new Estimator(value, `${model.type}'s transformer ${name}`)
  return [needTransform(transformer, convert(transformer, x))]
}

function weightsOf(model: Estimator): ReadonlyMap<unknown, number> {
  const weights = model.raw('transformer_weights')
  if (!(weights instanceof Map)) return new Map()
  return new Map([...weights].map(([name, weight]) => [name, numberOf(weight) ?? 1]))
}

function weighted(x: Features, weight: number | undefined): Features {
  if (weight === undefined) return x
  return x.with(x.isSparse ? eachValue(x, 'weight', (value) => value * weight) : x.numbers.mul(weight))
}

/** Column names when it was fitted; 0.23's are under another name, as a pandas Index. */
function fittedNames(model: Estimator): readonly string[] | undefined {
  return textsIn(model.raw('feature_names_in_', '_feature_names_in', '_df_columns'))
}

function textsIn(value: Value | undefined): readonly string[] | undefined {
  if (isArray(value)) {
    const items = Array.from(value.data as readonly Value[])
    return items.every((item) => typeof item === 'string') ? items : undefined
  }
  if (!isObject(value)) return undefined
  // pandas' _new_Index(Index, {'data': array, 'name': None})
  const [, parts] = value.args
  return parts instanceof Map ? textsIn(parts.get('data')) : undefined
}

/** Where what comes in has what was the column at `position`. */
function placeOf(model: Estimator, position: number, names: readonly string[] | undefined, x: Features): number {
  const name = names?.[position]
  // A step before may have named its columns anew: then they come in its order.
  const isNamed = name !== undefined && x.names?.some((other) => names?.includes(other))
  const place = isNamed ? (x.names as readonly string[]).indexOf(name) : position
  if (!(place >= 0 && place < x.width))
    throw model.broken(['transformers_'], `selects ${name ?? position}, which is not there`)
  return place
}

/** Positions, names, a mask, a slice of either, or one of them. */
function positionsOf(spec: Value | undefined, names: readonly string[] | undefined): number[] | undefined {
  if (isObject(spec) && spec.type.endsWith('slice')) return sliced(spec.args, names)
  if (isObject(spec)) return positionsOf(itemsWithin(spec), names)
  const items = isArray(spec) ? Array.from(spec.data as readonly Value[]) : (itemsOf(spec) ?? [spec as Value])
  const isMask = isArray(spec)
    ? spec.dtype === 'bool'
    : items.length > 0 && items.every((item) => typeof item === 'boolean')
  if (isMask) return items.flatMap((item, i) => (Number(item) === 1 ? [i] : []))
  const positions = items.map((item) => positionOf(item, names))
  return positions.every((position) => position !== undefined) ? positions : undefined
}

/** Of a list of its own type (1.5's `_RemainderColsList`), or a pandas Index: the list. */
function itemsWithin(value: Extract<Value, { kind: 'object' }>): Value | undefined {
  if (value.state instanceof Map) return value.state.get('data')
  const [, parts] = value.args
  return parts instanceof Map ? parts.get('data') : undefined
}

function positionOf(item: Value, names: readonly string[] | undefined): number | undefined {
  if (typeof item === 'string') {
    const position = names?.indexOf(item) ?? -1
    return position < 0 ? undefined : position
  }
  const number = numberOf(item)
  return number !== undefined && number < 0 && names ? number + names.length : number
}

/** Names are both included; positions go up to the last, which is not. */
function sliced(args: readonly Value[], names: readonly string[] | undefined): number[] | undefined {
  const [start, stop, step] = args.map((arg) => (arg === null ? undefined : arg))
  const width = names?.length
  const from = start === undefined ? 0 : positionOf(start, names)
  const to = stop === undefined ? width : positionOf(stop, names)
  const by = step === undefined ? 1 : numberOf(step)
  if (from === undefined || to === undefined || by === undefined || by < 1) return undefined
  const end = typeof stop === 'string' ? to + 1 : to
  return Array.from({ length: Math.max(0, Math.ceil((end - from) / by)) }, (_, i) => from + i * by)
}
