import { type FrozenSet, isArray, itemsOf, kindOf, typeName, type Value } from '../../formats/values.ts'
import { type Analyzer, createAnalyzer } from '../../kernels/analyzer.ts'
import { Counter } from '../../kernels/counter.ts'
import { hashedPlace } from '../../kernels/murmur.ts'
import { featuresOf } from '../../kernels/records.ts'
import { mapSparse, normalizeRows, toSparse } from '../../kernels/sparse.ts'
import { countTerms, type Weighting, weighTerms } from '../../kernels/terms.ts'
import { type TermCounter, termCounter, vocabularyCounter } from '../../kernels/vocabulary.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Objects, Sparse } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Converter } from './converter.ts'
import { ENGLISH_STOP_WORDS } from './english-stop-words.ts'
import { type Estimator, numberOf } from './estimator.ts'
import { Features } from './features.ts'
import { DEFAULT_PATTERN, tokenPattern } from './token-pattern.ts'

/** A text's terms, counted in the columns of the vocabulary. */
export const countVectorizer: Converter = (model, x) => ({ transform: counted(model, x, undefined) })

/** The same, weighted. */
export const tfidfVectorizer: Converter = (model, x) => ({
  transform: counted(model, x, weightingOf(model.estimator('_tfidf'), isSingle(model))),
})

/** Counts, weighted. */
export const tfidfTransformer: Converter = (model, x, g) => {
  const weighting = weightingOf(model, false)
  const input = x.isSparse ? x.value : x.numbers
  const run = (counts: unknown) => {
    const given = counts as Sparse | Tensor
    return [weighTerms(weighting, given.dtype === 'sparse' ? mapSparse(given, (value) => value) : toSparse(given))]
  }
  return { transform: new Features(g.host('tf-idf', [input], ['sparse'], run)[0] as Expr, x.width) }
}

/** A text's terms, counted in the columns that they hash to. */
export const hashingVectorizer: Converter = (model, x) => {
  const columns = model.number('n_features', 2 ** 20)
  const isSigned = model.flag('alternate_sign', true)
  const placeOf = (term: string): number => hashedPlace(term, columns, isSigned)
  const count = termCounter(placeOf, analyzerOf(model))
  const norm = model.has('norm') ? model.oneOf('norm', ['l1', 'l2']) : undefined
  return {
    transform: terms(model, x, columns, count, (counts) => (norm ? normalizeRows(counts, norm) : counts)),
  }
}

function counted(model: Estimator, x: Features, weighting: Weighting | undefined): Features {
  const vocabulary = vocabularyOf(model)
  const count = vocabularyCounter(vocabulary, analyzerOf(model))
  if (weighting?.idf && weighting.idf.length !== vocabulary.size)
    throw model.broken(['vocabulary_'], 'has other terms than idf_')
  return terms(model, x, vocabulary.size, count, (counts) => (weighting ? weighTerms(weighting, counts) : counts))
}

function terms(
  model: Estimator,
  x: Features,
  width: number,
  count: TermCounter,
  finish: (counts: Sparse) => Sparse,
): Features {
  if (x.width !== 1) throw model.unsupported(`${x.width} columns`, ['one text a row'])
  const { table, columns } = x.cells
  const [column] = columns as [number]
  const counter = counterOf(model, width)
  const run = (cells: unknown) => [finish(countTerms(count, counter, cells as Objects | Tensor, column))]
  return new Features(table.graph.host('terms', [table], ['sparse'], run)[0] as Expr, width)
}

/** Columns that a file from a stranger may ask for. */
const MAX_COLUMNS = 2 ** 24

function counterOf(model: Estimator, width: number): Counter {
  if (!(Number.isInteger(width) && width > 0 && width <= MAX_COLUMNS)) throw model.unsupported(`${width} columns`)
  return new Counter(width, model.flag('binary', false))
}

/** By term: its column, counted from 1. */
function vocabularyOf(model: Estimator): ReadonlyMap<string, number> {
  const value = model.raw('vocabulary_', 'vocabulary')
  const list = itemsOf(value)
  if (list) return new Map(list.map((term, i) => [String(term), i + 1]))
  if (!(value instanceof Map)) throw model.broken(['vocabulary_'], 'is no dict')
  const places = new Map<string, number>()
  for (const [term, column] of value) {
    const place = numberOf(column)
    if (typeof term !== 'string' || place === undefined || !(place >= 0 && place < value.size))
      throw model.broken(['vocabulary_'], 'holds what is no term with a column')
    places.set(term, place + 1)
  }
  return places
}

function analyzerOf(model: Estimator): Analyzer {
  for (const name of ['preprocessor', 'tokenizer'])
    if (model.has(name)) throw model.unsupported(`${name}=${typeName(model.raw(name))}`, ['None'])
  if (typeof model.raw('analyzer') !== 'string')
    throw model.unsupported(`analyzer=${typeName(model.raw('analyzer'))}`, ['word', 'char', 'char_wb'])
  model.oneOf('input', ['content'], 'content')
  const unit = model.oneOf('analyzer', ['word', 'char', 'char_wb'], 'word')
  const [shortest = 1, longest = 1] = model.integers('ngram_range')
  const source = model.text('token_pattern', DEFAULT_PATTERN)
  const pattern = source === DEFAULT_PATTERN || unit !== 'word' ? undefined : tokenPattern(source)
  if (unit === 'word' && source !== DEFAULT_PATTERN && !pattern) throw model.unsupported(`token_pattern=${source}`)
  return createAnalyzer({
    unit,
    ngrams: [shortest, longest],
    isLowered: model.flag('lowercase', true),
    accents: accentsOf(model),
    pattern,
    stopWords: unit === 'word' ? stopWordsOf(model) : undefined,
  })
}

function accentsOf(model: Estimator): 'keep' | 'unicode' | 'ascii' {
  const value = model.raw('strip_accents')
  if (value === undefined) return 'keep'
  if (typeof value !== 'string')
    throw model.unsupported(`strip_accents=${typeName(value)}`, ['None', 'unicode', 'ascii'])
  return model.oneOf('strip_accents', ['unicode', 'ascii'])
}

function stopWordsOf(model: Estimator): ReadonlySet<string> | undefined {
  const value = model.raw('stop_words')
  if (value === undefined) return undefined
  if (value === 'english') return ENGLISH_STOP_WORDS
  const items =
    value instanceof Set ? [...value] : kindOf(value) === 'frozenset' ? [...(value as FrozenSet).items] : listOf(value)
  if (!items) throw model.unsupported(`stop_words=${typeName(value)}`, ['english', 'a list'])
  return new Set(items.map(String))
}

const listOf = (value: Value): readonly Value[] | undefined =>
  isArray(value) ? Array.from(value.data as readonly Value[]) : itemsOf(value)

function weightingOf(model: Estimator, isSingle: boolean): Weighting {
  return {
    isSublinear: model.flag('sublinear_tf', false),
    idf: model.flag('use_idf', true) ? idfOf(model) : undefined,
    norm: model.has('norm') ? model.oneOf<'l1' | 'l2'>('norm', ['l1', 'l2']) : undefined,
    isSingle,
  }
}

/** As an array, or as earlier releases keep it: the diagonal of a sparse matrix. */
function idfOf(model: Estimator): Float64Array {
  if (model.has('idf_')) return model.floats('idf_').data as Float64Array
  const diagonal = model.estimator('_idf_diag')
  const values = diagonal.floats('data').data as Float64Array
  const [size = 0] = diagonal.integers('_shape')
  const idf = new Float64Array(size)
  const rows = diagonal.has('indices') ? diagonal.integers('indices') : Array.from(values.keys())
  for (const [i, row] of rows.entries()) idf[row] = values[i] as number
  return idf
}

/** Whether the dtype is float32. */
function isSingle(model: Estimator): boolean {
  const dtype = model.raw('dtype')
  return kindOf(dtype) === 'global' && (dtype as { name: string }).name === 'numpy.float32'
}

/** Rows by name: a number as it is, a text as 1 in a column of its own. */
export const dictVectorizer: Converter = (model, x) => {
  const vocabulary = vocabularyOf(model)
  const separator = model.text('separator', '=')
  return { transform: records(model, x, separator, vocabulary.size, (feature) => vocabulary.get(feature) ?? 0) }
}

/** The same, in the columns that the names hash to. */
export const featureHasher: Converter = (model, x) => {
  model.oneOf('input_type', ['dict'], 'dict')
  const width = model.number('n_features', 2 ** 20)
  const isSigned = model.flag('alternate_sign', true)
  return { transform: records(model, x, '=', width, (feature) => hashedPlace(feature, width, isSigned)) }
}

function records(
  model: Estimator,
  x: Features,
  separator: string,
  width: number,
  placeOf: (feature: string) => number,
): Features {
  const { names, value } = x
  const counter = counterOf(model, width)
  if (!names) throw model.unsupported('rows without names', ['records', 'columns'])
  const run = (cells: unknown) => [featuresOf(cells as Objects | Tensor, names, separator, counter, placeOf)]
  return new Features(value.graph.host('records', [value], ['sparse'], run)[0] as Expr, width)
}
