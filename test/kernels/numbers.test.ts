import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inverseNormal } from '../../src/kernels/normal.ts'
import { powersOf } from '../../src/kernels/powers.ts'
import { interpolate } from '../../src/kernels/quantiles.ts'
import { createTensor } from '../../src/tensor/tensor.ts'

/** Probabilities, and scipy.special.ndtri of them. */
const DEVIATES = [
  [1e-300, -37.0470962993612],
  [1e-20, -9.262340089798409],
  [1e-7, -5.1993375821928165],
  [0.001, -3.090232306167813],
  [0.025, -1.9599639845400545],
  [0.074, -1.4466320671589785],
  [0.0751, -1.4388253927525403],
  [0.3, -0.5244005127080409],
  [0.9, 1.2815515655446004],
  [0.975, 1.959963984540054],
  [0.9999999, 5.199337582290661],
  [0.9999999999999999, 8.209536151601387],
] as const

test('the inverse of the normal distribution', () => {
  for (const [probability, deviate] of DEVIATES)
    assert.ok(Math.abs(inverseNormal(probability) - deviate) <= 1e-14 * Math.abs(deviate), `${probability}`)
  assert.deepEqual([0, 0.5, 1, -1].map(inverseNormal), [-Infinity, 0, Infinity, NaN])
})

test('interpolation is constant outside, and takes the last of equal positions', () => {
  const at = (x: number) => interpolate(x, Float64Array.of(0, 1, 1, 3), Float64Array.of(0, 10, 20, 40))
  assert.deepEqual([-1, 0, 0.5, 1, 2, 3, 9].map(at), [0, 0, 5, 20, 30, 40, 40])
})

test('Box-Cox takes positive numbers only', () => {
  const run = () =>
    powersOf('box-cox', Float64Array.of(1, 1), createTensor('float64', [1, 2], Float64Array.of(1, 0)), ['a', 'b'])
  assert.throws(run, {
    code: 'bad_request',
    message: 'row 0 has 0 in column b, and Box-Cox takes positive numbers only',
  })
})
