import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repeatRow } from '../../src/kernels/repeated-row.ts'
import { createTensor } from '../../src/tensor/tensor.ts'

test('a row of text is repeated', () => {
  const { dims, data } = repeatRow(createTensor('string', [1, 2], ['a', 'b']), 3)
  assert.deepEqual(
    [[...dims], data],
    [
      [3, 2],
      ['a', 'b', 'a', 'b', 'a', 'b'],
    ],
  )
})
test('a number is repeated', () => {
  const { dims, data } = repeatRow(createTensor('int64', [1], BigInt64Array.of(7n)), 2)
  assert.deepEqual([[...dims], [...(data as BigInt64Array)]], [[2], [7n, 7n]])
})
