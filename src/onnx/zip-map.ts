import { InferError, show } from '../errors.ts'
import { FieldReader } from '../formats/protobuf.ts'
import { FieldWriter } from '../formats/protobuf-writer.ts'
import { ATTRIBUTE, DIMENSION, FLOAT, GRAPH, MODEL, NODE, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO } from './schema.ts'
import { once, readText, rewriteFields, walk } from './walk.ts'

/** An output that was a sequence of maps and is a tensor (rows, classes) of float32 now. */
export interface ZipMap {
  readonly output: string
  /** Its columns: the keys of the maps, in order. */
  readonly classes: readonly (string | bigint)[]
}

/** A node that makes a list of maps, class to score, from a tensor of scores. */
interface ZipMapNode extends ZipMap {
  readonly name: string
  readonly input: string
}

/**
 * The model without the ZipMap nodes that make its outputs. ONNX Runtime's Node binding cannot answer sequences of
 * maps; so an Identity takes the place of each such node (https://onnx.ai/onnx/operators/onnx_aionnxml_ZipMap.html)
 * and its output, under the same name, is the tensor that it was made from. All else is kept byte for byte; a model
 * without such an output is answered as it is.
 * @throws InferError bad_model when such maps are used within the graph as well, or have no class labels
 */
export function withoutZipMap(bytes: Uint8Array): { bytes: Uint8Array; zipMaps: ZipMap[] } {
  const nodes = findZipMaps(bytes)
  if (nodes.size === 0) return { bytes, zipMaps: [] }
  const byOutput = new Map([...nodes.values()].map((node) => [node.output, node]))
  const rewritten = rewriteFields(new FieldReader(bytes), (field) => {
    if (field.number !== MODEL.graph) return undefined
    const graph = rewriteGraph(field.message(), nodes, byOutput)
    return graph && new FieldWriter().message(MODEL.graph, graph)
  })
  const zipMaps = [...byOutput.values()].map(({ output, classes }) => ({ output, classes }))
  return { bytes: rewritten?.finish() ?? bytes, zipMaps }
}

/** The ZipMap nodes whose output is one of the graph's, by where their field begins in the file. */
function findZipMaps(bytes: Uint8Array): Map<number, ZipMapNode> {
  const found = new Map<number, ZipMapNode>()
  const outputs = new Set<string>()
  const model = new FieldReader(bytes)
  let graph: FieldReader | undefined
  let seen = 0
  while (model.next()) {
    if (model.number !== MODEL.graph) continue
    seen = once(seen, model)
    graph = model.message()
    const fields = model.message()
    while (fields.next()) {
      if (fields.number === GRAPH.output) outputs.add(readText(fields.message(), VALUE_INFO.name))
      if (fields.number !== GRAPH.node || !isZipMap(fields.message())) continue
      found.set(fields.start, readZipMap(fields.message()))
    }
  }
  for (const [start, { output }] of found) if (!outputs.has(output)) found.delete(start)
  if (graph !== undefined && found.size > 0) refuseUses(graph, new Set([...found.values()].map(({ output }) => output)))
  return found
}

function isZipMap(node: FieldReader): boolean {
  let type = ''
  let domain = ''
  while (node.next()) {
    if (node.number === NODE.opType) type = node.text()
    if (node.number === NODE.domain) domain = node.text()
  }
  return type === 'ZipMap' && domain === 'ai.onnx.ml'
}

function readZipMap(node: FieldReader): ZipMapNode {
  const inputs: string[] = []
  const outputs: string[] = []
  const lists: (string | bigint)[][] = []
  let name = ''
  while (node.next()) {
    if (node.number === NODE.input) inputs.push(node.text())
    else if (node.number === NODE.output) outputs.push(node.text())
    else if (node.number === NODE.name) name = node.text()
    else if (node.number === NODE.attribute) lists.push(readLabels(node.message()))
  }
  const [input, output] = [inputs[0], outputs[0]]
  if (input === undefined || output === undefined || inputs.length + outputs.length > 2) {
    throw new InferError('bad_model', `ONNX: the ZipMap node ${show(name)} has not one input and one output`)
  }
  const [classes, ...others] = lists.filter((labels) => labels.length > 0)
  if (classes === undefined || others.length > 0) {
    throw new InferError('bad_model', `ONNX: the ZipMap of output ${show(output)} has not one list of class labels`)
  }
  return { name, input, output, classes }
}

/** The values of classlabels_strings or classlabels_int64s; of any other attribute, none. */
function readLabels(attribute: FieldReader): (string | bigint)[] {
  let name = ''
  const labels: (string | bigint)[] = []
  while (attribute.next()) {
    if (attribute.number === ATTRIBUTE.name) name = attribute.text()
    else if (attribute.number === ATTRIBUTE.strings) labels.push(attribute.text())
    else if (attribute.number === ATTRIBUTE.ints) for (const label of attribute.int64s()) labels.push(label)
  }
  return name === 'classlabels_strings' || name === 'classlabels_int64s' ? labels : []
}

/** Subgraphs see the names of the graphs around them, so theirs count as well. */
function refuseUses(graph: FieldReader, names: ReadonlySet<string>): void {
  walk(graph, 'graph', (kind, message) => {
    const used = kind === 'node' ? NODE.input : kind === 'graph' ? GRAPH.output : undefined
    if (used === undefined) return
    while (message.next()) {
      if (message.number !== used) continue
      const name = kind === 'node' ? message.text() : readText(message.message(), VALUE_INFO.name)
      if (names.has(name)) {
        throw new InferError('bad_model', `ONNX: the maps of output ${show(name)} are also used within the graph`)
      }
    }
  })
}

function rewriteGraph(
  graph: FieldReader,
  nodes: ReadonlyMap<number, ZipMapNode>,
  byOutput: ReadonlyMap<string, ZipMapNode>,
): FieldWriter | undefined {
  return rewriteFields(graph, (field) => {
    const node = field.number === GRAPH.node ? nodes.get(field.start) : undefined
    if (node !== undefined) return new FieldWriter().message(GRAPH.node, identity(node))
    if (field.number !== GRAPH.output && field.number !== GRAPH.valueInfo) return undefined
    const made = byOutput.get(readText(field.message(), VALUE_INFO.name))
    return made && new FieldWriter().message(field.number, asTensor(field, made.classes.length))
  })
}

const identity = ({ name, input, output }: ZipMapNode): FieldWriter =>
  new FieldWriter()
    .text(NODE.input, input)
    .text(NODE.output, output)
    .text(NODE.name, name)
    .text(NODE.opType, 'Identity')

/** A ValueInfoProto as it is, but for its type: float32, any number of rows, a column for each class. */
function asTensor(field: FieldReader, classes: number): FieldWriter {
  const shape = new FieldWriter()
    .message(SHAPE.dim, new FieldWriter())
    .message(SHAPE.dim, new FieldWriter().varint(DIMENSION.value, classes))
  const tensor = new FieldWriter().varint(TENSOR_TYPE.elemType, FLOAT).message(TENSOR_TYPE.shape, shape)
  const isType = ({ number }: FieldReader) => number === VALUE_INFO.type
  const untyped = rewriteFields(field.message(), (inner) => (isType(inner) ? new FieldWriter() : undefined))
  const rest = untyped ?? new FieldWriter().raw(field.bytes())
  return rest.message(VALUE_INFO.type, new FieldWriter().message(TYPE.tensor, tensor))
}
