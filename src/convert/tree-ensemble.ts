import { InferError } from '../errors.ts'
import { type Forest, MISSING, MISSING_LEFT, OUTSIDE_LEFT } from '../kernels/forest-layout.ts'
import type { Expr } from '../onnx/expr.ts'
import type { DType } from '../tensor/dtype.ts'
import { createTensor } from '../tensor/tensor.ts'

/** NODE_MODE of TreeEnsemble. */
const MODE = { atMost: 0, below: 1, member: 6 } as const

/** What TreeEnsemble's attributes are made of, node by node. */
interface Nodes {
  readonly features: number[]
  readonly modes: number[]
  readonly splits: number[]
  readonly missingTrue: number[]
  readonly trueNodes: number[]
  readonly trueLeafs: number[]
  readonly falseNodes: number[]
  readonly falseLeafs: number[]
  readonly members: number[]
  readonly leafTargets: number[]
  readonly leafWeights: number[]
  readonly roots: number[]
}

/**
 * The same sums as ONNX's own operator, for models that leave us. A leaf of TreeEnsemble has one target, so trees
 * with several values a leaf are written once for each of them. Categories are compared as they are, not cut to
 * integers. https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
 * @throws InferError bad_model where zero counts as missing, which the operator cannot say
 */
export function treeEnsemble(x: Expr, forest: Forest, init?: Expr): Expr {
  const dtype: DType = forest.sum
  const nodes = nodesOf(forest)
  const numbers = (values: readonly number[], type: DType = dtype) =>
    createTensor(
      type,
      [values.length],
      type === 'uint8'
        ? Uint8Array.from(values)
        : type === 'float32'
          ? Float32Array.from(values)
          : Float64Array.from(values),
    )
  const rows = forest.precision === 'float32' ? x.cast('float32') : x
  const sums = x.graph.node('ai.onnx.ml:TreeEnsemble', [withoutMissing(rows, forest).cast(dtype)], {
    aggregate_function: 1,
    post_transform: 0,
    n_targets: forest.outputs,
    tree_roots: nodes.roots,
    nodes_featureids: nodes.features,
    nodes_modes: numbers(nodes.modes, 'uint8'),
    nodes_splits: numbers(nodes.splits),
    nodes_missing_value_tracks_true: nodes.missingTrue,
    nodes_truenodeids: nodes.trueNodes,
    nodes_trueleafs: nodes.trueLeafs,
    nodes_falsenodeids: nodes.falseNodes,
    nodes_falseleafs: nodes.falseLeafs,
    leaf_targetids: nodes.leafTargets,
    leaf_weights: numbers(nodes.leafWeights),
    ...(nodes.members.length > 0 && { membership_values: numbers(nodes.members) }),
  })
  const wide = sums.cast('float64')
  return init ? wide.add(init) : wide
}

/** Columns whose missing values count as zero, with zeros in them. */
function withoutMissing(x: Expr, { feature, missing }: Forest): Expr {
  const none = new Set<number>()
  const others = new Set<number>()
  feature.forEach((column, node) => {
    const policy = missing[node] as number
    if (column >= 0 && policy & MISSING.zero) throw unsaid('zero counts as missing')
    if (column >= 0) (policy & MISSING.none ? none : others).add(column)
  })
  if (none.size === 0) return x
  for (const column of none) if (others.has(column)) throw unsaid(`column ${column} is missing in two ways`)
  const g = x.graph
  const width = Math.max(...none, ...others) + 1
  const isNone = Uint8Array.from({ length: width }, (_, column) => Number(none.has(column)))
  const used = x.slice(0, width, 1)
  return g.where(used.isNaN().and(g.constant(createTensor('bool', [width], isNone))), 0, used)
}

const unsaid = (why: string): InferError =>
  new InferError('bad_model', `ONNX's TreeEnsemble cannot say these trees: ${why}`)

function nodesOf(forest: Forest): Nodes {
  const { roots, feature, left, right, values, width, target } = forest
  // biome-ignore format: one row
  const nodes: Nodes = {
    features: [], modes: [], splits: [], missingTrue: [], trueNodes: [], trueLeafs: [], falseNodes: [], falseLeafs: [],
    members: [], leafTargets: [], leafWeights: [], roots: [],
  }
  for (let tree = 0; tree < roots.length; tree++) {
    for (let output = 0; output < width; output++) {
      const leaf = (at: number): number => {
        nodes.leafTargets.push((target[tree] as number) + output)
        return nodes.leafWeights.push(values[at * width + output] as number) - 1
      }
      const root = roots[tree] as number
      nodes.roots.push(nodes.features.length)
      if ((feature[root] as number) < 0) {
        addStump(nodes, leaf(root))
        continue
      }
      const pending: number[] = [root, addNode(nodes, forest, root)]
      while (pending.length > 0) {
        const node = pending.pop() as number
        const at = pending.pop() as number
        const [yes, no] = isSwapped(forest, at) ? [right, left] : [left, right]
        for (const [children, ids, leafs] of [
          [yes, nodes.trueNodes, nodes.trueLeafs],
          [no, nodes.falseNodes, nodes.falseLeafs],
        ] as const) {
          const child = children[at] as number
          const isLeaf = (feature[child] as number) < 0
          leafs[node] = Number(isLeaf)
          ids[node] = isLeaf ? leaf(child) : addNode(nodes, forest, child)
          if (!isLeaf) pending.push(child, ids[node] as number)
        }
      }
    }
  }
  return nodes
}

/** A tree that is a leaf: a node whose two ways lead to it. */
function addStump(nodes: Nodes, leaf: number): void {
  nodes.features.push(0)
  nodes.modes.push(MODE.atMost)
  nodes.splits.push(0)
  nodes.missingTrue.push(1)
  nodes.trueNodes.push(leaf)
  nodes.falseNodes.push(leaf)
  nodes.trueLeafs.push(1)
  nodes.falseLeafs.push(1)
}

/** Sets that send what they do not speak of left are written as the set of what goes right. */
const isSwapped = ({ set, missing }: Forest, at: number): boolean =>
  (set?.[at] ?? -1) >= 0 && ((missing[at] as number) & OUTSIDE_LEFT) !== 0

function addNode(nodes: Nodes, forest: Forest, at: number): number {
  const { feature, threshold, missing, set, sets, compare } = forest
  const words = sets?.[set?.[at] ?? -1]
  const swapped = isSwapped(forest, at)
  nodes.modes.push(words ? MODE.member : compare === 'below' ? MODE.below : MODE.atMost)
  nodes.splits.push(words ? 0 : (threshold[at] as number))
  nodes.missingTrue.push(Number((((missing[at] as number) & MISSING_LEFT) !== 0) !== swapped))
  if (words) addCategories(nodes.members, words, swapped)
  for (const list of [nodes.trueNodes, nodes.falseNodes, nodes.trueLeafs, nodes.falseLeafs]) list.push(0)
  return nodes.features.push(feature[at] as number) - 1
}

/** The categories of a set, or of what it leaves out, and NaN after them. */
function addCategories(members: number[], words: Uint32Array, isComplement: boolean): void {
  for (let category = 0; category < 32 * words.length; category++) {
    const isIn = (((words[category >> 5] as number) >>> (category & 31)) & 1) === 1
    if (isIn !== isComplement) members.push(category)
  }
  members.push(Number.NaN)
}
