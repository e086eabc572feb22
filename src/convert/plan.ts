import { InferError } from '../errors.ts'
import { encodeModel, type NamedValue } from '../onnx/encode.ts'
import type { Expr } from '../onnx/expr.ts'
import { Graph } from '../onnx/graph.ts'
import type { GraphInput, GraphNode, HostNode, OnnxNode } from '../onnx/node.ts'
import type { HostType, HostValue } from '../tensor/host-value.ts'

/** A value between stages, by number. */
export type Slot = number

export interface OnnxStage {
  readonly kind: 'onnx'
  /** A whole ONNX model, whose inputs and outputs have these names. */
  readonly model: Uint8Array
  readonly inputs: readonly { readonly name: string; readonly slot: Slot }[]
  readonly outputs: readonly { readonly name: string; readonly slot: Slot }[]
}

export interface HostStage {
  readonly kind: 'host'
  readonly name: string
  readonly inputs: readonly Slot[]
  readonly outputs: readonly Slot[]
  readonly run: HostNode['run']
}

export type Stage = OnnxStage | HostStage

/** A graph as it is run: ONNX models, and kernels of ours between them, one after the other. */
export interface Plan {
  readonly inputs: readonly { readonly name: string; readonly dtype: HostType; readonly slot: Slot }[]
  readonly outputs: readonly { readonly name: string; readonly slot: Slot }[]
  readonly constants: ReadonlyMap<Slot, HostValue>
  /** What is checked before the first stage. */
  readonly guards: readonly { readonly slot: Slot; readonly check: (value: HostValue) => void }[]
  readonly stages: readonly Stage[]
}

export interface NamedExpr {
  readonly name: string
  readonly value: Expr
}

/**
 * What it takes to compute `outputs`, cut into as few ONNX models as the kernels between them allow. A node's level is
 * the number of kernels on the longest way to it: all ONNX nodes of a level are one model, which runs before the
 * kernels of that level.
 */
export function planOf(graph: Graph, outputs: readonly NamedExpr[]): Plan {
  const needed = nodesFor(graph, outputs)
  const levels = levelsOf(needed)
  const depth = Math.max(0, ...levels.values()) + 1
  const kept = new Set(outputs.map(({ value }) => value))
  const takers = new Map<Expr, Set<GraphNode>>()
  for (const node of needed) {
    for (const input of takenBy(node)) takers.set(input, (takers.get(input) ?? new Set()).add(node))
  }
  const stages: Stage[] = []
  for (let level = 0; level < depth; level++) {
    const here = needed.filter((node) => levels.get(node) === level)
    const nodes = here.filter((node) => node.kind === 'onnx')
    const isElsewhere = (taker: GraphNode): boolean => taker.kind === 'host' || levels.get(taker) !== level
    const leaves = (value: Expr): boolean => kept.has(value) || [...(takers.get(value) ?? [])].some(isElsewhere)
    if (nodes.length > 0) stages.push(onnxStage(graph, nodes, leaves))
    for (const node of here) if (node.kind === 'host') stages.push(hostStage(node))
  }
  const slots = new Set(stages.flatMap((stage) => (stage.kind === 'host' ? stage.inputs : [])))
  for (const { value } of outputs) slots.add(value.id)
  return {
    inputs: graph.inputs.map(({ name, value }) => ({ name, dtype: value.dtype, slot: value.id })),
    outputs: outputs.map(({ name, value }) => ({ name, slot: value.id })),
    constants: new Map([...graph.constants].filter(([{ id }]) => slots.has(id)).map(([{ id }, value]) => [id, value])),
    guards: graph.guards.map(({ input, check }) => ({ slot: input.id, check })),
    stages,
  }
}

/**
 * The same as one ONNX model, with the graph's own input names.
 * @throws InferError bad_model that names the kernels, where there are any
 */
export function modelOf(graph: Graph, outputs: readonly NamedExpr[]): Uint8Array {
  const needed = nodesFor(graph, outputs)
  const kernels = new Set(needed.filter((node) => node.kind === 'host').map(({ name }) => name))
  if (kernels.size > 0)
    throw new InferError('bad_model', `ONNX cannot say all of this model: ${[...kernels].join(', ')}`)
  const taken = new Set(graph.inputs.map(({ value }) => value))
  const renamed = outputs.map(({ name, value }) => {
    if (taken.has(value)) return { name, value: graph.node('Identity', [value]) }
    taken.add(value)
    return { name, value }
  })
  const nodes = nodesFor(graph, renamed) as readonly OnnxNode[]
  return encodeModel({ inputs: graph.inputs, outputs: renamed, nodes, constants: graph.constants })
}

/** The nodes that `outputs` depend on, in order. */
function nodesFor(graph: Graph, outputs: readonly NamedExpr[]): GraphNode[] {
  const wanted = new Set(outputs.map(({ value }) => value))
  const needed: GraphNode[] = []
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i] as GraphNode
    if (!node.outputs.some((output) => wanted.has(output))) continue
    needed.push(node)
    for (const input of takenBy(node)) wanted.add(input)
  }
  return needed.reverse()
}

/** What a node takes, also what its subgraphs take from outside. */
function takenBy(node: GraphNode): Expr[] {
  if (node.kind === 'host') return [...node.inputs]
  const taken = node.inputs.filter((input) => input !== null)
  for (const attribute of Object.values(node.attributes)) {
    if (attribute instanceof Graph) taken.push(...attribute.outputs, ...attribute.nodes.flatMap(takenBy))
  }
  return taken
}

function levelsOf(nodes: readonly GraphNode[]): Map<GraphNode, number> {
  const levels = new Map<GraphNode, number>()
  const available = new Map<Expr, number>()
  for (const node of nodes) {
    const level = takenBy(node).reduce((highest, input) => Math.max(highest, available.get(input) ?? 0), 0)
    levels.set(node, level)
    for (const output of node.outputs) available.set(output, node.kind === 'host' ? level + 1 : level)
  }
  return levels
}

function onnxStage(graph: Graph, nodes: readonly OnnxNode[], leaves: (value: Expr) => boolean): OnnxStage {
  const dims = new Map(graph.inputs.map((input: GraphInput) => [input.value, input.dims]))
  const made = new Set(nodes.flatMap((node) => [...node.outputs, ...madeWithin(node)]))
  const inputs = new Map<Expr, NamedValue>()
  for (const value of nodes.flatMap(takenBy)) {
    if (made.has(value) || graph.constantOf(value)) continue
    inputs.set(value, { name: `v${value.id}`, value, dims: dims.get(value) })
  }
  const outputs = nodes
    .flatMap((node) => node.outputs)
    .filter(leaves)
    .map((value) => ({ name: `v${value.id}`, value }))
  const model = encodeModel({ inputs: [...inputs.values()], outputs, nodes, constants: graph.constants })
  const slotted = ({ name, value }: NamedValue) => ({ name, slot: value.id })
  return { kind: 'onnx', model, inputs: [...inputs.values()].map(slotted), outputs: outputs.map(slotted) }
}

/** What a node's subgraphs make and take for themselves. */
function madeWithin(node: GraphNode): Expr[] {
  if (node.kind === 'host') return []
  return Object.values(node.attributes)
    .filter((attribute) => attribute instanceof Graph)
    .flatMap((graph) => [
      ...graph.inputs.map(({ value }) => value),
      ...graph.nodes.flatMap((inner) => [...inner.outputs, ...madeWithin(inner)]),
    ])
}

const hostStage = ({ name, inputs, outputs, run }: HostNode): HostStage => ({
  kind: 'host',
  name,
  inputs: inputs.map(({ id }) => id),
  outputs: outputs.map(({ id }) => id),
  run,
})
