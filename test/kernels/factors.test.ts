/** Optimisations against what can be checked without Python: where they stop, nothing is left to gain. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leastAngleCoder } from '../../src/kernels/least-angle.ts'
import { nearestLeaves } from '../../src/kernels/nearest-leaf.ts'
import { descendFactors, multiplyFactors } from '../../src/kernels/nmf.ts'
import { checkNonNegative } from '../../src/kernels/non-negative.ts'
import { POOLINGS, poolColumns } from '../../src/kernels/pool.ts'
import { type Atoms, type Coder, codeRows, lassoCoder, pursuitCoder } from '../../src/kernels/sparse-code.ts'
import { timesSparse } from '../../src/kernels/sparse-product.ts'
import { inferTopics } from '../../src/kernels/topics.ts'
import { createTensor, type Tensor } from '../../src/tensor/tensor.ts'

const matrix = (rows: readonly (readonly number[])[]): Tensor =>
  createTensor('float64', [rows.length, rows[0]?.length ?? 0], Float64Array.from(rows.flat()))

function close(ours: Tensor, theirs: readonly (readonly number[])[], tolerance = 1e-9): void {
  assert.deepEqual(ours.dims, matrix(theirs).dims)
  theirs.flat().forEach((value, i) => {
    assert.ok(Math.abs((ours.data[i] as number) - value) <= tolerance, `${ours.data}`)
  })
}

const AXES: Atoms = {
  dictionary: Float64Array.of(1, 0, 0, 1),
  count: 2,
  features: 2,
  gram: Float64Array.of(1, 0, 0, 1),
}
const lasso = { alpha: 1, isPositive: false, maxIterations: 100, tolerance: 1e-12, screens: true }

// On orthonormal atoms a lasso is a soft threshold: 3 - 1, and -0.5 is within it.
const CODERS: readonly (readonly [string, Coder, readonly number[]])[] = [
  ['lasso by descent', lassoCoder(AXES, lasso), [2, 0]],
  ['lasso by descent, unscreened', lassoCoder(AXES, { ...lasso, screens: false }), [2, 0]],
  [
    'lasso by angles',
    leastAngleCoder(AXES, { method: 'lasso', isPositive: false, alpha: 0.5, maxIterations: 9 }),
    [2, 0],
  ],
  ['one pursuit', pursuitCoder(AXES, 1), [3, 0]],
  ['two pursuits', pursuitCoder(AXES, 2), [3, -0.5]],
  [
    'least angles to the end',
    leastAngleCoder(AXES, { method: 'lar', isPositive: false, alpha: 0, maxIterations: 2 }),
    [3, -0.5],
  ],
]

for (const [name, coder, code] of CODERS) test(name, () => close(codeRows(AXES, coder, matrix([[3, -0.5]])), [code]))

test('a row of zeros has a code of zeros', () => {
  for (const [, coder] of CODERS) close(codeRows(AXES, coder, matrix([[0, 0]])), [[0, 0]])
})

const FACTORS = {
  components: Float64Array.of(1, 0, 2, 0, 1, 1),
  count: 2,
  l1: 0,
  l2: 0,
  tolerance: 1e-14,
  maxIterations: 10000,
}
const PRODUCT = matrix([
  [2, 3, 7],
  [0, 1, 1],
  [1, 0, 2],
])
const WEIGHTS = [
  [2, 3],
  [0, 1],
  [1, 0],
]

test('descent finds the factors of a product', () => close(descendFactors(FACTORS)(PRODUCT), WEIGHTS, 1e-6))

for (const beta of [2, 1, 1.5])
  test(`multiplication with beta ${beta} finds the factors of a product`, () =>
    close(multiplyFactors({ ...FACTORS, beta, stop: 'change' })(PRODUCT), WEIGHTS, 1e-3))

test('the topics of a document sum to one; an empty one has them all', () => {
  const model = {
    words: Float64Array.of(0.9, 0.1, 0.1, 0.9),
    topics: 2,
    prior: 0.5,
    maxIterations: 100,
    tolerance: 1e-6,
  }
  const mix = inferTopics(
    model,
    matrix([
      [0, 0],
      [9, 0],
    ]),
  ).data as Float64Array
  assert.deepEqual([...mix.subarray(0, 2)], [0.5, 0.5])
  assert.ok((mix[2] as number) > 0.8 && Math.abs((mix[2] as number) + (mix[3] as number) - 1) < 1e-15)
})

test('leaves of a tree of centers, the left where both are as near', () => {
  const tree = {
    left: Int32Array.of(1, -1, -1),
    right: Int32Array.of(2, -1, -1),
    label: Int32Array.of(-1, 7, 3),
    centers: Float64Array.of(0, -1, 1),
    squares: Float64Array.of(0, 1, 1),
  }
  assert.deepEqual([...(nearestLeaves(tree, matrix([[-2], [2], [0]])).data as BigInt64Array)], [7n, 3n, 7n])
})

test('columns are pooled by groups', () => {
  const groups = [Int32Array.of(0, 2, 3), Int32Array.of(1)]
  const pooled = Object.values(POOLINGS).map((pooling) => [
    ...(poolColumns(groups, pooling, matrix([[4, 8, 1, 2]])).data as Float64Array),
  ])
  assert.deepEqual(pooled, [
    [4, 8],
    [7 / 3, 8],
    [2, 8],
    [1, 8],
    [8, 8],
    [7, 8],
  ])
})

test('a sparse product is the product', () => {
  const sparse = {
    dtype: 'sparse' as const,
    dims: [2, 3] as const,
    indptr: Int32Array.of(0, 2, 2),
    indices: Int32Array.of(0, 2),
    data: Float64Array.of(2, -1),
  }
  close(timesSparse(sparse, matrix([[1, 2, 3]])), [[-1, 0]])
})

test('what must not be negative is refused by row and column', () => {
  assert.throws(
    () =>
      checkNonNegative(
        matrix([
          [1, 0],
          [2, -3],
        ]),
        'NMF',
      ),
    /^InferError: row 1 has -3 in column 1, and NMF takes no/,
  )
  assert.throws(
    () => checkNonNegative(matrix([[1, 0]]), 'NMF', true),
    /row 0 has 0 in column 1, and NMF takes positive numbers/,
  )
  checkNonNegative(matrix([[1, 0]]), 'NMF')
})
