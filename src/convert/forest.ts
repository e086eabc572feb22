import { InferError } from '../errors.ts'
import { type Forest, sumTrees } from '../kernels/forest.ts'
import type { Expr } from '../onnx/expr.ts'
import type { Tensor } from '../tensor/tensor.ts'

/**
 * Trees of any library: one intermediate form, one kernel. Limits on a file from a stranger: every node is reached at
 * most once, from its own tree, by positions within the arrays, and looks at a column that there is; so a walk ends
 * after at most as many steps as there are nodes.
 * @throws InferError bad_model that names the tree and the node
 */
export function checkForest(forest: Forest, columns: number, what: string): Forest {
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
      if (!(node >= 0 && node < nodes)) fail(tree, node, `does not exist`)
      if (seen[node] === 1) fail(tree, node, 'is reached twice')
      seen[node] = 1
      const column = feature[node] as number
      if (column < 0) continue
      if (column >= columns) fail(tree, node, `looks at column ${column} of ${columns}`)
      const index = set?.[node] ?? -1
      if (index < 0 && Number.isNaN(threshold[node])) fail(tree, node, 'has no threshold')
      if (index >= (sets?.length ?? 0)) fail(tree, node, `has the categories ${index}, which are not there`)
      pending.push(left[node] as number, right[node] as number)
    }
  }
  return forest
}

/** The sums of the trees' values: float64 [rows, outputs]. `x`: float64 [rows, columns]; `init`: what they start from. */
export function treeSums(x: Expr, forest: Forest, init?: Expr): Expr {
  const run = (rows: Tensor, start?: Tensor) => [sumTrees(forest, rows, start)]
  const inputs = init ? [x, init] : [x]
  return x.graph.host('decision trees', inputs, ['float64'], run as never)[0] as Expr
}
