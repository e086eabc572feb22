import assert from 'node:assert/strict'
import { test } from 'node:test'
import { densify, multiply } from '../../src/kernels/sparse.ts'
import type { Sparse } from '../../src/tensor/host-value.ts'
import { createTensor } from '../../src/tensor/tensor.ts'

/** [[1, 0, 2], [0, 0, 0], [0, -3, 0]] */
const MATRIX: Sparse = {
  dtype: 'sparse',
  dims: [3, 3],
  indptr: Int32Array.of(0, 2, 2, 3),
  indices: Int32Array.of(0, 2, 1),
  data: Float64Array.of(1, 2, -3),
}

test('what is not there is zero', () => {
  assert.deepEqual(densify(MATRIX), createTensor('float64', [3, 3], Float64Array.of(1, 0, 2, 0, 0, 0, 0, -3, 0)))
})

test('a sparse matrix times a matrix, and times a vector', () => {
  const matrix = createTensor('float64', [3, 2], Float64Array.of(1, 10, 2, 20, 3, 30))
  assert.deepEqual(multiply(MATRIX, matrix), createTensor('float64', [3, 2], Float64Array.of(7, 70, 0, 0, -6, -60)))
  const vector = createTensor('float64', [3], Float64Array.of(1, 2, 3))
  assert.deepEqual(multiply(MATRIX, vector), createTensor('float64', [3], Float64Array.of(7, 0, -6)))
})
