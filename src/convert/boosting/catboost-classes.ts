import { InferError } from '../../errors.ts'
import { type Json, parseJson } from '../../formats/json.ts'
import { createTensor } from '../../tensor/tensor.ts'
import type { Labels } from '../sklearn/estimator.ts'
import type { CatboostBooster } from './catboost-model.ts'

export interface CatboostClasses {
  readonly labels: Labels
  /** By column of the score its class, where training has not seen all of them. */
  readonly positions?: readonly number[]
}

/** More classes are no model's, and scores of all of them are memory. */
const MAX_CLASSES = 100_000

/** `MultiClass`, `RMSE`, ...; '' where the file does not say. */
export function lossOf(booster: CatboostBooster): string {
  const loss = jsonOf(booster, 'params').get('loss_function') ?? jsonOf(booster, 'loss_function')
  const type = loss instanceof Map ? loss.get('type') : undefined
  return typeof type === 'string' ? type : ''
}

/**
 * The labels that the file holds: by name; or, where the setting `classes_count` names none, numbers
 * (https://github.com/catboost/catboost/blob/v1.2.7/catboost/private/libs/labels/external_label_helper.cpp).
 * @throws InferError bad_model
 */
export function classesOf(booster: CatboostBooster): CatboostClasses | undefined {
  const params = jsonOf(booster, 'class_params')
  const names = listOf(params.get('class_names'))
  if (!names) return undefined
  const { dimension } = booster
  const count = Math.max(names.length, Number(params.get('classes_count') ?? 0), dimension, 2)
  if (!(count <= MAX_CLASSES) || (names.length > 0 && names.length !== count))
    throw new InferError('bad_model', `CatBoost: it has ${names.length} classes for ${dimension} columns`)
  const labels = names.length > 0 ? labelsOf(names, params.get('class_label_type')) : numbered(count).labels
  if (count === dimension || dimension === 1) return { labels }
  const positions = (listOf(params.get('class_to_label')) ?? []).map(Number)
  if (positions.length !== dimension || !positions.every((at) => Number.isInteger(at) && at >= 0 && at < count))
    throw new InferError('bad_model', `CatBoost: class_to_label gives not each of ${dimension} columns a class`)
  return { labels, positions }
}

/** 0, 1, ... for the columns of a score; of one column 0 and 1. */
export function numbered(dimension: number): CatboostClasses {
  const count = Math.max(2, dimension)
  const labels = BigInt64Array.from({ length: count }, (_, i) => BigInt(i))
  return { labels: createTensor('int64', [count], labels) }
}

function jsonOf({ info }: CatboostBooster, name: string): ReadonlyMap<string, Json> {
  const text = info.get(name)
  const value = text ? parseJson(text, { format: 'catboost', nonFinite: true }) : undefined
  return value instanceof Map ? value : new Map()
}

const listOf = (value: Json | undefined): readonly Json[] | undefined =>
  Array.isArray(value) || ArrayBuffer.isView(value) ? Array.from(value as ArrayLike<Json>) : undefined

function labelsOf(names: readonly Json[], type: Json | undefined): Labels {
  const is = (kind: string): boolean => names.every((name) => typeof name === kind)
  const dims = [names.length]
  if (is('boolean')) return createTensor('bool', dims, Uint8Array.from(names, Number))
  if (is('string')) return createTensor('string', dims, names as string[])
  const numbers = Float64Array.from(names, Number)
  if (!names.every((name) => typeof name === 'number' || typeof name === 'bigint'))
    throw new InferError('bad_model', 'CatBoost: its class_names are neither all numbers, all texts nor all bools')
  if (type === 'Float' || !numbers.every(Number.isInteger)) return createTensor('float64', dims, numbers)
  return createTensor(
    'int64',
    dims,
    BigInt64Array.from(names, (name) => BigInt(name as number)),
  )
}
