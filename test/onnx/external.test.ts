import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { FieldWriter } from '../../src/formats/protobuf-writer.ts'
import { checkExternalNames, inlineExternalData } from '../../src/onnx/external.ts'
import { readOnnxModel } from '../../src/onnx/model.ts'
import {
  ATTRIBUTE,
  ENTRY,
  FUNCTION,
  GRAPH,
  MODEL,
  NODE,
  SPARSE_TENSOR,
  TENSOR,
  TRAINING,
} from '../../src/onnx/schema.ts'
import { expectedOf, fileOf, modelOf } from './fixture.ts'

type Place = { location?: string; offset?: string; length?: string }

/** A TensorProto named t whose bytes lie elsewhere. */
function external({ location = 'w.bin', ...range }: Place, dims = [2], dataType = 1): FieldWriter {
  const tensor = new FieldWriter().text(TENSOR.name, 't').varints(TENSOR.dims, dims).varint(TENSOR.dataType, dataType)
  for (const [key, value] of Object.entries({ location, ...range })) {
    tensor.message(TENSOR.externalData, new FieldWriter().text(ENTRY.key, key).text(ENTRY.value, value))
  }
  return tensor.varint(TENSOR.dataLocation, 1)
}

const inGraph = (graph: FieldWriter): Uint8Array => new FieldWriter().message(MODEL.graph, graph).finish()
const initializer = (tensor: FieldWriter): Uint8Array => inGraph(new FieldWriter().message(GRAPH.initializer, tensor))
const bytesOf = (count: number) => () => new Uint8Array(count).map((_, i) => i)

const names = (place: Place): string[] => checkExternalNames(readOnnxModel(initializer(external(place))))
const refusesName = (place: Place, message: string) => {
  assert.throws(() => names(place), { code: 'bad_model', message })
  assert.throws(() => inlineExternalData(initializer(external(place)), assert.fail), { code: 'bad_model', message })
}
const refusesData = (tensor: FieldWriter, message: string, bytes = 100) =>
  assert.throws(() => inlineExternalData(initializer(tensor), bytesOf(bytes)), { code: 'bad_model', message })

test('names each file once', () => {
  assert.deepEqual(checkExternalNames(readOnnxModel(modelOf('external'))), ['external.bin'])
  assert.deepEqual(checkExternalNames(readOnnxModel(modelOf('function'))), [])
})
test('takes a file in a folder', () =>
  assert.deepEqual(names({ location: 'weights/part 1-é.bin' }), ['weights/part 1-é.bin']))
test('takes ./ for the folder of the model', () => assert.deepEqual(names({ location: './w.bin' }), ['w.bin']))
test('takes names that begin with dots', () => assert.deepEqual(names({ location: '..w/.data' }), ['..w/.data']))

for (const [location, why] of [
  ['', 'names no file'],
  ['a'.repeat(4096), 'is too long'],
  ['a\0.bin', 'holds a control character'],
  ['a\n.bin', 'holds a control character'],
  ['..\\secret', 'holds a backslash'],
  ['*/_ORT_MEM_ADDR_/*', 'holds a character that is in no file name'],
  ['*/_ORT_LE_MEM_ADDR_/*', 'holds a character that is in no file name'],
  ['/etc/passwd', 'is an absolute path'],
  ['//host/share', 'is an absolute path'],
  ['C:/w.bin', 'holds a colon, as drives and URLs do'],
  ['https://host/w.bin', 'holds a colon, as drives and URLs do'],
  ['../w.bin', 'leads out of the folder of the model'],
  ['a/../../w.bin', 'leads out of the folder of the model'],
  ['a/..', 'leads out of the folder of the model'],
  ['..', 'leads out of the folder of the model'],
  ['a//b', 'names a folder'],
  ['a/', 'names a folder'],
  ['.', 'names a folder'],
] as const) {
  const shown =
    JSON.stringify(location).length > 60 ? `${JSON.stringify(location).slice(0, 60)}…` : JSON.stringify(location)
  test(`refuses the location ${shown}`, () =>
    refusesName({ location }, `ONNX: tensor "t" lies in ${shown}, which ${why}`))
}

const NO_NUMBER = 'which is no number of bytes'
test('refuses a negative offset', () =>
  refusesName({ offset: '-1' }, `ONNX: tensor "t" lies in "w.bin", with the offset "-1", ${NO_NUMBER}`))
test('refuses an offset with a fraction', () =>
  refusesName({ offset: '1.5' }, `ONNX: tensor "t" lies in "w.bin", with the offset "1.5", ${NO_NUMBER}`))
test('refuses an offset of 2^64', () =>
  refusesName(
    { offset: '18446744073709551616' },
    `ONNX: tensor "t" lies in "w.bin", with the offset "18446744073709551616", ${NO_NUMBER}`,
  ))
test('refuses a length in hex', () =>
  refusesName({ length: '0x8' }, `ONNX: tensor "t" lies in "w.bin", with the length "0x8", ${NO_NUMBER}`))
test('refuses an empty length', () =>
  refusesName({ length: '' }, `ONNX: tensor "t" lies in "w.bin", with the length "", ${NO_NUMBER}`))
test('refuses an end beyond 2^53', () =>
  refusesName(
    { offset: '9007199254740991', length: '8' },
    'ONNX: tensor "t" lies in "w.bin", with an offset and length beyond any file',
  ))
test('refuses a location that is told twice', () => {
  const entry = new FieldWriter().text(ENTRY.key, 'location').text(ENTRY.value, '../x')
  const twice = initializer(external({}).message(TENSOR.externalData, entry))
  assert.throws(() => readOnnxModel(twice), { message: "ONNX: tensor 't' tells its external location twice" })
})

test('finds and inlines external tensors wherever they hide', () => {
  const tensor = () => external({ length: '8' })
  const sparse = () =>
    new FieldWriter().message(SPARSE_TENSOR.values, tensor()).message(SPARSE_TENSOR.indices, tensor())
  const nested = () => new FieldWriter().message(GRAPH.initializer, tensor())
  const attributes = [
    new FieldWriter().message(ATTRIBUTE.tensor, tensor()),
    new FieldWriter().message(ATTRIBUTE.tensors, tensor()).message(ATTRIBUTE.tensors, tensor()),
    new FieldWriter().message(ATTRIBUTE.graph, nested()),
    new FieldWriter().message(ATTRIBUTE.graphs, nested()),
    new FieldWriter().message(ATTRIBUTE.sparseTensor, sparse()),
    new FieldWriter().message(ATTRIBUTE.sparseTensors, sparse()),
  ]
  const node = new FieldWriter()
  for (const attribute of attributes) node.message(NODE.attribute, attribute)
  const graph = new FieldWriter().message(GRAPH.node, node).message(GRAPH.sparseInitializer, sparse())
  const made = new FieldWriter()
    .message(FUNCTION.node, new FieldWriter().raw(node.finish()))
    .message(FUNCTION.attributeProto, new FieldWriter().message(ATTRIBUTE.tensor, tensor()))
  const training = new FieldWriter().message(TRAINING.initialization, nested()).message(TRAINING.algorithm, nested())
  const model = new FieldWriter()
    .message(MODEL.graph, graph)
    .message(MODEL.functions, made)
    .message(MODEL.trainingInfo, training)
  const bytes = model.finish()
  assert.equal(readOnnxModel(bytes).externalData.length, 9 + 2 + 9 + 1 + 2)
  const asked: string[] = []
  const inlined = inlineExternalData(bytes, (file) => {
    asked.push(file)
    return bytesOf(8)()
  })
  assert.deepEqual(asked, ['w.bin'])
  assert.equal(readOnnxModel(inlined).externalData.length, 0)
})

test('takes a data location beyond 32 bits as protobuf does', () => {
  const tensor = external({ location: '../x' }).varint(TENSOR.dataLocation, 2 ** 32 + 1)
  assert.throws(() => checkExternalNames(readOnnxModel(initializer(tensor))), /leads out of the folder/)
})

test('refuses a tensor in two parts, which protobuf would merge', () => {
  const attribute = new FieldWriter()
    .message(ATTRIBUTE.tensor, external({}))
    .message(ATTRIBUTE.tensor, external({ location: '../x' }))
  const bytes = inGraph(new FieldWriter().message(GRAPH.node, new FieldWriter().message(NODE.attribute, attribute)))
  assert.throws(() => readOnnxModel(bytes), /^InferError: ONNX: field 5 comes twice/)
  assert.throws(() => inlineExternalData(bytes, bytesOf(8)), /^InferError: ONNX: field 5 comes twice/)
})

test('inlines a model that ONNX Runtime then runs as Python did', async () => {
  const { run } = expectedOf('external')
  const session = await InferenceSession.create(inlineExternalData(modelOf('external'), fileOf))
  const { y } = await session.run({ x: new Tensor('float32', run.inputs.x.data, run.inputs.x.dims) })
  assert.deepEqual([y?.dims, Array.from(y?.data as Float32Array)], [run.outputs.y.dims, run.outputs.y.data])
})

test('changes nothing but the external tensors', () => {
  const inlined = inlineExternalData(modelOf('external'), fileOf)
  const { externalData, ...rest } = readOnnxModel(inlined)
  const { externalData: before, ...expected } = readOnnxModel(modelOf('external'))
  assert.deepEqual([rest, externalData, before.length], [expected, [], 2])
  const untouched = modelOf('function')
  assert.equal(inlineExternalData(untouched, assert.fail), untouched)
})

test('reads a tensor without an offset and a length from the start', () => {
  const inlined = inlineExternalData(initializer(external({}, [3], 9)), bytesOf(100))
  assert.deepEqual(inlined.subarray(-5), Uint8Array.of(0x4a, 3, 0, 1, 2))
})
test('packs two 4-bit elements into a byte', () => {
  assert.deepEqual(
    inlineExternalData(initializer(external({}, [5], 22)), bytesOf(9)).subarray(-4),
    Uint8Array.of(3, 0, 1, 2),
  )
})
test('takes a tensor without elements', () =>
  assert.deepEqual(
    inlineExternalData(initializer(external({ offset: '100' }, [0, 9])), bytesOf(100)).subarray(-2),
    Uint8Array.of(0x4a, 0),
  ))

test('refuses a range beyond the end of the file', () =>
  refusesData(
    external({ offset: '96' }),
    'ONNX: tensor "t" lies in "w.bin", at bytes 96 to 104, beyond its end at 100',
  ))
test('refuses a length that is not the size of the tensor', () =>
  refusesData(
    external({ length: '9' }),
    'ONNX: tensor "t" lies in "w.bin", with a length of 9 bytes where its shape and type take 8',
  ))
test('refuses values in both places', () =>
  refusesData(
    external({}).bytes(TENSOR.rawData, new Uint8Array(8)),
    'ONNX: tensor "t" lies in "w.bin", and holds values of its own as well',
  ))
test('refuses strings and types of unknown size', () => {
  refusesData(external({}, [2], 8), "ONNX: tensor 't' of string cannot lie outside the model")
  refusesData(external({}, [2], 99), "ONNX: tensor 't' of type 99 cannot lie outside the model")
})
test('refuses negative dimensions', () => refusesData(external({}, [2, -1]), "ONNX: tensor 't' has shape [2,-1]"))
test('refuses over 1.5 GB in all, before any file is read', () => {
  const big = external({}, [400_000_000])
  assert.throws(
    () => inlineExternalData(initializer(big), assert.fail),
    /with 1600000000 bytes of external data the model is too large/,
  )
  const endless = external({}, new Array(64).fill(2 ** 53))
  assert.throws(() => inlineExternalData(initializer(endless), assert.fail), /with Infinity bytes of external data/)
})
