import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { FieldWriter } from '../../src/formats/protobuf-writer.ts'
import { readOnnxModel } from '../../src/onnx/model.ts'
import { canHoldEmpty, EMPTY_SAFE_OPS } from '../../src/onnx/safety.ts'
import { ATTRIBUTE, FUNCTION, GRAPH, INT64, MODEL, NODE, TENSOR } from '../../src/onnx/schema.ts'
import { createData, type DType } from '../../src/tensor/dtype.ts'
import { sizeOf } from '../../src/tensor/tensor.ts'
import { modelOf } from './fixture.ts'

/** A one-op model that `test/fixtures/make/onnx_empty.py` measured, and what it answered: the dimensions, or a refusal. */
interface Row {
  readonly op: string
  readonly version: number
  readonly model: string
  readonly dtypes: Readonly<Record<string, DType>>
  readonly safe: boolean
  readonly runs: readonly (readonly [inputs: Readonly<Record<string, number[]>>, outputs: number[][] | null])[]
}

const ROWS: readonly Row[] = JSON.parse(
  readFileSync(new URL('../fixtures/onnx/reader/empty.json', import.meta.url), 'utf8'),
)
const bytesOf = ({ model }: Row): Uint8Array => Uint8Array.from(Buffer.from(model, 'base64'))
const isAllowed = (row: Row): boolean => canHoldEmpty(readOnnxModel(bytesOf(row)))

test('allows no model that was not found safe', () =>
  assert.deepEqual(
    ROWS.filter((row) => isAllowed(row) && !row.safe).map(({ op, version }) => [op, version]),
    [],
  ))

test('allows no operator that was not measured, but for Constant, which has no inputs', () => {
  const measured = new Set(ROWS.filter(isAllowed).map(({ op }) => op))
  assert.deepEqual(
    [...EMPTY_SAFE_OPS].filter((op) => !measured.has(op)),
    [':Constant'],
  )
})

const ones = (dtype: DType, dims: readonly number[]): Tensor => {
  const data = createData(dtype, sizeOf(dims))
  if (dtype === 'string') return new Tensor('string', (data as string[]).fill('a'), dims)
  return new Tensor(
    dtype as 'float32',
    (dtype.endsWith('int64') ? (data as BigInt64Array).fill(1n) : (data as Float32Array).fill(1)) as Float32Array,
    dims,
  )
}

async function answer(session: InferenceSession, dtypes: Row['dtypes'], inputs: Readonly<Record<string, number[]>>) {
  const feeds = Object.entries(inputs).map(([name, dims]) => [name, ones(dtypes[name] as DType, dims)])
  try {
    const results = await session.run(Object.fromEntries(feeds))
    return session.outputNames.map((name) => results[name]?.dims)
  } catch {
    return null
  }
}

for (const row of ROWS.filter(isAllowed)) {
  test(`${row.op} ${row.version}: Node's ONNX Runtime answers as Python's`, async () => {
    const session = await InferenceSession.create(bytesOf(row), { logSeverityLevel: 4 })
    for (const [inputs, outputs] of row.runs) assert.deepEqual(await answer(session, row.dtypes, inputs), outputs)
    await session.release()
  })
}

const node = (op: string, ...inputs: string[]): FieldWriter =>
  inputs.reduce((made, input) => made.text(NODE.input, input), new FieldWriter().text(NODE.opType, op))
const axis = (name: string, values: readonly number[]): FieldWriter =>
  values.reduce((made, value) => made.varint(ATTRIBUTE.ints, value), new FieldWriter().text(ATTRIBUTE.name, name))
const weights = (name: string, ...dims: number[]): FieldWriter =>
  new FieldWriter().text(TENSOR.name, name).varints(TENSOR.dims, dims).varint(TENSOR.dataType, 1)
const axes = (...values: number[]): FieldWriter =>
  new FieldWriter()
    .text(TENSOR.name, 'axes')
    .varints(TENSOR.dims, [values.length])
    .varint(TENSOR.dataType, INT64)
    .varints(TENSOR.int64Data, values)
const constant = (value: FieldWriter): FieldWriter =>
  node('Constant').text(NODE.output, 'axes').message(NODE.attribute, value)

/** Whether a graph of these nodes and initializers is allowed. */
function allows(nodes: readonly FieldWriter[], initializers: readonly FieldWriter[] = []): boolean {
  const graph = new FieldWriter()
  for (const made of nodes) graph.message(GRAPH.node, made)
  for (const made of initializers) graph.message(GRAPH.initializer, made)
  return canHoldEmpty(readOnnxModel(new FieldWriter().message(MODEL.graph, graph).finish()))
}

test('allows a product with weights, not one of two computed tensors', () => {
  assert.equal(allows([node('MatMul', 'x', 'w')], [weights('w', 4, 3)]), true)
  assert.equal(allows([node('MatMul', 'w', 'x')], [weights('w', 4, 3)]), true)
  assert.equal(allows([node('MatMul', 'x', 'y')], [weights('w', 4, 3)]), false)
  assert.equal(allows([node('Gemm', 'x', 'y', 'w')], [weights('w', 3)]), false)
  assert.equal(allows([node('Conv', 'x', 'y', 'w')], [weights('w', 3)]), false)
})
test('takes no empty weights for weights', () =>
  assert.equal(allows([node('MatMul', 'x', 'w')], [weights('w', 0, 3)]), false))

test('allows a reduction over axes that are known and counted from the front', () => {
  assert.equal(allows([node('ReduceSum', 'x')]), true)
  assert.equal(allows([node('ReduceSum', 'x').message(NODE.attribute, axis('axes', [0, 1]))]), true)
  assert.equal(allows([node('ReduceSum', 'x').message(NODE.attribute, axis('axes', [0, -1]))]), false)
  assert.equal(
    allows([
      node('ArgMax', 'x').message(
        NODE.attribute,
        new FieldWriter().text(ATTRIBUTE.name, 'axis').varint(ATTRIBUTE.int, -1),
      ),
    ]),
    false,
  )
  assert.equal(allows([node('ReduceSum', 'x', 'axes')]), false)
  assert.equal(allows([node('ReduceSum', 'x', 'axes')], [axes(1)]), true)
  assert.equal(allows([node('ReduceSum', 'x', 'axes')], [axes(1, -1)]), false)
  assert.equal(
    allows([constant(new FieldWriter().message(ATTRIBUTE.tensor, axes(1))), node('ReduceSum', 'x', 'axes')]),
    true,
  )
  assert.equal(allows([constant(axis('value_ints', [1])), node('ReduceSum', 'x', 'axes')]), true)
  assert.equal(allows([constant(axis('value_ints', [-2])), node('ReduceSum', 'x', 'axes')]), false)
})

test('allows no operator of another domain, and no unknown one', () => {
  assert.equal(allows([node('Relu', 'x').text(NODE.domain, 'com.microsoft')]), false)
  assert.equal(allows([node('NoSuchOp', 'x')]), false)
  assert.equal(allows([node('constructor', 'x')]), false)
})

test('looks into subgraphs, and allows no local functions', () => {
  const inner = new FieldWriter().message(GRAPH.node, node('GRU', 'x'))
  assert.equal(
    allows([node('Relu', 'x').message(NODE.attribute, new FieldWriter().message(ATTRIBUTE.graph, inner))]),
    false,
  )
  const model = new FieldWriter().message(MODEL.graph, new FieldWriter().message(GRAPH.node, node('Relu', 'x')))
  assert.equal(
    canHoldEmpty(readOnnxModel(model.message(MODEL.functions, new FieldWriter().text(FUNCTION.name, 'f')).finish())),
    false,
  )
})

for (const [name, allowed] of [
  ['zipmap_strings', true],
  ['zipmap_ints', true],
  ['zipmap_pipeline', true],
  ['external', true],
  ['fixed_batch', true],
  ['subgraphs', false],
  ['function', false],
  ['sequence', false],
] as const) {
  test(`${name} is ${allowed ? '' : 'not '}allowed`, () =>
    assert.equal(canHoldEmpty(readOnnxModel(modelOf(name))), allowed))
}
