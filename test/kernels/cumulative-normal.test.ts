import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cumulativeNormal } from '../../src/kernels/cumulative-normal.ts'

/** `scipy.stats.norm.cdf` */
const KNOWN = [
  [-20, 2.7536241186061556e-89],
  [-8, 6.22096057427174e-16],
  [-3.0001, 0.0013494549132607172],
  [-3, 0.0013498980316300933],
  [-2.5, 0.006209665325776132],
  [-1, 0.15865525393145707],
  [-1e-9, 0.49999999960105773],
  [0, 0.5],
  [0.3, 0.6179114221889526],
  [1.7, 0.955434537241457],
  [2.9999, 0.998649658717045],
  [3, 0.9986501019683699],
  [3.5, 0.9997673709209645],
  [8, 0.9999999999999993],
  [9, 1.0],
] as const

describe('the normal distribution function', () => {
  for (const [x, share] of KNOWN) {
    test(`of ${x}`, () => assert.ok(Math.abs(cumulativeNormal(x) / share - 1) < 1e-12, String(cumulativeNormal(x))))
  }
  test('ends at 0 and 1', () => assert.deepEqual([-Infinity, Infinity, NaN].map(cumulativeNormal), [0, 1, NaN]))
})
