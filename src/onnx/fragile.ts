import type { FieldReader } from '../formats/protobuf.ts'
import { ATTRIBUTE, GRAPH, INT64, NODE, TENSOR } from './schema.ts'
import { readQualifiedName } from './walk.ts'

/**
 * Operators that stand a zero-length dimension in some forms only (ONNX Runtime 1.30, CPU), and the inputs of which
 * one has to be a constant without zero-length dimensions: a product over a dimension of length zero answers what an
 * earlier run left in memory (MatMul), forgets `beta` (Gemm) or does not return (Conv).
 */
const CONSTANT_INPUT = new Map<string, readonly number[]>([
  [':MatMul', [0, 1]],
  [':Gemm', [0, 1]],
  [':Conv', [1]],
])

/** Operators that leave an empty tensor's shape as it was when they are told to reduce an axis counted from the end. */
const REDUCING = ['ArgMax', 'ArgMin', 'ReduceL1', 'ReduceL2', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceSum']

/** All of them, as `domain:Name`. */
export const CONDITIONAL: ReadonlySet<string> = new Set([
  ...CONSTANT_INPUT.keys(),
  ...REDUCING.map((name) => `:${name}`),
])

/** More numbers than this are no list of axes. */
const MAX_AXES = 64

interface Node {
  readonly op: string
  readonly inputs: readonly string[]
  /** Of the attributes `axis` and `axes`. */
  readonly axes: readonly bigint[]
}

/**
 * The operators above that a graph has in a form that zero-length dimensions upset. Nodes of its subgraphs are not
 * looked at.
 */
export function findFragile(graph: FieldReader): Set<string> {
  // With the numbers of each constant, if it could be a list of axes.
  const constants = new Map<string, readonly bigint[] | undefined>()
  const nodes: Node[] = []
  while (graph.next()) {
    if (graph.number === GRAPH.initializer) addTensor(constants, graph.message())
    if (graph.number !== GRAPH.node) continue
    const op = readQualifiedName(graph.message(), { domain: NODE.domain, name: NODE.opType })
    if (op === ':Constant') addConstant(constants, graph.message())
    if (CONDITIONAL.has(op)) nodes.push(readNode(op, graph.message()))
  }
  return new Set(nodes.filter((node) => isFragile(node, constants)).map(({ op }) => op))
}

function isFragile({ op, inputs, axes }: Node, constants: ReadonlyMap<string, readonly bigint[] | undefined>): boolean {
  const weights = CONSTANT_INPUT.get(op)
  if (weights !== undefined) return !weights.some((i) => constants.has(inputs[i] ?? ''))
  const given = inputs[1] ? constants.get(inputs[1]) : []
  return given === undefined || [...axes, ...given].some((axis) => axis < 0n)
}

function readNode(op: string, node: FieldReader): Node {
  const inputs: string[] = []
  const axes: bigint[] = []
  while (node.next()) {
    if (node.number === NODE.input) inputs.push(node.text())
    if (node.number !== NODE.attribute) continue
    const { name, ints } = readAttribute(node.message())
    if (name === 'axis' || name === 'axes') axes.push(...ints)
  }
  return { op, inputs, axes }
}

/** A Constant node: its value is a tensor, an integer or a list of integers; other kinds are no weights and no axes. */
function addConstant(constants: Map<string, readonly bigint[] | undefined>, node: FieldReader): void {
  let output = ''
  const attributes: FieldReader[] = []
  while (node.next()) {
    if (node.number === NODE.output) output = node.text()
    if (node.number === NODE.attribute) attributes.push(node.message())
  }
  for (const attribute of attributes) {
    const { tensor, ints } = readAttribute(attribute)
    if (tensor !== undefined) addTensor(constants, tensor, output)
    else if (ints.length > 0) constants.set(output, ints)
  }
}

function readAttribute(attribute: FieldReader): { name: string; ints: bigint[]; tensor: FieldReader | undefined } {
  let name = ''
  let tensor: FieldReader | undefined
  const ints: bigint[] = []
  while (attribute.next()) {
    if (attribute.number === ATTRIBUTE.name) name = attribute.text()
    else if (attribute.number === ATTRIBUTE.tensor) tensor = attribute.message()
    else if (attribute.number === ATTRIBUTE.int) ints.push(attribute.int64())
    else if (attribute.number === ATTRIBUTE.ints) pushFew(ints, attribute)
  }
  return { name, ints, tensor }
}

function addTensor(constants: Map<string, readonly bigint[] | undefined>, tensor: FieldReader, output?: string): void {
  let name = ''
  let dataType = 0
  let raw: Uint8Array | undefined
  const dims: bigint[] = []
  const values: bigint[] = []
  while (tensor.next()) {
    if (tensor.number === TENSOR.name) name = tensor.text()
    else if (tensor.number === TENSOR.dataType) dataType = tensor.int32()
    else if (tensor.number === TENSOR.rawData) raw = tensor.bytes()
    else if (tensor.number === TENSOR.dims) pushFew(dims, tensor)
    else if (tensor.number === TENSOR.int64Data) pushFew(values, tensor)
  }
  if (dims.some((dim) => dim <= 0n)) return
  if (raw !== undefined && raw.length <= 8 * MAX_AXES) values.push(...int64sOf(raw))
  const isList = dataType === INT64 && values.length > 0 && values.length <= MAX_AXES
  constants.set(output ?? name, isList ? values : undefined)
}

/** Keeps one more than could be axes, to tell that there are too many. */
function pushFew(list: bigint[], field: FieldReader): void {
  if (list.length > MAX_AXES) return
  for (const value of field.int64s()) {
    list.push(value)
    if (list.length > MAX_AXES) return
  }
}

function int64sOf(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length >> 3 }, (_, i) => view.getBigInt64(8 * i, true))
}
