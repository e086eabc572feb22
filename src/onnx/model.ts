import { InferError } from '../errors.ts'
import { FieldReader } from '../formats/protobuf.ts'
import { findFragile } from './fragile.ts'
import { FUNCTION, GRAPH, MAX_MODEL_BYTES, MODEL, NODE, OPSET, SPARSE_TENSOR, TENSOR } from './schema.ts'
import { type ExternalTensor, readEntry, readTensorHead } from './tensor-head.ts'
import { readValueInfo, type ValueInfo } from './value-type.ts'
import { domainOf, once, readQualifiedName, readText, walk } from './walk.ts'

/** What an ONNX model says of itself. Operators and functions are named `domain:Name`; ONNX's own domain is ''. */
export interface OnnxModel {
  readonly irVersion: number
  readonly producer: { readonly name: string; readonly version: string }
  /** Version by domain. */
  readonly opsets: ReadonlyMap<string, number>
  /** What a run has to be given: inputs with an initializer, which is their default, are left out. */
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** Operators of all nodes, those of subgraphs and local functions included. */
  readonly ops: ReadonlySet<string>
  /** Nodes of the graph, its subgraphs and the local functions, before any are inlined. */
  readonly nodeCount: number
  /** Functions that the model brings along. */
  readonly functions: ReadonlySet<string>
  readonly externalData: readonly ExternalTensor[]
  readonly metadata: ReadonlyMap<string, string>
  /** Those of `ops` that the graph has in a form that zero-length dimensions upset (`fragile.ts`). */
  readonly fragile: ReadonlySet<string>
}

/** Nodes, attributes, tensors: ten times as many as the largest graphs have, and about a second of reading. */
const MAX_PARTS = 5_000_000
/** Each input and output is named in answers and errors; the widest tables have some thousand columns. */
const MAX_VALUES = 20_000
/** Each is checked and perhaps read; models in so many pieces do not exist. */
const MAX_EXTERNAL = 100_000
/** Metadata is shown, not used: what is beyond a glance is left out. */
const MAX_METADATA_ENTRIES = 256
const MAX_METADATA_BYTES = 16_384

/**
 * Reads an ONNX ModelProto, but for the values of its tensors. Takes time linear in the number of protobuf fields.
 * @throws InferError bad_model with one sentence: what is wrong, and at which byte
 */
export function readOnnxModel(bytes: Uint8Array): OnnxModel {
  if (bytes.length > MAX_MODEL_BYTES) {
    throw new InferError('bad_model', `ONNX: the model has ${bytes.length} bytes; no protobuf message has over 2 GiB`)
  }
  const { graph, ...head } = readHead(new FieldReader(bytes))
  if (graph === undefined) throw new InferError('bad_model', 'ONNX: the file holds no graph')
  const content = readContent(new FieldReader(bytes))
  return { ...head, ...content, ...readSignature(graph.again()), fragile: findFragile(graph) }
}

function readHead(message: FieldReader) {
  let irVersion = 0
  let name = ''
  let version = ''
  let graph: FieldReader | undefined
  let seen = 0
  const opsets = new Map<string, number>()
  const metadata = new Map<string, string>()
  while (message.next()) {
    if (message.number === MODEL.irVersion) irVersion = message.integer()
    else if (message.number === MODEL.producerName) name = message.text()
    else if (message.number === MODEL.producerVersion) version = message.text()
    else if (message.number === MODEL.opsetImport) readOpset(message.message(), opsets)
    else if (message.number === MODEL.metadataProps) readMetadata(message, metadata)
    else if (message.number === MODEL.graph) {
      seen = once(seen, message)
      graph = message.message()
    }
  }
  return { irVersion, producer: { name, version }, opsets, metadata, graph }
}

function readOpset(message: FieldReader, opsets: Map<string, number>): void {
  let domain = ''
  let version = 0
  while (message.next()) {
    if (message.number === OPSET.domain) domain = domainOf(message.text())
    if (message.number === OPSET.version) version = message.integer()
  }
  opsets.set(domain, version)
}

function readMetadata(field: FieldReader, metadata: Map<string, string>): void {
  if (metadata.size === MAX_METADATA_ENTRIES || field.bytes().length > MAX_METADATA_BYTES) return
  const [key, value] = readEntry(field.message())
  metadata.set(key, value)
}

function readSignature(graph: FieldReader): Pick<OnnxModel, 'inputs' | 'outputs'> {
  const inputs: ValueInfo[] = []
  const outputs: ValueInfo[] = []
  const initialized = new Set<string>()
  while (graph.next()) {
    if (graph.number === GRAPH.input) push(inputs, graph, MAX_VALUES, 'inputs', readValueInfo)
    else if (graph.number === GRAPH.output) push(outputs, graph, MAX_VALUES, 'outputs', readValueInfo)
    else if (graph.number === GRAPH.initializer) initialized.add(readText(graph.message(), TENSOR.name))
    else if (graph.number === GRAPH.sparseInitializer) initialized.add(readSparseName(graph.message()))
  }
  return { inputs: inputs.filter(({ name }) => !initialized.has(name)), outputs }
}

function push<T>(list: T[], field: FieldReader, limit: number, what: string, read: (message: FieldReader) => T): void {
  if (list.length === limit) throw new InferError('bad_model', `ONNX: the model has more than ${limit} ${what}`)
  list.push(read(field.message()))
}

function readSparseName(message: FieldReader): string {
  let name = ''
  while (message.next()) {
    if (message.number === SPARSE_TENSOR.values) name = readText(message.message(), TENSOR.name)
  }
  return name
}

function readContent(model: FieldReader) {
  const ops = new Set<string>()
  const functions = new Set<string>()
  const externalData: ExternalTensor[] = []
  let nodeCount = 0
  let parts = 0
  walk(model, 'model', (kind, message) => {
    if (++parts > MAX_PARTS) throw new InferError('bad_model', `ONNX: the model has over ${MAX_PARTS} parts`)
    if (kind === 'node') {
      nodeCount++
      ops.add(readQualifiedName(message, { domain: NODE.domain, name: NODE.opType }))
    } else if (kind === 'function') {
      functions.add(readQualifiedName(message, FUNCTION))
    } else if (kind === 'tensor') {
      const { external } = readTensorHead(message)
      if (external === undefined) return
      if (externalData.length === MAX_EXTERNAL) {
        throw new InferError('bad_model', `ONNX: over ${MAX_EXTERNAL} tensors lie outside the model`)
      }
      externalData.push(external)
    }
  })
  return { ops, functions, externalData, nodeCount }
}
