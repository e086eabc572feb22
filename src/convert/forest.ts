import { InferError } from '../errors.ts'
import { applyTrees, sumTrees } from '../kernels/forest.ts'
import { type Forest, layOut, type Walk } from '../kernels/forest-layout.ts'
import { layOutShallow, type Shallow, sumShallow } from '../kernels/shallow-trees.ts'
import type { Expr } from '../onnx/expr.ts'
import type { Kernel } from '../onnx/node.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { treeEnsemble } from './tree-ensemble.ts'

/**
 * Trees of any library: one intermediate form, one kernel. Limits on a file from a stranger: every node is reached at
 * most once, from its own tree, by positions within the arrays, and looks at a column that there is; so a walk ends
 * after at most as many steps as there are nodes.
 * @throws InferError bad_model that names the tree and the node
 */
export function checkForest(forest: Forest, columns: number, what: string): Forest {
  checkSizes(forest, what)
  const { roots, feature, left, right, threshold, set, sets } = forest
  const nodes = feature.length
  const seen = new Uint8Array(nodes)
  const fail = (tree: number, node: number, why: string): never => {
    throw new InferError('bad_model', `${what}: node ${node - (roots[tree] ?? 0)} of tree ${tree} ${why}`)
  }
  const pending: number[] = []
  for (let tree = 0; tree < roots.length; tree++) {
    pending.push(roots[tree] as number)
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (!(node >= 0 && node < nodes)) fail(tree, node, 'does not exist')
      if (seen[node] === 1) fail(tree, node, 'is reached twice')
      seen[node] = 1
      const column = feature[node] as number
      if (column < 0) continue
      if (column >= columns) fail(tree, node, `looks at column ${column} of ${columns}`)
      const index = set?.[node] ?? -1
      if (index < 0 && Number.isNaN(threshold[node])) fail(tree, node, 'has no threshold')
      if (index >= (sets?.length ?? 0)) fail(tree, node, `has the categories ${index}, which are not there`)
      pending.push(right[node] as number, left[node] as number)
    }
  }
  return forest
}

/** That the arrays are of one length, and every tree's values have outputs to be added to. */
function checkSizes(forest: Forest, what: string): void {
  const { roots, feature, threshold, left, right, missing, set, values, width, target, outputs } = forest
  const nodes = feature.length
  const fail = (why: string): never => {
    throw new InferError('bad_model', `${what}: ${why}`)
  }
  for (const [name, list] of Object.entries({ threshold, left, right, missing, ...(set && { set }) }))
    if (list.length !== nodes) fail(`${nodes} nodes have ${list.length} values of ${name}`)
  if (!(width >= 1) || values.length !== nodes * width) fail(`${nodes} nodes have ${values.length} values in leaves`)
  if (target.length !== roots.length) fail(`${roots.length} trees have ${target.length} targets`)
  for (const first of target)
    if (!(first >= 0 && first + width <= outputs)) fail(`a tree is for the outputs from ${first} on, of ${outputs}`)
}

const walks = new WeakMap<Forest, Walk>()

/** A forest is laid out once, whatever is asked of it. */
function walkOf(forest: Forest): Walk {
  const walk = walks.get(forest) ?? layOut(forest)
  walks.set(forest, walk)
  return walk
}

const shallows = new WeakMap<Walk, { readonly form: Shallow | undefined }>()

/** The same of its form for many shallow trees. */
function shallowOf(walk: Walk): Shallow | undefined {
  const known = shallows.get(walk) ?? { form: layOutShallow(walk) }
  shallows.set(walk, known)
  return known.form
}

/**
 * The sums of the trees' values: float64 [rows, outputs]; of a graph that is exported as ONNX's own operator.
 * @param x float64 [rows, columns]
 * @param init [rows, outputs] or [outputs]: what they start from
 */
export function treeSums(x: Expr, forest: Forest, init?: Expr): Expr {
  if (x.graph.target === 'export') return treeEnsemble(x, forest, init)
  const walk = walkOf(forest)
  const shallow = shallowOf(walk)
  const run: Kernel = (rows, start) => {
    const [x, from] = [rows as Tensor, start as Tensor | undefined]
    return [shallow ? sumShallow(shallow, walk, x, from) : sumTrees(walk, x, from)]
  }
  return x.graph.host('decision trees', init ? [x, init] : [x], ['float64'], run)[0] as Expr
}

/** The leaves that rows end in, by their positions within the trees: int32 [rows, trees]. */
export function treeLeaves(x: Expr, forest: Forest): Expr {
  const walk = walkOf(forest)
  return x.graph.host('leaves of trees', [x], ['int32'], (rows) => [applyTrees(walk, rows as Tensor)])[0] as Expr
}

/** One tree as files have it: positions count from its own root, a leaf has a negative left child. */
export interface Tree {
  readonly feature: ArrayLike<number>
  readonly threshold: ArrayLike<number>
  readonly left: ArrayLike<number>
  readonly right: ArrayLike<number>
  /** By node: MISSING and its flags; by default NaN goes right. */
  readonly missing?: ArrayLike<number>
  readonly set?: ArrayLike<number>
  /** [nodes, width] */
  readonly values: ArrayLike<number>
  readonly target: number
}

export type ForestSettings = Pick<Forest, 'width' | 'outputs' | 'compare' | 'precision' | 'sum'> & {
  readonly sets?: readonly Uint32Array[]
  readonly columns: number
  /** Who has these trees, for errors. */
  readonly what: string
}

/** Trees one after the other, checked. @throws InferError bad_model */
export function forestOf(trees: readonly Tree[], { columns, what, ...settings }: ForestSettings): Forest {
  const { width } = settings
  const nodes = trees.reduce((total, { feature }) => total + feature.length, 0)
  const hasSets = trees.some(({ set }) => set !== undefined)
  const forest = {
    ...settings,
    roots: new Int32Array(trees.length),
    feature: new Int32Array(nodes),
    threshold: new Float64Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missing: new Uint8Array(nodes),
    ...(hasSets && { set: new Int32Array(nodes).fill(-1) }),
    values: new Float64Array(nodes * width),
    target: Int32Array.from(trees, ({ target }) => target),
  }
  let root = 0
  trees.forEach((tree, index) => {
    const count = tree.feature.length
    const fail = (node: number, why: string): never => {
      throw new InferError('bad_model', `${what}: node ${node} of tree ${index} ${why}`)
    }
    if (count === 0 || tree.left.length !== count || tree.right.length !== count || tree.threshold.length !== count)
      fail(0, `is of a tree of ${count} nodes with ${tree.left.length} children`)
    if (tree.values.length !== count * width) fail(0, `is of ${count} nodes with ${tree.values.length} values`)
    forest.roots[index] = root
    forest.threshold.set(tree.threshold, root)
    forest.values.set(tree.values, root * width)
    if (tree.missing) forest.missing.set(tree.missing, root)
    if (tree.set) forest.set?.set(tree.set, root)
    for (let node = 0; node < count; node++) {
      const left = tree.left[node] as number
      const right = tree.right[node] as number
      const column = tree.feature[node] as number
      const isLeaf = left < 0
      if (!isLeaf && !(left < count && right >= 0 && right < count))
        fail(node, `has the children ${left} and ${right} of ${count} nodes`)
      if (!isLeaf && !(column >= 0 && column < columns)) fail(node, `looks at column ${column} of ${columns}`)
      forest.feature[root + node] = isLeaf ? -1 : column
      forest.left[root + node] = root + left
      forest.right[root + node] = root + right
    }
    root += count
  })
  return checkForest(forest, columns, what)
}
