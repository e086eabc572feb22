import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digamma, quickDigamma } from '../../src/kernels/digamma.ts'

/** scipy.special.psi */
const PSI: readonly (readonly [number, number])[] = [
  [1e-6, -1000000.57721402],
  [0.25, -4.2274535333762655],
  [1, -0.5772156649015329],
  [2.5, 0.7031566406452432],
  [9.5, 2.1977378764029494],
  [1000.25, 6.907505289414428],
]

test('digamma is psi to the last digits', () => {
  for (const [x, psi] of PSI) assert.ok(Math.abs(digamma(x) - psi) <= 1e-14 * Math.abs(psi), `${x}: ${digamma(x)}`)
})

test('the quick one is as far from psi as it says', () => {
  for (const [x, psi] of PSI)
    assert.ok(Math.abs(quickDigamma(x) - psi) <= 3e-9 + 2e-12 * Math.abs(psi), `${x}: ${quickDigamma(x)}`)
})

test('below zero there is no answer, and no loop', () => {
  for (const x of [0, -1, -1e300, Number.NaN]) assert.ok(Number.isNaN(digamma(x)))
})
