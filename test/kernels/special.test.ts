import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coupledProbabilities } from '../../src/kernels/coupling.ts'
import { matern } from '../../src/kernels/covariance.ts'
import { DENSITY_KERNELS } from '../../src/kernels/density.ts'
import { orderedProduct, sparseDots } from '../../src/kernels/pairs.ts'
import { besselK, erf, gamma } from '../../src/kernels/special.ts'
import { createTensor } from '../../src/tensor/tensor.ts'

const isNear = (ours: number, theirs: number, rtol = 4e-15): void =>
  assert.ok(Math.abs(ours - theirs) <= rtol * Math.abs(theirs), `${ours} is not ${theirs}`)

test('the error function, by scipy.special', () => {
  for (const [x, y] of ERF) {
    isNear(erf(x), y)
    isNear(erf(-x), -y)
  }
})

test('the gamma function, by scipy.special', () => {
  for (const [x, y] of GAMMA) isNear(gamma(x), y)
})

test("Bessel's K, by scipy.special", () => {
  for (const [nu, x, y] of BESSEL) isNear(besselK(nu, x), y, 1e-13)
})

test('Matérn of half orders is what their formulas say', () => {
  for (const nu of [0.5, 1.5, 2.5]) {
    for (const squared of [0, 1e-6, 0.3, 9]) {
      const general = matern(nu + 1e-15 * nu)
      assert.ok(Math.abs(matern(nu)(squared) - general(squared)) < 1e-12)
    }
  }
})

test('densities integrate to one in one dimension', () => {
  for (const { log, norm } of Object.values(DENSITY_KERNELS)) {
    let sum = 0
    for (let d = -40; d < 40; d += 0.001) sum += 0.001 * Math.exp(log(Math.abs(d), 1) + norm(1))
    assert.ok(Math.abs(sum - 1) < 1e-3)
  }
})

test('two classes are coupled by going round, not by the sigmoid', () => {
  const scores = createTensor('float64', [1, 1], Float64Array.of(1))
  const { data } = coupledProbabilities(2, scores, Float64Array.of(-2), Float64Array.of(0))
  const [first, second] = data as Float64Array
  isNear((first as number) + (second as number), 1)
  const closed = 1 / (1 + Math.exp(-2))
  assert.ok(Math.abs((first as number) - closed) > 1e-7 && Math.abs((first as number) - closed) < 1e-2)
})

test('a score that is no number has the least probability', () => {
  const scores = createTensor('float64', [1, 1], Float64Array.of(Number.NaN))
  const { data } = coupledProbabilities(2, scores, Float64Array.of(-2), Float64Array.of(0))
  assert.ok((data as Float64Array).every(Number.isFinite))
})

test('products with sparse rows', () => {
  const rows = {
    dtype: 'sparse' as const,
    dims: [2, 3] as const,
    indptr: Int32Array.of(0, 1, 3),
    indices: Int32Array.of(2, 0, 1),
    data: Float64Array.of(2, 3, 4),
  }
  const dense = createTensor('float64', [1, 3], Float64Array.of(1, 2, 3))
  for (const x of [
    dense,
    {
      ...rows,
      dims: [1, 3] as const,
      indptr: Int32Array.of(0, 3),
      indices: Int32Array.of(0, 1, 2),
      data: Float64Array.of(1, 2, 3),
    },
  ]) {
    const [products, norms] = sparseDots(x, rows)
    assert.deepEqual([...(products.data as Float64Array)], [6, 11])
    assert.deepEqual([...(norms.data as Float64Array)], [14])
  }
})

test('sums in order', () => {
  const a = createTensor('float64', [1, 3], Float64Array.of(1e16, 1, -1e16))
  const b = createTensor('float64', [3, 1], Float64Array.of(1, 1, 1))
  assert.deepEqual([...(orderedProduct(a, b).data as Float64Array)], [0])
})

const ERF = [
  [1e-9, 1.1283791670955127e-9],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497148],
  [2.4999, 0.9995928300996666],
  [2.5, 0.999593047982555],
  [3.7, 0.9999998328489421],
  [7, 1.0],
] as const

const GAMMA = [
  [0.3, 2.991568987687591],
  [0.5, 1.7724538509055159],
  [0.8, 1.164229713725303],
  [1, 1.0],
  [1.7, 0.9086387328532907],
  [3.25, 2.549256966718529],
  [8.5, 14034.407293483413],
] as const

const BESSEL = [
  [0, 0.1, 2.427069024702017],
  [0.3, 1e-8, 462.5636031890667],
  [0.3, 1.9, 0.13137942527907037],
  [0.8, 2.1, 0.11438069721166506],
  [1, 0.5, 1.6564411200033007],
  [2.6, 1.0, 3.7499389707524027],
  [3.7, 12.0, 3.795637905437522e-6],
  [6, 30.0, 3.8413703461839664e-14],
  [0.5, 2.0, 0.11993777196806146],
] as const
