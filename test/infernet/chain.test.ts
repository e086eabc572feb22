/** On-chain jobs through the whole service: every codec in, the five keys out. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeSd59x18, decodeStarterArray, encodeSd59x18, encodeStarterArray } from '../../src/codecs/fixed-array.ts'
import { decodeRitualVector, encodeRitualVector } from '../../src/codecs/ritual-vector.ts'
import { decodeTensorVector, encodeTensorVector } from '../../src/codecs/tensor-vector.ts'
import { createTensor } from '../../src/tensor/tensor.ts'
import { encodeG2Request, encodeG3Request } from '../codecs/requests.ts'
import { FIXTURES } from '../support/paths.ts'
import { type Answer, type Service, startService } from '../support/service.ts'

const KEYS = ['raw_input', 'processed_input', 'raw_output', 'processed_output', 'proof']
const model = (name: string, workflow = 'TorchInferenceWorkflow'): NodeJS.ProcessEnv => ({
  CLASSIC_INF_WORKFLOW_CLASS: workflow,
  CLASSIC_INF_WORKFLOW_KW_ARGS: JSON.stringify({ model_path: `${FIXTURES}${name}.onnx` }),
})
const row = createTensor('float64', [1, 3], Float64Array.of(1.5, -2.25, 0))
const identity = model('oracle/identity-float64')

const services: Service[] = []
after(() => Promise.all(services.map((service) => service.close())))
async function start(env: NodeJS.ProcessEnv): Promise<Service> {
  const service = await startService(env)
  services.push(service)
  return service
}

const chain = (service: Service, data: string, more: object = {}): Promise<Answer> =>
  service.post({ source: 0, destination: 0, data, ...more })
const output = ({ status, body, text }: Answer): string => {
  assert.equal(status, 200, text)
  assert.deepEqual(Object.keys(body), KEYS)
  return body.raw_output as string
}
const values = (tensor: { data: ArrayLike<unknown> }): unknown[] => Array.from(tensor.data)

describe('a float64 model answers in the codec that asked:', () => {
  let service: Service
  before(async () => {
    service = await start(identity)
  })

  test('G1, int256[] of SD59x18', async () => {
    const answer = await chain(service, encodeSd59x18(row))
    assert.deepEqual(values(decodeSd59x18(output(answer))), [1.5, -2.25, 0])
  })
  test('G1 to a node before 1.0, which sends no destination: the classic profile', async () => {
    const { body } = await service.post({ source: 0, data: encodeSd59x18(row) })
    assert.deepEqual(body, { data: [[1.5, -2.25, 0]] })
  })
  test('G2, which echoes its input', async () => {
    const data = encodeG2Request({
      source: 'local',
      repoId: '',
      filename: '',
      version: '',
      vector: encodeTensorVector(row),
    })
    const answer = await chain(service, data)
    const vector = decodeTensorVector(output(answer))
    assert.deepEqual([vector.dtypeName, vector.dims, values(vector)], ['double', [1, 3], [1.5, -2.25, 0]])
    assert.equal(answer.body.raw_input, data)
  })
  test('G3, which does not', async () => {
    const data = encodeG3Request({ vector: encodeRitualVector(row, { arithmetic: 'ieee', decimals: 18 }) })
    const answer = await chain(service, data)
    const vector = decodeRitualVector(output(answer))
    assert.deepEqual([vector.dtype, vector.dims, values(vector)], ['float64', [1, 3], [1.5, -2.25, 0]])
    assert.equal(answer.body.raw_input, '')
  })
  test('G3 with output options: fixed point, retyped to float128', async () => {
    const vector = encodeRitualVector(row, { arithmetic: 'ieee', decimals: 18 })
    const answer = decodeRitualVector(
      output(await chain(service, encodeG3Request({ vector, outputArithmetic: 'fixed_point', outputDecimals: 2 }))),
    )
    assert.deepEqual(
      [answer.arithmetic, answer.scale, answer.ritualDtype, values(answer)],
      ['fixed_point', 2, 3, [1.5, -2.25, 0]],
    )
  })
  test('a bare RitualVector', async () => {
    const answer = await chain(service, encodeRitualVector(row, { arithmetic: 'fixed_point', decimals: 6 }))
    assert.deepEqual(values(decodeRitualVector(output(answer))), [1.5, -2.25, 0])
  })
  test('off chain to on chain, G3 with options', async () => {
    const data = {
      input: { dtype: 2, shape: [1, 3], values: [1.5, -2.25, 0] },
      output_arithmetic: 'fixed_point',
      output_num_decimals: 4,
    }
    const answer = decodeRitualVector(output(await service.post({ source: 1, destination: 0, data })))
    assert.deepEqual([answer.scale, values(answer)], [4, [1.5, -2.25, 0]])
  })
  test('on chain to off chain', async () => {
    const { body } = await chain(
      service,
      encodeG3Request({ vector: encodeRitualVector(row, { arithmetic: 'ieee', decimals: 18 }) }),
      { destination: 1 },
    )
    assert.deepEqual(body, { dtype: 2, shape: [1, 3], values: [1.5, -2.25, 0] })
  })
  test('0x in gives 0x out, in all five keys', async () => {
    const { body } = await chain(service, `0x${encodeSd59x18(row)}`)
    for (const key of KEYS) assert.match(body[key] as string, /^0x/)
    assert.deepEqual(values(decodeSd59x18((body.raw_output as string).slice(2))), [1.5, -2.25, 0])
  })
})

test("the starter's uint256[] in and out, when the operator says so", async () => {
  const service = await start({ ...model('oracle/identity-float32'), CHAIN_ARRAY: 'starter' })
  const input = createTensor('float64', [1, 2], Float64Array.of(1.5, 0.25))
  assert.deepEqual(
    values(decodeStarterArray(output(await chain(service, encodeStarterArray(input, 6))), 6)),
    [1.5, 0.25],
  )
})

test('the prefix can be set for jobs that carry none', async () => {
  const service = await start({ ...identity, CHAIN_HEX_PREFIX: '0x', CHAIN_ECHO_INPUT: 'true' })
  const { body } = await service.post({ source: 1, destination: 0, data: { dtype: 'double', values: [[1]] } })
  for (const key of KEYS) assert.match(body[key] as string, /^0x/)
})

test("a chain's float64 is cast to the float32 that a model wants", async () => {
  const service = await start(model('oracle/identity-float32'))
  const { body } = await chain(service, encodeSd59x18(row), { destination: 1 })
  assert.deepEqual(body, { data: [[1.5, -2.25, 0]] })
})

test('what cannot be a payload is a sentence', async () => {
  const service = await start(identity)
  for (const data of ['deadbeef', '00'.repeat(31), `${'00'.repeat(31)}20${'ff'.repeat(32)}`, 'ff'.repeat(500)]) {
    const { status, body } = await chain(service, data)
    assert.equal(status, 400)
    assert.match(body.description as string, /^the chain payload is /)
  }
})

test('no model is opened that a request may not name', async () => {
  const service = await start(identity)
  const vector = encodeTensorVector(row)
  const g2 = (source: 'local' | 'huggingface') =>
    chain(service, encodeG2Request({ source, repoId: 'a/b', filename: 'c.onnx', version: '', vector }))
  assert.match((await g2('local')).body.description as string, /^Invalid ModelSource: 0$/)
  assert.match((await g2('huggingface')).body.description as string, /does not serve/)
})

describe('the answer of one container is the request of the next:', () => {
  const data = { input: { dtype: 2, shape: [1, 3], values: [1.5, -2.25, 0] } }
  const pass = async (first: object, env: NodeJS.ProcessEnv = identity): Promise<Record<string, unknown>> => {
    const service = await start(env)
    const { body } = await service.post({ source: 1, destination: 1, data: first })
    const next = await service.post({ source: 1, destination: 1, data: body })
    assert.equal(next.status, 200, next.text)
    return next.body
  }
  test('G3', async () => assert.deepEqual(await pass(data), { dtype: 2, shape: [1, 3], values: [1.5, -2.25, 0] }))
  test('G2', async () =>
    assert.deepEqual(await pass({ input: { dtype: 'double', shape: [1, 3], values: [[1.5, -2.25, 0]] } }), {
      dtype: 'double',
      shape: [1, 3],
      values: [1.5, -2.25, 0],
    }))
  test('G1', async () =>
    assert.deepEqual(await pass({ dtype: 'double', values: [[1.5, -2.25, 0]] }), { data: [[1.5, -2.25, 0]] }))
  test('G0 witness', async () =>
    assert.deepEqual(
      Object.keys(await pass({ dtype: 'double', values: [[1.5]] }, { ...identity, CLASSIC_OUTPUT: 'witness' })),
      ['data'],
    ))
  test('the starter', async () =>
    assert.deepEqual(await pass({ input: [[1.5, -2.25, 0]] }), { data: [[1.5, -2.25, 0]] }))
  test('ONNX, vectors', async () =>
    assert.deepEqual(
      await pass({ inputs: { input: data.input } }, model('oracle/identity-float64', 'ONNXInferenceWorkflow')),
      { result: [{ dtype: 2, shape: [1, 3], values: [1.5, -2.25, 0] }] },
    ))
  test('ONNX, the old form', async () =>
    assert.deepEqual(
      (await pass({ input: [[1.5, -2.25, 0]] }, model('oracle/identity-float64', 'ONNXInferenceWorkflow'))).data !==
        undefined,
      true,
    ))
})

test('the witness of G0', async () => {
  const service = await start({ ...model('oracle/sum1'), CLASSIC_OUTPUT: 'witness' })
  const { body } = await service.post({
    source: 1,
    data: {
      dtype: 'double',
      values: [
        [1, 2],
        [3, 4],
      ],
    },
  })
  assert.deepEqual(body, { input_shapes: [[2]], input_data: [[1, 2, 3, 4]], output_data: [[3], [7]] })
})

test('the profile of every answer can be set', async () => {
  const request = { source: 1, data: { dtype: 'double', values: [[1.5]] } }
  const answers: Record<string, unknown> = {
    v1: { dtype: 'double', shape: [1, 1], values: [1.5] },
    v2: { dtype: 2, shape: [1, 1], values: [1.5] },
    starter: { output: [1.5] },
    onnx: { data: [[[1.5]]] },
  }
  for (const [profile, expected] of Object.entries(answers)) {
    assert.deepEqual((await (await start({ ...identity, REQUEST_PROFILE: profile })).post(request)).body, expected)
  }
})
