import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Heap } from '../../src/kernels/heap.ts'
import { imputeNearest } from '../../src/kernels/impute.ts'
import { EUCLIDEAN, METRICS } from '../../src/kernels/metrics.ts'
import { byMetric, byProducts, fromGraph, given, scan } from '../../src/kernels/neighbors.ts'
import { manhattanDistance, pairwise, type Rows, squaredDistance, squaredNorms } from '../../src/kernels/pairs.ts'
import { boxBound, type SpaceTree, walk } from '../../src/kernels/space-tree.ts'
import { classSums, largest, means, normalized, weightsOf } from '../../src/kernels/votes.ts'
import { createTensor } from '../../src/tensor/tensor.ts'

const rows = (width: number, ...cells: number[]): Rows => ({
  data: Float64Array.from(cells),
  count: cells.length / width,
  width,
})
const line = rows(1, 0, 1, 2, 4, 8)
const query = rows(1, 1.4, 100)
const nearest = (count: number) => scan(2, 5, { nearest: count }, EUCLIDEAN, byMetric(EUCLIDEAN, query, line))

/** One root with the two leaves [0, 1] and [2, 3, 4]. */
const tree: SpaceTree = {
  rows: line,
  order: Int32Array.of(0, 1, 2, 3, 4),
  start: Int32Array.of(0, 0, 2),
  end: Int32Array.of(5, 2, 5),
  leaf: Uint8Array.of(0, 1, 1),
  bound: boxBound(Float64Array.of(0, 0, 2), Float64Array.of(8, 1, 8), 1, 2),
}

test('the heap keeps the smallest, and of equal values the first', () => {
  const heap = new Heap(2)
  for (const [index, value] of [3, 1, 1, 1, 5].entries()) heap.push(value, index)
  const [distances, indices] = [new Float64Array(2), new Int32Array(2)]
  heap.sortInto(distances, indices, 0)
  assert.deepEqual([...distances], [1, 1])
  assert.deepEqual([...indices], [1, 2])
})

describe('a search', () => {
  test('finds the nearest in the order of their distances', () => {
    const found = nearest(3)
    assert.deepEqual([...found.indices], [1, 2, 0, 4, 3, 2])
    assert.deepEqual([...found.starts], [0, 3, 6])
    assert.ok(Math.abs((found.distances[0] as number) - 0.4) < 1e-15)
  })
  test('finds the same by products, by given distances and by a tree', () => {
    const products = pairwise((a, i, b, j) => -2 * (a[i] as number) * (b[j] as number), query, line)
    const reduce = byProducts(query, squaredNorms(line), products)
    assert.deepEqual(scan(2, 5, { nearest: 3 }, EUCLIDEAN, reduce).indices, nearest(3).indices)
    const apart = createTensor('float64', [2, 5], pairwise(squaredDistance, query, line))
    assert.deepEqual(scan(2, 5, { nearest: 3 }, EUCLIDEAN, given(apart, 5)).indices, nearest(3).indices)
    assert.deepEqual(walk(tree, query, { nearest: 3 }, EUCLIDEAN), nearest(3))
  })
  test('finds all within a radius, its bound too', () => {
    const near = rows(1, 1)
    const wanted = { radius: 1 }
    const all = scan(1, 5, wanted, EUCLIDEAN, byMetric(EUCLIDEAN, near, line))
    assert.deepEqual([...all.indices], [0, 1, 2])
    assert.deepEqual(walk(tree, near, wanted, EUCLIDEAN), all)
  })
  test('puts what has no distance last', () => {
    const apart = createTensor('float64', [1, 3], Float64Array.of(Number.NaN, 2, 1))
    assert.deepEqual([...scan(1, 3, { nearest: 3 }, EUCLIDEAN, given(apart, 3)).indices], [2, 1, 0])
  })
  test('takes of a graph only what is stored', () => {
    const graph = {
      dtype: 'sparse' as const,
      dims: [1, 4] as const,
      indptr: Int32Array.of(0, 2),
      indices: Int32Array.of(1, 3),
      data: Float64Array.of(5, 0),
    }
    assert.deepEqual([...(fromGraph(graph, { nearest: 2 })?.indices ?? [])], [3, 1])
    assert.equal(fromGraph(graph, { nearest: 3 }), undefined)
    assert.deepEqual([...(fromGraph(graph, { radius: 1 })?.indices ?? [])], [3])
  })
})

describe('neighbors vote', () => {
  const found = {
    starts: Int32Array.of(0, 2, 4, 4),
    indices: Int32Array.of(0, 1, 1, 2),
    distances: Float64Array.of(1, 2, 0, 3),
  }
  test('by one over their distance; where one is at zero it alone', () => {
    assert.deepEqual([...weightsOf(found, 'distance')], [1, 0.5, 1, 0])
  })
  test('for classes', () => {
    const sums = classSums(found, weightsOf(found, 'uniform'), Int32Array.of(1, 0, 1), 2)
    assert.deepEqual([...(sums.data as Float64Array)], [1, 1, 1, 1, 0, 0])
    assert.deepEqual([...(normalized(sums).data as Float64Array)], [0.5, 0.5, 0.5, 0.5, 0, 0])
    assert.deepEqual([...largest(sums)], [0, 0, 0])
  })
  test('for means', () => {
    const mean = means(found, weightsOf(found, 'distance'), Float64Array.of(3, 6, 9), 1, Number.NaN)
    assert.deepEqual([...(mean.data as Float64Array)], [4, 6, Number.NaN])
  })
})

test('distances of several rows at a time are those of one', () => {
  const data = Array.from({ length: 21 }, (_, i) => Math.sin(i * i))
  const many = rows(3, ...data)
  for (const pair of [squaredDistance, manhattanDistance]) {
    const out = pairwise(pair, many, many)
    for (let i = 0; i < 7; i++)
      for (let j = 0; j < 7; j++) assert.equal(out[i * 7 + j], pair(many.data, i * 3, many.data, j * 3, 3))
  }
})

test('metrics', () => {
  const [a, b] = [Float64Array.of(1, 0, 3, 0), Float64Array.of(2, 0, 0, 5)]
  const distance = (name: string): number => {
    const metric = METRICS.get(name)
    assert.ok(metric)
    return Math.round(metric.toDistance(metric.reduced(a, 0, b, 0, 4)) * 1e6) / 1e6
  }
  // By scipy.spatial.distance.
  assert.equal(distance('euclidean'), 5.91608)
  assert.equal(distance('manhattan'), 9)
  assert.equal(distance('chebyshev'), 5)
  assert.equal(distance('canberra'), 2.333333)
  assert.equal(distance('braycurtis'), 0.818182)
  assert.equal(distance('hamming'), 0.75)
  assert.equal(distance('cosine'), 0.882556)
  assert.equal(distance('jaccard'), 0.666667)
  assert.equal(distance('yule'), 1)
})

test('a missing value is the mean of the nearest rows that have it', () => {
  const fitted = rows(2, 0, 10, 1, Number.NaN, 2, 30, 9, 90)
  const imputer = {
    fitted,
    means: Float64Array.of(3, 40),
    nearest: 2,
    weighting: 'uniform' as const,
    countsApart: false,
  }
  const x = createTensor('float64', [2, 2], Float64Array.of(1, Number.NaN, Number.NaN, Number.NaN))
  assert.deepEqual([...(imputeNearest(imputer, x).data as Float64Array)], [1, 20, 3, 40])
})
