import { InferError } from '../errors.ts'
import { FieldWriter } from '../formats/protobuf-writer.ts'
import type { DType } from '../tensor/dtype.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Expr } from './expr.ts'
import { Graph } from './graph.ts'
import type { Attribute, OnnxNode } from './node.ts'
import {
  ATTRIBUTE,
  DIMENSION,
  elementTypeNumber,
  GRAPH,
  MAX_MODEL_BYTES,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './schema.ts'

/** What is written: the newest IR and operators that ONNX Runtime 1.20 and later load. */
const IR_VERSION = 10
const OPSETS: Readonly<Record<string, number>> = { '': 21, 'ai.onnx.ml': 5, 'com.microsoft': 1 }

/** AttributeProto.AttributeType. */
const TYPES = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const

export interface NamedValue {
  readonly name: string
  readonly value: Expr
  /** A string is a symbolic length; `undefined`: any rank, which is left out. */
  readonly dims?: readonly (number | string)[] | undefined
}

export interface GraphParts {
  readonly inputs: readonly NamedValue[]
  readonly outputs: readonly NamedValue[]
  /** In an order in which each comes after what it takes. */
  readonly nodes: readonly OnnxNode[]
  readonly constants: ReadonlyMap<Expr, Tensor>
}

/**
 * Nodes as the bytes of an ONNX model. Constants that no node takes are left out.
 * @throws InferError bad_model beyond protobuf's 2 GiB
 */
export function encodeModel({ inputs, outputs, nodes, constants }: GraphParts): Uint8Array {
  const names = new Map<Expr, string>([...inputs, ...outputs].map(({ name, value }) => [value, name]))
  const nameOf = (value: Expr): string => names.get(value) ?? `v${value.id}`
  const graph = new FieldWriter().text(GRAPH.name, 'graph')
  const domains = new Set([''])
  const used = new Set<Expr>()
  const context: Context = { nameOf, domains, used }
  for (const node of nodes) graph.message(GRAPH.node, nodeMessage(node, context))
  const given = new Set(inputs.map(({ value }) => value))
  const made = new Set(nodes.flatMap((node) => node.outputs))
  for (const { name, value } of outputs) {
    if (made.has(value)) continue
    if (!given.has(value)) used.add(value)
    if (given.has(value) && nameOf(value) !== name) throw new InferError('internal', `${name} is an input as it is`)
  }
  for (const value of used) {
    const tensor = constants.get(value)
    if (tensor) graph.message(GRAPH.initializer, tensorMessage(tensor, nameOf(value)))
  }
  for (const input of inputs) graph.message(GRAPH.input, valueInfo(input))
  for (const output of outputs) graph.message(GRAPH.output, valueInfo(output))
  if (graph.length > MAX_MODEL_BYTES)
    throw new InferError('bad_model', `the converted model would take ${graph.length} bytes; ONNX has at most 2 GiB`)
  const model = new FieldWriter().varint(MODEL.irVersion, IR_VERSION).text(MODEL.producerName, 'infernet-classic')
  for (const domain of domains) {
    const opset = new FieldWriter().text(OPSET.domain, domain).varint(OPSET.version, OPSETS[domain] ?? 1)
    model.message(MODEL.opsetImport, opset)
  }
  return model.message(MODEL.graph, graph).finish()
}

interface Context {
  readonly nameOf: (value: Expr) => string
  readonly domains: Set<string>
  /** Values that were taken: among them the constants to write. */
  readonly used: Set<Expr>
}

function nodeMessage(node: OnnxNode, context: Context): FieldWriter {
  const message = new FieldWriter()
  for (const input of node.inputs) {
    if (input) context.used.add(input)
    message.text(NODE.input, input ? context.nameOf(input) : '')
  }
  for (const output of node.outputs) message.text(NODE.output, context.nameOf(output))
  message.text(NODE.opType, node.op)
  if (node.domain !== '') message.text(NODE.domain, node.domain)
  context.domains.add(node.domain)
  for (const [name, value] of Object.entries(node.attributes)) {
    message.message(NODE.attribute, attributeMessage(name, value, context))
  }
  return message
}

function attributeMessage(name: string, value: Attribute, context: Context): FieldWriter {
  const message = new FieldWriter().text(ATTRIBUTE.name, name)
  if (name === 'to' && typeof value === 'string')
    return attributeMessage(name, elementTypeNumber(value as DType), context)
  if (typeof value === 'number' || typeof value === 'bigint')
    return message.varint(ATTRIBUTE.type, TYPES.int).varint(ATTRIBUTE.int, value)
  if (typeof value === 'string') return message.varint(ATTRIBUTE.type, TYPES.string).text(ATTRIBUTE.string, value)
  if (value instanceof Graph) {
    return message.varint(ATTRIBUTE.type, TYPES.graph).message(ATTRIBUTE.graph, subgraphMessage(value, name, context))
  }
  if ('float' in value) {
    if (typeof value.float === 'number')
      return message.varint(ATTRIBUTE.type, TYPES.float).float(ATTRIBUTE.float, value.float)
    return message.varint(ATTRIBUTE.type, TYPES.floats).floats(ATTRIBUTE.floats, value.float)
  }
  if ('dtype' in value)
    return message.varint(ATTRIBUTE.type, TYPES.tensor).message(ATTRIBUTE.tensor, tensorMessage(value, ''))
  if (typeof value[0] === 'string') {
    message.varint(ATTRIBUTE.type, TYPES.strings)
    for (const item of value as readonly string[]) message.text(ATTRIBUTE.strings, item)
    return message
  }
  return message.varint(ATTRIBUTE.type, TYPES.ints).varints(ATTRIBUTE.ints, value as readonly (number | bigint)[])
}

function subgraphMessage(graph: Graph, name: string, context: Context): FieldWriter {
  const message = new FieldWriter().text(GRAPH.name, name)
  const made = new Set<Expr>()
  for (const node of graph.nodes) {
    if (node.kind === 'host') throw new InferError('internal', `the kernel ${node.name} stands in a subgraph`)
    message.message(GRAPH.node, nodeMessage(node, context))
    for (const output of node.outputs) made.add(output)
  }
  for (const { value, dims } of graph.inputs) {
    message.message(GRAPH.input, valueInfo({ name: context.nameOf(value), value, dims }))
  }
  for (const value of graph.outputs) {
    const name = made.has(value) ? context.nameOf(value) : forward(value, message, context)
    message.message(GRAPH.output, valueInfo({ name, value }))
  }
  return message
}

/** A subgraph has to make what it gives: an outer value, a constant or its own input is passed on by an Identity. */
function forward(value: Expr, message: FieldWriter, context: Context): string {
  context.used.add(value)
  const name = `${context.nameOf(value)}_of_${message.length}`
  const node = new FieldWriter().text(NODE.input, context.nameOf(value)).text(NODE.output, name)
  message.message(GRAPH.node, node.text(NODE.opType, 'Identity'))
  return name
}

function valueInfo({ name, value, dims }: NamedValue): FieldWriter {
  const tensor = new FieldWriter().varint(TENSOR_TYPE.elemType, elementTypeNumber(value.dtype as DType))
  if (dims) tensor.message(TENSOR_TYPE.shape, shapeMessage(dims))
  return new FieldWriter()
    .text(VALUE_INFO.name, name)
    .message(VALUE_INFO.type, new FieldWriter().message(TYPE.tensor, tensor))
}

function shapeMessage(dims: readonly (number | string)[]): FieldWriter {
  const shape = new FieldWriter()
  for (const dim of dims) {
    const message = new FieldWriter()
    if (typeof dim === 'number') message.varint(DIMENSION.value, dim)
    else message.text(DIMENSION.param, dim)
    shape.message(SHAPE.dim, message)
  }
  return shape
}

function tensorMessage({ dtype, dims, data }: Tensor, name: string): FieldWriter {
  const message = new FieldWriter().varints(TENSOR.dims, dims).varint(TENSOR.dataType, elementTypeNumber(dtype))
  if (name !== '') message.text(TENSOR.name, name)
  if (Array.isArray(data)) for (const text of data) message.text(TENSOR.stringData, text)
  else message.bytes(TENSOR.rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return message
}
