import { isArray, isObject, isTuple, type NdArray, type Value } from '../../formats/values.ts'
import type { Rows } from '../../kernels/pairs.ts'
import { ballBound, boxBound, type SpaceTree } from '../../kernels/space-tree.ts'
import { type Estimator, toFloats } from './estimator.ts'
import type { NamedMetric } from './metric.ts'

/**
 * The k-d tree or ball tree of an estimator, from the state that it is pickled with: data, order, nodes, bounds, ...
 * @throws InferError bad_model where nodes or rows are not there
 */
export function spaceTreeOf(model: Estimator, attribute: string, { metric, p }: NamedMetric): SpaceTree {
  const items = stateOf(model, attribute)
  const fail = (what: string) => model.broken([attribute], what)
  const [data, order, nodes, bounds] = items.slice(0, 4).map((item) => {
    if (!isArray(item)) throw fail('is no tree')
    return item
  }) as [NdArray, NdArray, NdArray, NdArray]
  const rows = treeRows(data)
  const field = (name: string): Float64Array => {
    const array = nodes.fields.get(name)
    if (!array) throw fail(`has no ${name}`)
    return toFloats(array)
  }
  const tree = {
    rows,
    order: Int32Array.from(toFloats(order)),
    start: Int32Array.from(field('idx_start')),
    end: Int32Array.from(field('idx_end')),
    leaf: Uint8Array.from(field('is_leaf')),
  }
  const count = tree.start.length
  const isBox = bounds.shape[0] === 2
  if (bounds.shape[1] !== count || bounds.shape[2] !== rows.width || count === 0)
    throw fail('has bounds of other nodes')
  for (let node = 0; node < count; node++) {
    const [from, to] = [tree.start[node] as number, tree.end[node] as number]
    if (!(from >= 0 && from <= to && to <= tree.order.length))
      throw fail(`has a node ${node} of rows that are not there`)
    if (tree.leaf[node] !== 1 && 2 * node + 2 >= count) throw fail(`has a node ${node} without children`)
  }
  if (!tree.order.every((row) => row >= 0 && row < rows.count)) throw fail('has rows that are not there')
  const values = toFloats(bounds)
  const half = count * rows.width
  const bound = isBox
    ? boxBound(values.subarray(0, half), values.subarray(half), rows.width, p)
    : ballBound(values, field('radius'), rows.width, metric)
  return { ...tree, bound }
}

/** The rows that a tree was made of, and their weights where it has some. */
export function treeContent(model: Estimator, attribute: string): { rows: Rows; weights: Float64Array | undefined } {
  const items = stateOf(model, attribute)
  const [data, weights] = [items[0], items[12]]
  if (!isArray(data)) throw model.broken([attribute], 'is no tree')
  return { rows: treeRows(data), weights: isArray(weights) ? toFloats(weights) : undefined }
}

function stateOf(model: Estimator, attribute: string): readonly Value[] {
  const tree = model.raw(attribute)
  if (!isObject(tree) || !isTuple(tree.state)) throw model.broken([attribute], 'is no tree')
  return tree.state.items
}

const treeRows = (data: NdArray): Rows => ({
  data: toFloats(data),
  count: data.shape[0] as number,
  width: data.shape[1] as number,
})
