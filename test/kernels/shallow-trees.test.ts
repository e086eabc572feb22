/** Shallow trees in their own form give what all trees give, to the last bit. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { forestOf, type Tree } from '../../src/convert/forest.ts'
import { sumTrees } from '../../src/kernels/forest.ts'
import { before, layOut, MISSING, MISSING_LEFT } from '../../src/kernels/forest-layout.ts'
import { layOutShallow, sumShallow } from '../../src/kernels/shallow-trees.ts'
import { createTensor } from '../../src/tensor/tensor.ts'

const COLUMNS = 3
const THRESHOLDS = [-Infinity, -1.5, -0, 0.1, Math.fround(0.1), 1 / 3, 2, Infinity]
const CELLS = [...THRESHOLDS, ...THRESHOLDS.map(before), Number.NaN, 0, 1e-36, 7]
const POLICIES = [MISSING.nan, MISSING.nan | MISSING_LEFT, MISSING.zero, MISSING.none]

/** The same numbers in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * below)
  }
}

/** At most `depth` deep, its nodes in the order in which they are made. */
function treeOf(random: (below: number) => number, depth: number, target: number): Tree {
  const nodes: { feature: number; threshold: number; left: number; right: number; missing: number; value: number }[] =
    []
  const add = (level: number): number => {
    const node = { feature: -2, threshold: 0, left: -1, right: -1, missing: 0, value: random(1000) / 7 }
    const at = nodes.push(node) - 1
    if (level === depth || random(6) === 0) return at
    node.feature = random(COLUMNS)
    node.threshold = THRESHOLDS[random(THRESHOLDS.length)] as number
    node.missing = POLICIES[random(POLICIES.length)] as number
    node.left = add(level + 1)
    node.right = add(level + 1)
    return at
  }
  add(0)
  const list = (name: 'feature' | 'threshold' | 'left' | 'right' | 'missing'): number[] =>
    nodes.map((node) => node[name])
  return {
    ...{ feature: list('feature'), threshold: list('threshold'), missing: list('missing') },
    ...{ left: list('left'), right: list('right'), values: nodes.map(({ value }) => value), target },
  }
}

/** Nothing is below -Infinity: such a node is one of an empty set. */
function withoutLowest({ threshold }: Tree): number[] {
  return Array.from(threshold, (value) => (value === -Infinity ? -1e300 : value))
}

for (const compare of ['at most', 'below'] as const) {
  for (const single of [true, false]) {
    describe(`${compare}, ${single ? 'float32' : 'float64'}`, () => {
      const random = randomOf(single ? 3 : 4)
      const trees = Array.from({ length: 201 }, (_, i) => treeOf(random, i % 7, i % 2))
      const precision = single ? 'float32' : 'float64'
      const settings = {
        compare,
        precision,
        sum: precision,
        width: 1,
        outputs: 2,
        columns: COLUMNS,
        what: 'trees',
      } as const
      const finite = compare === 'at most' ? trees : trees.map((tree) => ({ ...tree, threshold: withoutLowest(tree) }))
      const walk = layOut(forestOf(finite, settings))
      const shallow = layOutShallow(walk)
      for (const rows of [1, 3, 4, 5, 63, 64, 65, 200]) {
        test(`${rows} rows`, () => {
          assert.ok(shallow, 'has this form')
          const cells = Float64Array.from({ length: rows * COLUMNS }, () => CELLS[random(CELLS.length)] as number)
          const x = createTensor('float64', [rows, COLUMNS], cells)
          const init = createTensor('float64', [2], Float64Array.of(0.5, -0.25))
          assert.deepEqual(sumShallow(shallow, walk, x, init), sumTrees(walk, x, init))
        })
      }
    })
  }
}

test('deep, few and uneven trees keep their form', () => {
  const random = randomOf(5)
  const settings = { compare: 'at most', precision: 'float64', sum: 'float64', width: 1, outputs: 1 } as const
  const formOf = (trees: readonly Tree[]) =>
    layOutShallow(layOut(forestOf(trees, { ...settings, columns: COLUMNS, what: 'trees' })))
  assert.equal(formOf([treeOf(random, 3, 0)]), undefined)
  assert.equal(formOf(Array.from({ length: 100 }, () => treeOf(random, 12, 0))), undefined)
})
