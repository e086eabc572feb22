/** What table models take: every form of the reference page, and every way to get it wrong. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { type DecodedRequest, readRequest } from '../../src/infernet/request.ts'

const read = (data: Record<string, unknown>): DecodedRequest =>
  readRequest(data, {
    profile: 'auto',
    dialect: 'table',
    inputNames: ['X'],
    classicOutput: 'data',
    classicCast: 'none',
    digits: 'parsed',
  })

describe('rows of a table', () => {
  const check = (name: string, data: Record<string, unknown>, table: unknown) =>
    test(name, () => assert.deepEqual(read(data).table, table))
  check(
    'records, in any order of their keys, with some missing',
    { records: [{ age: 31, city: 'Rome' }, { city: null, age: 58.5 }, { member: true }] },
    { names: ['age', 'city', 'member'], rows: 3, cells: [31, 'Rome', null, 58.5, null, null, null, null, true] },
  )
  check(
    'columns',
    { columns: { age: [31, 58], city: ['Rome', null] } },
    { names: ['age', 'city'], rows: 2, cells: [31, 'Rome', 58, null] },
  )
  check('texts', { texts: ['first', ''] }, { rows: 2, cells: ['first', ''], texts: true })
  check('a matrix with text', { dtype: 'double', values: [[1, 'a']] }, { rows: 1, cells: [1, 'a'] })
  check('a matrix with a missing value', { dtype: 'double', values: [[1, null]] }, { rows: 1, cells: [1, null] })
  check(
    'a key that a prototype has',
    { records: [{ __proto__x: 1, constructor: 2 }] },
    {
      names: ['__proto__x', 'constructor'],
      rows: 1,
      cells: [1, 2],
    },
  )
  test('a matrix of numbers is a tensor', () => {
    const { table, tensors } = read({ dtype: 'double', values: [[1, 2]] })
    assert.equal(table, undefined)
    assert.deepEqual(tensors[0]?.dims, [1, 2])
  })
})

describe('a table that is refused', () => {
  const check = (data: Record<string, unknown>, message: RegExp) =>
    test(JSON.stringify(data).slice(0, 70), () => {
      assert.throws(
        () => read(data),
        (error) => error instanceof InferError && error.code === 'bad_request' && message.test(error.message),
      )
    })
  check({ records: [] }, /data\.records is empty/)
  check({ records: [{}] }, /data\.records is empty/)
  check({ records: {} }, /data\.records must be a list; it is \{\}/)
  check({ records: [1] }, /data\.records\[0\] must be an object; it is 1/)
  check({ records: [{ a: { b: 1 } }] }, /data\.records\[0\]\.a must be .*; it is \{"b":1\}/)
  check({ columns: { a: [1], b: [1, 2] } }, /data\.columns\.b has 2 items; data\.columns\.a has 1/)
  check({ columns: { a: 1 } }, /data\.columns\.a must be a list; it is 1/)
  check({ columns: {} }, /data\.columns is empty/)
  check({ texts: [1] }, /data\.texts\[0\] must be a string; it is 1/)
  check({ texts: 'one' }, /data\.texts must be a list; it is "one"/)
  check({ texts: ['a'], records: [{ a: 1 }] }, /data has records and texts; say one of them/)
  check({ dtype: 'double', values: [[1, 'a'], [1]] }, /data\.values\[1\] has 1 items; the rows before it have 2/)
  check({ dtype: 'double', values: [[1, [2]]] }, /data\.values\[0\]\[1\]/)
  check({ dtype: 'double', values: [['a', [2]]] }, /data\.values\[0\]\[1\] must be .*; it is \[2\]/)
  check({ records: [{ a: Number.POSITIVE_INFINITY }] }, /data\.records\[0\]\.a is Infinity; a table takes finite/)
  check({ columns: { a: [Number.NEGATIVE_INFINITY] } }, /data\.columns\.a\[0\] is -Infinity/)
  check({ texts: ['a'], method: 5 }, /data\.method is 5/)
  check(
    { input: { dtype: 2, shape: [1, 1], values: [1] }, method: ['predict', 'predict_proba'] },
    /a vector answers one method/,
  )
  test('ever other keys', () => {
    const records = Array.from({ length: 5000 }, (_, i) => ({ [`k${i}`]: 1 }))
    assert.throws(() => read({ records }), /5000 rows of 5000 columns, more than 16777216 cells/)
  })
})
