import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { interpolate, type PolyLine } from '../../src/kernels/interpolation.ts'
import { createTensor } from '../../src/tensor/tensor.ts'

const line: PolyLine = {
  x: Float64Array.of(0, 1, 3),
  y: Float64Array.of(10, 20, 0),
  low: 0,
  high: 3,
  outside: 'clip',
}

const along = (lines: readonly PolyLine[], ...values: number[]): number[] => [
  ...(interpolate(
    lines,
    createTensor('float64', [values.length / lines.length, lines.length], Float64Array.from(values)),
  ).data as Float64Array),
]

describe('interpolation', () => {
  test('goes through the points and straight between them', () =>
    assert.deepEqual(along([line], 0, 0.5, 1, 2, 3), [10, 15, 20, 10, 0]))
  test('is clipped beyond them', () => assert.deepEqual(along([line], -5, 9, Infinity, -Infinity), [10, 0, 0, 10]))
  test('is NaN beyond them', () => assert.deepEqual(along([{ ...line, outside: 'nan' }], -1e-9, 1, 4), [NaN, 20, NaN]))
  test('of NaN is NaN', () => assert.deepEqual(along([line], NaN), [NaN]))
  test('refuses what is beyond them', () =>
    assert.throws(() => along([{ ...line, outside: 'raise' }], 4), { code: 'bad_request', message: /4 is beyond/ }))
  test('has a line a column', () =>
    assert.deepEqual(along([line, { ...line, y: Float64Array.of(0, 0, 2) }], 0.5, 2, 2, 0.5), [15, 1, 10, 0]))
  test('of one point is a constant', () =>
    assert.deepEqual(along([{ ...line, x: Float64Array.of(1), y: Float64Array.of(7) }], -9, 1, 9), [7, 7, 7]))
  test('of float32 rounds as it goes', () => {
    const single = { ...line, x: Float64Array.of(0, 3), y: Float64Array.of(0, 1) }
    assert.deepEqual(along([{ ...single, single: 'slope' }], 1), [Math.fround(1 / 3)])
    assert.deepEqual(along([{ ...single, single: 'shares' }], 0, 3), [0, 1])
  })
})
