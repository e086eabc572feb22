import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { FieldWriter } from '../../src/formats/protobuf-writer.ts'
import { type OnnxModel, readOnnxModel } from '../../src/onnx/model.ts'
import {
  DIMENSION,
  ENTRY,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from '../../src/onnx/schema.ts'
import { expectedOf, modelOf, NAMES } from './fixture.ts'

const IRIS = new URL('../../../shared/fixtures/infernet/iris.onnx', import.meta.url)

/** As JSON could hold it; `fragile`, of which Python's onnx knows nothing, is left out. */
const plain = ({ fragile: _, ...model }: OnnxModel) => ({
  ...model,
  opsets: Object.fromEntries(model.opsets),
  ops: [...model.ops].sort(),
  functions: [...model.functions].sort(),
  metadata: Object.fromEntries(model.metadata),
})

/** A model of one graph. */
const modelWith = (graph: FieldWriter): FieldWriter =>
  new FieldWriter().varint(MODEL.irVersion, 8).message(MODEL.graph, graph)

const dims = (...values: number[]): FieldWriter => {
  const shape = new FieldWriter()
  for (const value of values) shape.message(SHAPE.dim, new FieldWriter().varint(DIMENSION.value, value))
  return shape
}

const tensorType = (shape: FieldWriter): FieldWriter =>
  new FieldWriter().message(
    TYPE.tensor,
    new FieldWriter().varint(TENSOR_TYPE.elemType, 1).message(TENSOR_TYPE.shape, shape),
  )

const input = (type: FieldWriter): FieldWriter =>
  new FieldWriter().message(GRAPH.input, new FieldWriter().text(VALUE_INFO.name, 'x').message(VALUE_INFO.type, type))

function refuses(model: FieldWriter, message: RegExp) {
  assert.throws(
    () => readOnnxModel(model.finish()),
    (error) => error instanceof InferError && error.code === 'bad_model' && message.test(error.message),
  )
}

for (const name of NAMES) {
  test(`${name}: says what Python's onnx says`, () => {
    const { run: _, ...expected } = expectedOf(name)
    assert.deepEqual(plain(readOnnxModel(modelOf(name))), expected)
  })
}

test("reads Ritual's iris.onnx", { skip: !existsSync(IRIS) }, () => {
  const model = readOnnxModel(readFileSync(IRIS))
  assert.deepEqual(
    model.inputs.map(({ name, dtype, dims }) => ({ name, dtype, dims })),
    [{ name: 'input', dtype: 'float32', dims: [1, 4] }],
  )
  assert.deepEqual(
    model.outputs.map(({ name, type }) => [name, type.kind]),
    [['output', 'tensor']],
  )
  assert.deepEqual([model.externalData, model.functions], [[], new Set()])
})

test('does not look at the values of tensors', () => {
  const tensor = new FieldWriter().text(TENSOR.name, 'w').bytes(TENSOR.rawData, new Uint8Array(200_000_000))
  const bytes = modelWith(new FieldWriter().message(GRAPH.initializer, tensor)).finish()
  const start = performance.now()
  readOnnxModel(bytes)
  assert.ok(performance.now() - start < 50)
})

test('reads 100,000 nodes in less than 2 s', () => {
  const node = new FieldWriter().text(NODE.input, 'a').text(NODE.output, 'b').text(NODE.opType, 'Relu').finish()
  const graph = new FieldWriter()
  for (let i = 0; i < 100_000; i++) graph.bytes(GRAPH.node, node)
  const bytes = modelWith(graph).finish()
  const start = performance.now()
  assert.equal(readOnnxModel(bytes).nodeCount, 100_000)
  assert.ok(performance.now() - start < 2000)
})

test("takes 'ai.onnx' for the default domain", () => {
  const opset = new FieldWriter().text(OPSET.domain, 'ai.onnx').varint(OPSET.version, 17)
  const node = new FieldWriter().text(NODE.opType, 'Add').text(NODE.domain, 'ai.onnx')
  const model = modelWith(new FieldWriter().message(GRAPH.node, node)).message(MODEL.opsetImport, opset)
  const { opsets, ops } = readOnnxModel(model.finish())
  assert.deepEqual([opsets.get(''), ops], [17, new Set([':Add'])])
})

test('leaves out metadata that is too long to show', () => {
  const entry = (value: string) => new FieldWriter().text(ENTRY.key, value.slice(0, 2)).text(ENTRY.value, value)
  const model = modelWith(new FieldWriter())
  model.message(MODEL.metadataProps, entry('long'.repeat(20_000))).message(MODEL.metadataProps, entry('short'))
  assert.deepEqual([...readOnnxModel(model.finish()).metadata], [['sh', 'short']])
})

test('reads fields that are not known here', () => {
  const graph = new FieldWriter().varint(99, 1).float(98, 1).double(97, 1).text(96, 'later')
  assert.equal(readOnnxModel(modelWith(graph).bytes(1000, new Uint8Array(9)).finish()).nodeCount, 0)
})

test('refuses a file without a graph', () => refuses(new FieldWriter(), /^ONNX: the file holds no graph$/))
test('refuses two graphs, which protobuf would merge', () =>
  refuses(
    modelWith(new FieldWriter()).message(MODEL.graph, new FieldWriter()),
    /^ONNX: field 7 comes twice, at byte 4$/,
  ))
test('refuses a value with two types', () => {
  const type = tensorType(dims(1)).message(TYPE.sequence, new FieldWriter())
  refuses(modelWith(input(type)), /^ONNX: a value has two types, at byte/)
  const twice = new FieldWriter()
    .message(VALUE_INFO.type, tensorType(dims(1)))
    .message(VALUE_INFO.type, tensorType(dims(1)))
  refuses(modelWith(new FieldWriter().message(GRAPH.input, twice)), /field 2 comes twice/)
})
test('refuses a shape of 65 dimensions', () =>
  refuses(modelWith(input(tensorType(dims(...new Array(65).fill(1))))), /a shape has more than 64 dimensions/))
test('refuses a graph of over 5 million nodes, attributes and tensors', () => {
  const graph = new FieldWriter().raw(new Uint8Array(2 * 5_000_001).map((_, i) => (i % 2 === 0 ? 0x0a : 0)))
  refuses(modelWith(graph), /the model has over 5000000 parts/)
})
test('refuses a graph of 20,001 inputs', () => {
  const graph = new FieldWriter().raw(new Uint8Array(2 * 20_001).map((_, i) => (i % 2 === 0 ? 0x5a : 0)))
  refuses(modelWith(graph), /the model has more than 20000 inputs/)
})
test('refuses types nested deeper than any model', () => {
  let type = tensorType(dims())
  for (let depth = 0; depth < 60; depth++)
    type = new FieldWriter().message(TYPE.sequence, new FieldWriter().message(1, type))
  refuses(modelWith(input(type)), /nested deeper than 100/)
})
