/** Every recorded exchange with the Python services, replayed. What differs on purpose is a row in FIXES. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { decodeRitualVector } from '../../src/codecs/ritual-vector.ts'
import { decodeTensorVector } from '../../src/codecs/tensor-vector.ts'
import { irisCache } from '../support/iris.ts'
import { FIXTURES, SHARED, withoutShared } from '../support/paths.ts'
import { type Answer, type Service, startService } from '../support/service.ts'
import { asJson, type Fix, fixFor, type Row, unusedFixes } from './fixes.ts'

const FILES = ['v010_torch', 'v010_onnx', 'v1_torch', 'v1_onnx', 'v2_torch', 'v2_onnx'] as const
const STAND_INS = withoutShared
  ? {}
  : (JSON.parse(readFileSync(`${FIXTURES}oracle/models.json`, 'utf8')) as Record<
      string,
      string | Record<string, string>
    >)

/** torch's dtype names to the identity graph that takes them; what ONNX Runtime cannot hold is refused before it. */
const IDENTITY: Record<string, string> = {
  float: 'float32',
  double: 'float64',
  half: 'float16',
  bfloat16: 'float32',
  cfloat: 'float32',
  cdouble: 'float64',
  uint8: 'uint8',
  int8: 'int8',
  short: 'int16',
  int: 'int32',
  long: 'int64',
  bool: 'bool',
}

function standIn(row: Row): string {
  const file = STAND_INS[row.model]
  if (typeof file === 'string') return `${FIXTURES}oracle/${file}`
  const name = /"dtype": ?"(\w+)"/.exec(row.request.body ?? '')?.[1] ?? 'double'
  return `${FIXTURES}oracle/${(file as Record<string, string>)[IDENTITY[name] ?? inferred(row)]}`
}

/** What torch inferred shows in how it answered. */
const inferred = (row: Row): string =>
  /true|false/.test(row.body ?? '') ? 'bool' : /\d\.|NaN|Infinity|\[\[\]\]/.test(row.body ?? '') ? 'float32' : 'int64'

describe('the recorded exchanges', { skip: withoutShared }, () => {
  const services = new Map<string, Promise<Service>>()
  let iris: ReturnType<typeof irisCache>
  before(() => {
    iris = irisCache()
  })
  after(async () => {
    for (const service of services.values()) await (await service).close()
  })

  const serviceFor = (file: string, row: Row): Promise<Service> => {
    const dialect = file.endsWith('onnx') ? 'onnx' : 'torch'
    const path = row.model === 'iris.torch' ? iris.torch : row.model === 'iris.onnx' ? iris.onnx : standIn(row)
    const variables = variablesFor(file, dialect, path, iris.cache)
    const key = JSON.stringify(variables)
    const running = services.get(key) ?? startService(variables)
    services.set(key, running)
    return running
  }

  for (const file of FILES) {
    describe(file, () => {
      const rows = withoutShared
        ? []
        : (JSON.parse(readFileSync(`${SHARED}reference/vectors/oracle_${file}.json`, 'utf8')) as Row[])
      for (const [number, row] of rows.entries()) {
        test(`${number} ${row.case}`, async () => {
          const service = await serviceFor(file, row)
          const { method, path, headers, body } = row.request
          const init = { method, headers, ...(body !== null && { body }) }
          const answer = await service.fetch(path, init)
          check(file, row, answer, fixFor(file, row))
        })
      }
    })
  }

  test('every difference is one that was recorded', () => assert.deepEqual(unusedFixes(), []))
})

function variablesFor(file: string, dialect: string, path: string, cache: string): NodeJS.ProcessEnv {
  const name = path.split('/').at(-1) as string
  const prefix = dialect.toUpperCase()
  if (file.startsWith('v2')) {
    return {
      [`${prefix}_DEFAULT_MODEL_ID`]: `huggingface/Ritual-Net/iris-classification:${name}`,
      [`${prefix}_CACHE_DIR`]: cache,
      HF_HUB_OFFLINE: 'true',
    }
  }
  const workflow =
    dialect === 'onnx'
      ? 'infernet_ml.workflows.inference.onnx_inference_workflow.ONNXInferenceWorkflow'
      : 'infernet_ml.workflows.inference.torch_inference_workflow.TorchInferenceWorkflow'
  return {
    CLASSIC_INF_WORKFLOW_CLASS: workflow,
    MODEL_SOURCE: 'LOCAL',
    LOAD_ARGS: JSON.stringify({ model_path: path }),
  }
}

function check(file: string, row: Row, answer: Answer, fix: Fix | undefined): void {
  const expected = fix?.status ?? (row.status === 500 || row.status === 'raises' ? 400 : row.status)
  assert.equal(answer.status, expected, `${fix?.why ?? 'as recorded'}: ${answer.text.slice(0, 300)}`)
  if (expected !== 200) {
    if (row.request.method === 'HEAD') return
    assert.equal(answer.body.code, `${expected}`)
    assert.equal(typeof answer.body.description, 'string')
    return
  }
  if (row.request.method !== 'POST' && row.request.method !== 'GET') return
  if (fix?.body) fix.body(answer.body, row)
  else sameMeaning(file, answer.body, JSON.parse(asJson(row.body ?? 'null')))
}

/** Equal but for the last digits that two builds of torch differ in, too. */
export function sameMeaning(file: string, ours: unknown, theirs: unknown, path = 'body'): void {
  if (typeof theirs === 'number') {
    assert.equal(typeof ours, 'number', path)
    assert.ok(
      Math.abs((ours as number) - theirs) <= 1e-7 + 1e-5 * Math.abs(theirs),
      `${path} is ${ours}, recorded ${theirs}`,
    )
  } else if (Array.isArray(theirs)) {
    assert.equal((ours as unknown[]).length, theirs.length, path)
    for (const [i, item] of theirs.entries()) sameMeaning(file, (ours as unknown[])[i], item, `${path}[${i}]`)
  } else if (typeof theirs === 'object' && theirs !== null) {
    assert.deepEqual(Object.keys(ours as object).sort(), Object.keys(theirs).sort(), path)
    for (const [key, value] of Object.entries(theirs))
      sameMeaning(file, (ours as Record<string, unknown>)[key], value, `${path}.${key}`)
  } else if (path === 'body.raw_output') {
    const decode = file.startsWith('v1') ? decodeTensorVector : decodeRitualVector
    sameMeaning(file, plain(decode(ours as string)), plain(decode(theirs as string)), 'vector')
  } else assert.equal(ours, theirs, path)
}

const plain = (vector: object): object => ({
  ...vector,
  data: Array.from((vector as { data: ArrayLike<number> }).data),
})
