/** Trees in their one form: rows at the edge of thresholds, what is missing, categories, sums, and hostile files. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkForest, forestOf, type Tree, treeLeaves, treeSums } from '../../src/convert/forest.ts'
import { modelOf, planOf } from '../../src/convert/plan.ts'
import { applyTrees, sumTrees } from '../../src/kernels/forest.ts'
import { before, type Forest, layOut, MISSING, MISSING_LEFT, OUTSIDE_LEFT } from '../../src/kernels/forest-layout.ts'
import { openPlan } from '../../src/models/run-plan.ts'
import { Graph } from '../../src/onnx/graph.ts'
import { createTensor, type Tensor } from '../../src/tensor/tensor.ts'

type Settings = Partial<Parameters<typeof forestOf>[1]>

const settingsOf = (settings: Settings): Parameters<typeof forestOf>[1] => ({
  width: 1,
  outputs: 1,
  compare: 'at most',
  precision: 'float64',
  sum: 'float64',
  columns: 1,
  what: 'trees',
  ...settings,
})

/** A split of column 0: 1 for rows that go left, 2 for others. */
const split = (threshold: number, missing = 0, set = -1): Tree => ({
  feature: [0, -2, -2],
  threshold: [threshold, 0, 0],
  left: [1, -1, -1],
  right: [2, -1, -1],
  missing: [missing, 0, 0],
  ...(set >= 0 && { set: [set, -1, -1] }),
  values: [0, 1, 2],
  target: 0,
})

const column = (values: readonly number[]): Tensor =>
  createTensor('float64', [values.length, 1], Float64Array.from(values))

function sides(tree: Tree, values: readonly number[], settings: Settings = {}): number[] {
  const walk = layOut(forestOf([tree], settingsOf(settings)))
  const together = [...(sumTrees(walk, column(values)).data as Float64Array)]
  const alone = values.map((value) => (sumTrees(walk, column([value])).data as Float64Array)[0] as number)
  assert.deepEqual(alone, together, 'rows alone and together')
  return together
}

const FLOAT32_STEP = 2 ** -23

describe('thresholds', () => {
  test('float64: at most', () => assert.deepEqual(sides(split(1), [before(1), 1, 1 + 2 ** -52]), [1, 1, 2]))
  test('float64: below', () =>
    assert.deepEqual(sides(split(1), [before(1), 1, 1 + 2 ** -52], { compare: 'below' }), [1, 2, 2]))
  test('float32: a value is rounded before it is compared', () => {
    const rows = [1 + FLOAT32_STEP / 4, 1 + FLOAT32_STEP, 1, 1 - FLOAT32_STEP / 2]
    assert.deepEqual(sides(split(1), rows, { precision: 'float32' }), [1, 2, 1, 1])
    assert.deepEqual(sides(split(1), rows, { precision: 'float32', compare: 'below' }), [2, 2, 2, 1])
  })
  test('float32: a threshold keeps its float64', () => {
    const between = 1 + FLOAT32_STEP / 2
    assert.deepEqual(sides(split(between), [1, 1 + FLOAT32_STEP], { precision: 'float32' }), [1, 2])
  })
  test('zeros are alike', () => {
    assert.deepEqual(sides(split(0), [0, -0, 5e-324, -5e-324]), [1, 1, 2, 1])
    assert.deepEqual(sides(split(-0), [0, -0]), [1, 1])
    assert.deepEqual(sides(split(0), [0, -0, -5e-324], { compare: 'below' }), [2, 2, 1])
    assert.deepEqual(sides(split(-0), [0, -0], { compare: 'below' }), [2, 2])
  })
  test('infinities', () => {
    const rows = [Number.MAX_VALUE, Infinity, -Infinity, 0]
    assert.deepEqual(sides(split(Infinity), rows), [1, 1, 1, 1])
    assert.deepEqual(sides(split(Infinity), rows, { compare: 'below' }), [1, 2, 1, 1])
    assert.deepEqual(sides(split(-Infinity), rows), [2, 2, 1, 2])
    assert.deepEqual(sides(split(-Infinity), rows, { compare: 'below' }), [2, 2, 2, 2])
  })
})

describe('missing values', () => {
  const rows = [Number.NaN, 0, -0, 1e-35, 1.0001e-35, -3, 3]
  const cases: readonly (readonly [string, number, number, readonly number[]])[] = [
    ['NaN, right', MISSING.nan, 5, [2, 1, 1, 1, 1, 1, 1]],
    ['NaN, left', MISSING.nan | MISSING_LEFT, -5, [1, 2, 2, 2, 2, 2, 2]],
    ['zero, right', MISSING.zero, 5, [2, 2, 2, 2, 1, 1, 1]],
    ['zero, left', MISSING.zero | MISSING_LEFT, -5, [1, 1, 1, 1, 2, 2, 2]],
    ['none: NaN is zero', MISSING.none, 0, [1, 1, 1, 2, 2, 1, 2]],
    ['none, whatever side is told', MISSING.none | MISSING_LEFT, -1, [2, 2, 2, 2, 2, 1, 2]],
  ]
  for (const [name, policy, threshold, expected] of cases)
    test(name, () => assert.deepEqual(sides(split(threshold, policy), rows), expected))

  test('left of a threshold that nothing is below', () =>
    assert.deepEqual(
      sides(split(-Infinity, MISSING_LEFT), [Number.NaN, -Infinity, 0], { compare: 'below' }),
      [1, 2, 2],
    ))
  test('right of a threshold that everything is at most', () =>
    assert.deepEqual(sides(split(Infinity), [Number.NaN, Infinity]), [2, 1]))
  test('one column with several rules', () => {
    const trees = [split(0, MISSING.nan), split(0, MISSING_LEFT), split(1, MISSING.zero), split(-1, MISSING.none)]
    const walk = layOut(forestOf(trees, settingsOf({})))
    assert.deepEqual([...(sumTrees(walk, column([Number.NaN, 0, -2])).data as Float64Array)], [7, 6, 4])
  })
})

describe('categories', () => {
  const sets = [Uint32Array.of(0b1010), Uint32Array.of(0, 1 << 31), new Uint32Array(0)]
  const rows = [0, 1, 1.9, 3, 31, 32, 63, 64, 1e12, -1, -0.5, Number.NaN, Infinity]
  const told = (set: number, policy: number): number[] => sides(split(Number.NaN, policy, set), rows, { sets })
  test('bits send left, all else right', () => assert.deepEqual(told(0, 0), [2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]))
  test('the last bit of a word', () => assert.deepEqual(told(1, 0), [2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2]))
  test('what is outside may go left', () =>
    assert.deepEqual(told(0, OUTSIDE_LEFT), [2, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 2, 1]))
  test('what is missing may go left', () =>
    assert.deepEqual(told(2, MISSING_LEFT), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 2]))
  test('NaN as category zero', () =>
    assert.deepEqual(sides(split(0, MISSING.none, 0), [Number.NaN, 1], { sets: [Uint32Array.of(1)] }), [1, 2]))
})

describe('sums', () => {
  const leaf = (values: number[], target = 0): Tree => ({
    feature: [-2],
    threshold: [0],
    left: [-1],
    right: [-1],
    values,
    target,
  })
  const data = (tensor: Tensor): number[] => [...(tensor.data as Float64Array)]

  test('several values a leaf, each tree its outputs, from a start', () => {
    const forest = forestOf([leaf([1, 2], 1), leaf([3, 4], 0)], settingsOf({ width: 2, outputs: 3 }))
    const start = createTensor('float64', [3], Float64Array.of(10, 20, 30))
    assert.deepEqual(data(sumTrees(layOut(forest), column([0, 0]), start)), [13, 25, 32, 13, 25, 32])
    const byRow = createTensor('float64', [2, 3], Float64Array.of(1, 2, 3, 4, 5, 6))
    assert.deepEqual(data(sumTrees(layOut(forest), column([0, 0]), byRow)), [4, 7, 5, 7, 10, 8])
  })
  test('in float32, tree by tree', () => {
    const trees = [leaf([1]), leaf([2 ** -24]), leaf([2 ** -24])]
    const sum = (kind: 'float32' | 'float64') =>
      data(sumTrees(layOut(forestOf(trees, settingsOf({ sum: kind }))), column([0])))
    assert.deepEqual(sum('float32'), [1])
    assert.deepEqual(sum('float64'), [1 + 2 ** -23])
  })
  test('NaN and infinite leaves', () => {
    const tree: Tree = { ...split(0), values: [0, Number.NaN, -Infinity] }
    const walk = layOut(forestOf([tree], settingsOf({})))
    assert.deepEqual(data(sumTrees(walk, column([-1, 1, -1, 1, 1]))), [NaN, -Infinity, NaN, -Infinity, -Infinity])
  })
  test('no rows', () => assert.deepEqual(data(sumTrees(layOut(forestOf([split(0)], settingsOf({}))), column([]))), []))
})

/** Equal answers of a plain walk over the form, for forests made at random. */
describe('random forests', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) test(`seed ${seed}`, () => checkRandom(seed))
})

function checkRandom(seed: number): void {
  const random = randomOf(seed)
  const forest = randomForest(random, seed % 2 === 0)
  const walk = layOut(forest)
  for (const rows of [1, 2, 3, 4, 5, 67, 1500]) {
    const x = randomRows(random, rows)
    const leaves = leavesOf(forest, x)
    assert.deepEqual([...(applyTrees(walk, x).data as Int32Array)], leaves)
    assert.deepEqual([...(sumTrees(walk, x).data as Float64Array)], sumsOf(forest, leaves))
  }
}

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const COLUMNS = 4

function randomRows(random: () => number, rows: number): Tensor {
  const special = [Number.NaN, 0, -0, 1, 2, 40, -1, Infinity, -Infinity, 1e-36]
  const cell = () => (random() < 0.5 ? (special[Math.floor(random() * special.length)] as number) : random() * 4 - 2)
  return createTensor('float64', [rows, COLUMNS], Float64Array.from({ length: rows * COLUMNS }, cell))
}

function randomForest(random: () => number, hasSets: boolean, policies = [0, 1, 2, 3, 4, 5]): Forest {
  const sets = [Uint32Array.of(0b110), Uint32Array.of(5, 1 << 8)]
  const trees = Array.from({ length: 7 }, (_, index) => randomTree(random, index % 2, hasSets, policies))
  return forestOf(trees, settingsOf({ width: 2, outputs: 3, columns: COLUMNS, ...(hasSets && { sets }) }))
}

function randomTree(random: () => number, target: number, hasSets: boolean, policies: readonly number[]): Tree {
  const tree = { feature: [] as number[], threshold: [] as number[], left: [] as number[], right: [] as number[] }
  const missing: number[] = []
  const set: number[] = []
  const values: number[] = []
  const grow = (depth: number): number => {
    const node = tree.feature.push(-1) - 1
    const isLeaf = depth === 0 || random() < 0.15
    const isSet = hasSets && random() < 0.3
    tree.threshold.push(random() < 0.3 ? Math.floor(random() * 3) - 1 : random() * 4 - 2)
    missing.push((policies[Math.floor(random() * policies.length)] as number) | (random() < 0.5 ? OUTSIDE_LEFT : 0))
    set.push(isSet ? Math.floor(random() * 2) : -1)
    values.push(random(), random())
    tree.left.push(-1)
    tree.right.push(-1)
    if (isLeaf) return node
    tree.feature[node] = Math.floor(random() * COLUMNS)
    tree.left[node] = grow(depth - 1)
    tree.right[node] = grow(depth - 1)
    return node
  }
  grow(6)
  return { ...tree, missing, ...(hasSets && { set }), values, target }
}

/** What the form says, word by word. */
function leavesOf(forest: Forest, x: Tensor): number[] {
  const [rows = 0, columns = 0] = x.dims
  const leaves: number[] = []
  for (let row = 0; row < rows; row++) {
    for (const root of forest.roots) {
      let node = root
      while ((forest.feature[node] as number) >= 0) {
        const value = (x.data as Float64Array)[row * columns + (forest.feature[node] as number)] as number
        node = (goesLeft(forest, node, value) ? forest.left[node] : forest.right[node]) as number
      }
      leaves.push(node - root)
    }
  }
  return leaves
}

function goesLeft({ missing, set, sets, threshold, compare }: Forest, node: number, given: number): boolean {
  const policy = missing[node] as number
  const isZero = (policy & MISSING.zero) !== 0 && Math.abs(given) <= 1e-35
  const value = policy & MISSING.none && Number.isNaN(given) ? 0 : given
  if (isZero || Number.isNaN(value)) return (policy & MISSING_LEFT) !== 0
  const words = sets?.[set?.[node] ?? -1]
  if (!words) return compare === 'below' ? value < (threshold[node] as number) : value <= (threshold[node] as number)
  const category = Math.trunc(value)
  if (category < 0 || category >= 32 * words.length) return (policy & OUTSIDE_LEFT) !== 0
  return (((words[category >> 5] as number) >>> (category & 31)) & 1) === 1
}

function sumsOf({ roots, values, width, outputs, target }: Forest, leaves: readonly number[]): number[] {
  const rows = leaves.length / roots.length
  const sums = new Array<number>(rows * outputs).fill(0)
  for (let row = 0; row < rows; row++)
    roots.forEach((root, tree) => {
      const leaf = root + (leaves[row * roots.length + tree] as number)
      for (let i = 0; i < width; i++) {
        const to = row * outputs + (target[tree] as number) + i
        sums[to] = (sums[to] as number) + (values[leaf * width + i] as number)
      }
    })
  return sums
}

describe("ONNX's TreeEnsemble gives what the kernel gives", () => {
  const check = async (forest: Forest, x: Tensor): Promise<void> => {
    const answers: number[][] = []
    for (const target of ['serve', 'export'] as const) {
      const graph = new Graph(undefined, target)
      const input = graph.input('X', 'float64', ['rows', COLUMNS])
      const start = graph.constant(
        createTensor('float64', [forest.outputs], new Float64Array(forest.outputs).fill(0.5)),
      )
      const outputs = [{ name: 'sums', value: treeSums(input, forest, start) }]
      if (target === 'export') assert.ok(modelOf(graph, outputs).length > 0)
      const open = await openPlan(planOf(graph, outputs))
      answers.push([...(((await open.run([x]))[0] as Tensor).data as Float64Array)])
      await open.close()
    }
    const [served, exported] = answers as [number[], number[]]
    for (const [i, value] of served.entries())
      assert.ok(Math.abs(value - (exported[i] as number)) <= 1e-12, `value ${i}`)
  }
  const whole = ({ dims, data }: Tensor): Tensor =>
    createTensor(
      'float64',
      dims,
      (data as Float64Array).map((value) => (Number.isFinite(value) ? Math.round(value) : value)),
    )

  for (const seed of [1, 2, 3]) {
    test(`thresholds, seed ${seed}`, () => {
      const random = randomOf(seed)
      return check(randomForest(random, false, [0, 1]), randomRows(random, 200))
    })
    test(`sets, seed ${seed}`, () => {
      const random = randomOf(seed)
      return check(randomForest(random, true, [0, 1]), whole(randomRows(random, 200)))
    })
    test(`NaN as zero, seed ${seed}`, () => {
      const random = randomOf(seed)
      return check(randomForest(random, false, [MISSING.none]), randomRows(random, 200))
    })
    test(`float32, below, seed ${seed}`, () => {
      const random = randomOf(seed)
      const forest = randomForest(random, false, [0, 1])
      return check({ ...forest, compare: 'below', precision: 'float32' }, randomRows(random, 200))
    })
  }
  test('refuses zero as missing', () => {
    const graph = new Graph(undefined, 'export')
    const input = graph.input('X', 'float64', ['rows', 1])
    assert.throws(
      () => treeSums(input, forestOf([split(0, MISSING.zero)], settingsOf({}))),
      /TreeEnsemble cannot say these trees: zero counts as missing/,
    )
  })
})

describe('hostile trees are refused in a sentence', () => {
  const refuses = (name: string, make: () => unknown, message: RegExp): void => {
    test(name, () => void assert.throws(make, { name: 'InferError', code: 'bad_model', message }))
  }
  const one = (change: Partial<Tree>, settings: Settings = {}) =>
    forestOf([{ ...split(0), ...change }], settingsOf(settings))

  refuses('a node that is its own child', () => one({ left: [0, -1, -1] }), /node 0 of tree 0 is reached twice/)
  refuses('a child with two parents', () => one({ right: [1, -1, -1] }), /node 1 of tree 0 is reached twice/)
  refuses('a child beyond the nodes', () => one({ right: [3, -1, -1] }), /has the children 1 and 3 of 3 nodes/)
  refuses('one child', () => one({ right: [-1, -1, -1] }), /has the children 1 and -1/)
  refuses('a fractional child', () => one({ right: [1.5, -1, -1] }), /is reached twice/)
  refuses('a column that is not there', () => one({ feature: [1, -2, -2] }), /looks at column 1 of 1/)
  refuses('no column', () => one({ feature: [-2, -2, -2] }), /looks at column -2 of 1/)
  refuses('no threshold', () => one({ threshold: [Number.NaN, 0, 0] }), /node 0 of tree 0 has no threshold/)
  refuses('a set that is not there', () => one({ set: [4, -1, -1] }), /has the categories 4, which are not there/)
  refuses('too few values', () => one({ values: [0, 1] }), /3 nodes with 2 values/)
  refuses(
    'no nodes',
    () => forestOf([{ feature: [], threshold: [], left: [], right: [], values: [], target: 0 }], settingsOf({})),
    /0 nodes/,
  )
  refuses('an output that is not there', () => one({ target: 1 }), /outputs from 1 on, of 1/)
  refuses('a negative output', () => one({ target: -1 }), /outputs from -1 on/)
  refuses(
    'nodes that two trees share',
    () => checkForest({ ...forestOf([split(0), split(0)], settingsOf({})), roots: Int32Array.of(0, 0) }, 1, 'trees'),
    /node 0 of tree 1 is reached twice/,
  )
  refuses(
    'a root that is not there',
    () => checkForest({ ...forestOf([split(0)], settingsOf({})), roots: Int32Array.of(7) }, 1, 'trees'),
    /node 0 of tree 0 does not exist/,
  )

  test('a million levels are walked', () => {
    const levels = 1_000_000
    const nodes = 2 * levels + 1
    const isLeaf = (node: number): boolean => node % 2 === 1 || node === nodes - 1
    const by = (of: (node: number) => number) => Float64Array.from({ length: nodes }, (_, node) => of(node))
    const tree: Tree = {
      feature: by((node) => (isLeaf(node) ? -1 : 0)),
      threshold: by((node) => -node),
      left: by((node) => (isLeaf(node) ? -1 : node + 2)),
      right: by((node) => (isLeaf(node) ? -1 : node + 1)),
      values: by((node) => node),
      target: 0,
    }
    const started = performance.now()
    const forest = forestOf([tree], settingsOf({}))
    assert.deepEqual([...(sumTrees(layOut(forest), column([-Infinity, 1])).data as Float64Array)], [nodes - 1, 1])
    const graph = new Graph(undefined, 'export')
    treeSums(graph.input('X', 'float64', ['rows', 1]), forest)
    assert.ok(performance.now() - started < 20_000)
  })
  test('nodes that nothing leads to are left out', () => {
    const tree: Tree = {
      feature: [0, -2, -2, 0, 9],
      threshold: [0, 0, 0, Number.NaN, 0],
      left: [1, -1, -1, -1, -1],
      right: [2, -1, -1, -1, -1],
      values: [0, 1, 2, 3, 4],
      target: 0,
    }
    const walk = layOut(forestOf([tree], settingsOf({})))
    assert.deepEqual([...(sumTrees(walk, column([-1, 1])).data as Float64Array)], [1, 2])
  })
})

test('leaves are told by their positions in the file', async () => {
  const graph = new Graph()
  const input = graph.input('X', 'float64', ['rows', 1])
  const trees = [split(0), { ...split(5), left: [2, -1, -1], right: [1, -1, -1] }]
  const leaves = treeLeaves(input, forestOf(trees, settingsOf({})))
  const open = await openPlan(planOf(graph, [{ name: 'leaves', value: leaves }]))
  assert.deepEqual([...(((await open.run([column([-1, 1, 9])]))[0] as Tensor).data as Int32Array)], [1, 2, 2, 2, 2, 1])
  await open.close()
})
