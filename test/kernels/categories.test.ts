import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Encoder, lookUp, oneHot, oneHotSparse } from '../../src/kernels/categories.ts'
import { densify } from '../../src/kernels/sparse.ts'
import type { Objects, Scalar } from '../../src/tensor/host-value.ts'

const table = (...data: Scalar[]): Objects => ({ dtype: 'object', dims: [data.length, 1], data })
const encoder = (unknown: number | undefined): Encoder => ({
  codes: [
    {
      known: new Map<string | number | null, number>([
        ['a', 0],
        [1, 1],
        [null, 2],
      ]),
      unknown,
    },
  ],
  taker: 'OneHotEncoder',
  names: ['city'],
})

test('1 is 1.0 is true, and no text', () => {
  const hot = oneHot(encoder(-1), table('a', 1, true, 1n, '1', null), [0], 3)
  assert.deepEqual([...hot.data], [1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1])
  assert.deepEqual(densify(oneHotSparse(encoder(-1), table('a', 1, true, 1n, '1', null), [0], 3)), hot)
})

test('a category that was not seen', () => {
  assert.deepEqual([...lookUp(encoder(3), table('b', 'a'), [0], [Float64Array.of(5, 6, 7, -1)]).data], [-1, 5])
  const message = 'row 1 has "b" in column city, a category that OneHotEncoder has not seen'
  assert.throws(() => oneHot(encoder(undefined), table('a', 'b'), [0], 3), { code: 'bad_request', message })
})
