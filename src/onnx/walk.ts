import { InferError } from '../errors.ts'
import type { FieldReader } from '../formats/protobuf.ts'
import { FieldWriter } from '../formats/protobuf-writer.ts'
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE, SPARSE_TENSOR, TRAINING } from './schema.ts'

/** The messages that can hold a node or a tensor, however deep. */
export type Kind = 'model' | 'training' | 'graph' | 'node' | 'attribute' | 'tensor' | 'sparseTensor' | 'function'

/** What lies where: a field's kind, and whether it may come more than once. */
type Children = Readonly<Record<number, { readonly kind: Kind; readonly many: boolean }>>

const one = (kind: Kind) => ({ kind, many: false })
const many = (kind: Kind) => ({ kind, many: true })

const CHILDREN: Readonly<Record<Kind, Children>> = {
  model: { [MODEL.graph]: one('graph'), [MODEL.trainingInfo]: many('training'), [MODEL.functions]: many('function') },
  training: { [TRAINING.initialization]: one('graph'), [TRAINING.algorithm]: one('graph') },
  graph: {
    [GRAPH.node]: many('node'),
    [GRAPH.initializer]: many('tensor'),
    [GRAPH.sparseInitializer]: many('sparseTensor'),
  },
  node: { [NODE.attribute]: many('attribute') },
  attribute: {
    [ATTRIBUTE.tensor]: one('tensor'),
    [ATTRIBUTE.graph]: one('graph'),
    [ATTRIBUTE.tensors]: many('tensor'),
    [ATTRIBUTE.graphs]: many('graph'),
    [ATTRIBUTE.sparseTensor]: one('sparseTensor'),
    [ATTRIBUTE.sparseTensors]: many('sparseTensor'),
  },
  tensor: {},
  sparseTensor: { [SPARSE_TENSOR.values]: one('tensor'), [SPARSE_TENSOR.indices]: one('tensor') },
  function: { [FUNCTION.node]: many('node'), [FUNCTION.attributeProto]: many('attribute') },
}

/** Calls `visit` for every message within `message` that can hold a node or a tensor, outer ones first. */
export function walk(message: FieldReader, kind: Kind, visit: (kind: Kind, message: FieldReader) => void): void {
  const children = CHILDREN[kind]
  let seen = 0
  while (message.next()) {
    const child = children[message.number]
    if (child === undefined) continue
    if (!child.many) seen = once(seen, message)
    visit(child.kind, message.message())
    if (child.kind !== 'tensor') walk(message.message(), child.kind, visit)
  }
}

/**
 * The message again, with each tensor field within it that `edit` answers for holding what it answers; everything
 * else byte for byte. Undefined when nothing was replaced.
 */
export function rewriteTensors(
  message: FieldReader,
  kind: Kind,
  edit: (tensor: FieldReader) => FieldWriter | undefined,
): FieldWriter | undefined {
  const children = CHILDREN[kind]
  let seen = 0
  return rewriteFields(message, (field) => {
    const child = children[field.number]
    if (child === undefined) return undefined
    if (!child.many) seen = once(seen, field)
    const inner = child.kind === 'tensor' ? edit(field) : rewriteTensors(field.message(), child.kind, edit)
    return inner && new FieldWriter().message(field.number, inner)
  })
}

/**
 * A message again, with each field that `edit` answers for replaced by what it answers (an empty writer drops it) and
 * the others byte for byte. Undefined when nothing was replaced.
 */
export function rewriteFields(
  message: FieldReader,
  edit: (field: FieldReader) => FieldWriter | undefined,
): FieldWriter | undefined {
  let rewritten: FieldWriter | undefined
  let kept = message.end
  while (message.next()) {
    const { start, end } = message
    const fields = edit(message)
    if (fields === undefined) continue
    rewritten ??= new FieldWriter()
    rewritten.raw(message.slice(kept, start)).append(fields)
    kept = end
  }
  return rewritten?.raw(message.slice(kept, message.end))
}

/**
 * Marks a field that may come once. Protobuf would merge a second one into the first, so that ONNX Runtime would see
 * a message that was never checked.
 */
export function once(seen: number, field: FieldReader): number {
  const bit = 1 << field.number
  if (seen & bit) throw new InferError('bad_model', `ONNX: field ${field.number} comes twice, at byte ${field.start}`)
  return seen | bit
}

/** The text in a field of a message; '' when it is not there. */
export function readText(message: FieldReader, number: number): string {
  let text = ''
  while (message.next()) if (message.number === number) text = message.text()
  return text
}

/** Names an operator or a function `domain:Name`; ONNX's own domain, which may be written `ai.onnx`, is ''. */
export function readQualifiedName(message: FieldReader, fields: { domain: number; name: number }): string {
  let domain = ''
  let name = ''
  while (message.next()) {
    if (message.number === fields.domain) domain = message.text()
    if (message.number === fields.name) name = message.text()
  }
  return `${domainOf(domain)}:${name}`
}

export const domainOf = (name: string): string => (name === 'ai.onnx' ? '' : name)
