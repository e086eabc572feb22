import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addCategoryScores } from '../../src/kernels/category-scores.ts'
import { createTensor } from '../../src/tensor/tensor.ts'

const matrix = (...rows: readonly number[][]) =>
  createTensor('float64', [rows.length, rows[0]?.length ?? 0], Float64Array.from(rows.flat()))
const tables = [matrix([1, 2], [3, 4]), matrix([10, 20], [30, 40], [50, 60])]
const scores = (...rows: readonly number[][]) =>
  addCategoryScores(tables, Float64Array.of(100, 200), matrix(...rows), 'CategoricalNB')

describe('category scores', () => {
  test('are the sum of each column its own row', () => {
    const { dims, data } = scores([0, 2], [1, 0])
    assert.deepEqual([...dims], [2, 2])
    assert.deepEqual([...(data as Float64Array)], [151, 262, 113, 224])
  })
  test('cut what is not whole', () => assert.deepEqual([...(scores([0.9, 1.2]).data as Float64Array)], [131, 242]))
  for (const category of [2, -1]) {
    test(`refuse category ${category}`, () =>
      assert.throws(() => scores([0, 0], [category, 0]), {
        code: 'bad_request',
        message: `row 1 has category ${category} in column 0, where CategoricalNB knows 0 to 1`,
      }))
  }
})
