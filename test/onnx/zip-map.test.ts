import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { FieldReader } from '../../src/formats/protobuf.ts'
import { readOnnxModel } from '../../src/onnx/model.ts'
import { GRAPH, MODEL } from '../../src/onnx/schema.ts'
import { withoutZipMap } from '../../src/onnx/zip-map.ts'
import { expectedOf, modelOf, NAMES } from './fixture.ts'

const WITH = ['zipmap_bare', 'zipmap_ints', 'zipmap_pipeline', 'zipmap_strings']
const REFUSED = ['zipmap_unlabelled', 'zipmap_used']
const IRIS = new URL('../../../shared/fixtures/infernet/iris.onnx', import.meta.url)

/** The fields of the model and of its graph, each as its bytes. */
function fieldsOf(bytes: Uint8Array): string[] {
  const found: string[] = []
  const model = new FieldReader(bytes)
  while (model.next()) {
    if (model.number !== MODEL.graph) found.push(Buffer.from(model.raw()).toString('hex'))
    const graph = model.number === MODEL.graph ? model.message() : undefined
    while (graph?.next()) found.push(`${graph.number}:${Buffer.from(graph.raw()).toString('hex')}`)
  }
  return found
}

for (const name of WITH) {
  test(`${name}: answers the scores that Python's ONNX Runtime maps`, async () => {
    const { run } = expectedOf(name)
    const { bytes, zipMaps } = withoutZipMap(modelOf(name))
    const session = await InferenceSession.create(bytes)
    const feeds = Object.entries<{ dims: number[]; data: number[] }>(run.inputs)
    const results = await session.run(
      Object.fromEntries(feeds.map(([key, { dims, data }]) => [key, new Tensor('float32', data, dims)])),
    )
    assert.equal(zipMaps.length, 1)
    for (const { output, classes } of zipMaps) {
      const { classes: labels, dims, data } = run.outputs[output]
      assert.deepEqual(
        classes.map((label) => (typeof label === 'bigint' ? Number(label) : label)),
        labels,
      )
      assert.deepEqual(results[output]?.dims, dims)
      assert.deepEqual(Array.from(results[output]?.data as Float32Array), data)
    }
    assert.deepEqual(Object.keys(results), Object.keys(run.outputs))
  })

  test(`${name}: changes one node and the types of its output, nothing else`, () => {
    const before = modelOf(name)
    const { bytes, zipMaps } = withoutZipMap(before)
    const [old, now] = [fieldsOf(before), fieldsOf(bytes)]
    assert.equal(now.length, old.length)
    const changed = old.flatMap((field, i) => (field === now[i] ? [] : [Number(field.split(':')[0])]))
    const typed = changed.filter((number) => number !== GRAPH.node)
    assert.equal(changed.length - typed.length, 1)
    assert.ok(typed.every((number) => number === GRAPH.output || number === GRAPH.valueInfo))
    const { outputs, ops } = readOnnxModel(bytes)
    const made = outputs.find((value) => value.name === zipMaps[0]?.output)
    assert.deepEqual([made?.dtype, made?.dims], ['float32', [null, zipMaps[0]?.classes.length]])
    assert.ok(!ops.has('ai.onnx.ml:ZipMap') && ops.has(':Identity'))
  })
}

for (const name of NAMES.filter((candidate) => ![...WITH, ...REFUSED].includes(candidate))) {
  test(`${name}: is left as it is`, () => {
    const bytes = modelOf(name)
    assert.equal(withoutZipMap(bytes).bytes, bytes)
  })
}

test("leaves Ritual's iris.onnx as it is", { skip: !existsSync(IRIS) }, () => {
  const bytes = readFileSync(IRIS)
  assert.deepEqual(withoutZipMap(bytes), { bytes, zipMaps: [] })
})

test('keeps int64 labels exact', () =>
  assert.deepEqual(withoutZipMap(modelOf('zipmap_bare')).zipMaps, [{ output: 'p', classes: [-1n, 1n << 40n] }]))

test('refuses maps that a subgraph uses as well', () =>
  assert.throws(() => withoutZipMap(modelOf('zipmap_used')), {
    code: 'bad_model',
    message: 'ONNX: the maps of output "p" are also used within the graph',
  }))

test('refuses a ZipMap without class labels', () =>
  assert.throws(() => withoutZipMap(modelOf('zipmap_unlabelled')), {
    code: 'bad_model',
    message: 'ONNX: the ZipMap of output "p" has not one list of class labels',
  }))
