/** What fixtures cannot show: refusals, guards, and how few stages a table takes. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { planOf } from '../../src/convert/plan.ts'
import { categoriesIn } from '../../src/convert/sklearn/categories.ts'
import { convertEstimator } from '../../src/convert/sklearn/convert.ts'
import { Estimator } from '../../src/convert/sklearn/estimator.ts'
import { pyObject, type Value } from '../../src/formats/values.ts'
import type { Expr } from '../../src/onnx/expr.ts'
import { ROOT } from '../support/paths.ts'
import { type Input, readEstimator, run } from './estimators.ts'

const fixture = (family: string, name: string) =>
  readEstimator(join(ROOT, 'test/fixtures/sklearn/1.9', family, `${name}.joblib`))

function fitted(type: string, attributes: Readonly<Record<string, Value>>): Estimator {
  const object = pyObject(`sklearn.${type}`, [])
  object.state = new Map(Object.entries({ _sklearn_version: '1.7.0', ...attributes }))
  return new Estimator(object)
}

const rows = (names: readonly string[], ...cells: readonly unknown[][]): Input => ({
  form: 'table',
  rows: cells.length,
  width: names.length,
  names,
  cells: cells.flat(),
})

const PEOPLE = ['age', 'income', 'city', 'size', 'member']

test('mixed columns are kernels of one level, and one ONNX model', () => {
  const { graph, made } = convertEstimator(fixture('compose', 'columns_predict'), {
    form: 'table',
    width: 5,
    names: PEOPLE,
  })
  const { stages } = planOf(graph, [{ name: 'label', value: made.predict as Expr }])
  assert.deepEqual(
    stages.map((stage) => (stage.kind === 'host' ? stage.name : stage.kind)),
    ['numbers of a table', 'one-hot', 'onnx'],
  )
})

test('what no step has imputed is refused, by the name of the column', async () => {
  const model = fixture('compose', 'columns')
  const fine = rows(PEOPLE, [null, 1, 'Rome', 1, true])
  await run(model, fine, ['transform'])
  const infinite = rows(PEOPLE, [1, Number.POSITIVE_INFINITY, 'Rome', 1, true])
  const message = /row 0 has .Infinity. in column income/
  await assert.rejects(run(model, infinite, ['transform']), { code: 'bad_request', message })
})

test('a column of numbers takes numbers', async () => {
  const message = 'row 0 has "old" in column age, which takes numbers'
  const model = fixture('compose', 'columns')
  const input = rows(PEOPLE, ['old', 1, 'Rome', 1, true])
  await assert.rejects(run(model, input, ['transform']), { code: 'bad_request', message })
})

test('a text pipeline takes texts', async () => {
  const input: Input = { form: 'texts', rows: 2, width: 1, cells: ['a text', null] }
  const message = 'row 1 has no value where a text is needed'
  await assert.rejects(run(fixture('text', 'pipe'), input, ['predict']), { code: 'bad_request', message })
})

describe('what is not converted', () => {
  const lambda: Value = { kind: 'global', name: '__main__.clean' }
  const text = { analyzer: 'word', ngram_range: [1n, 1n], vocabulary_: new Map([['word', 0n]]) }
  const refused: [Estimator, string][] = [
    [
      fitted('preprocessing._function_transformer.FunctionTransformer', { func: lambda }),
      'sklearn.preprocessing.FunctionTransformer with func=__main__.clean is not supported',
    ],
    [
      fitted('feature_extraction.text.CountVectorizer', { ...text, tokenizer: lambda }),
      'sklearn.feature_extraction.CountVectorizer with tokenizer=a global is not supported (only None)',
    ],
    [
      fitted('feature_extraction.text.CountVectorizer', { ...text, token_pattern: '(?i)x' }),
      'sklearn.feature_extraction.CountVectorizer with token_pattern=(?i)x is not supported',
    ],
    [
      fitted('feature_extraction.text.HashingVectorizer', { ...text, n_features: 2n ** 40n }),
      'sklearn.feature_extraction.HashingVectorizer with 1099511627776 columns is not supported',
    ],
    [
      fitted('impute._iterative.IterativeImputer', { sample_posterior: true }),
      'sklearn.impute.IterativeImputer with sample_posterior=True, which is random is not supported',
    ],
    [
      fitted('preprocessing._polynomial.PolynomialFeatures', { degree: 100n }),
      'sklearn.preprocessing.PolynomialFeatures with more than 4194304 products is not supported',
    ],
    [
      fitted('compose._column_transformer.ColumnTransformer', { transformers_: [] }),
      'the transformers leave no column',
    ],
  ]
  for (const [model, message] of refused)
    test(message, () => {
      const convert = () =>
        convertEstimator(model, { form: 'matrix', width: model.name.startsWith('Poly') ? 30 : 1 }).made.transform?.value
      assert.throws(convert, { code: 'bad_model', message })
    })
})

test('categories that are dates are refused by a sentence', () => {
  const dates = { kind: 'ndarray', dtype: 'datetime64', shape: [1], data: new BigInt64Array(1) } as never
  assert.throws(() => categoriesIn(dates), { code: 'bad_model', message: /dates or times are not supported/ })
})
