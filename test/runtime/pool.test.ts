/** No answer is lost: what dies, hangs or waits, and what its neighbours see of it. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { FIXTURES } from '../support/paths.ts'
import { type Answer, type Service, startService } from '../support/service.ts'

const onnx = (name: string): NodeJS.ProcessEnv => ({
  CLASSIC_INF_WORKFLOW_CLASS: 'ONNXInferenceWorkflow',
  CLASSIC_INF_WORKFLOW_KW_ARGS: JSON.stringify({ model_path: `${FIXTURES}onnx/${name}.onnx` }),
})
const behaviours = { CLASSIC_INF_WORKFLOW_CLASS: `${FIXTURES}workflows/behaviours.ts#Behaviours` }
const services: Service[] = []
after(() => Promise.all(services.map((service) => service.close())))

async function start(env: NodeJS.ProcessEnv): Promise<Service> {
  const service = await startService(env)
  services.push(service)
  return service.ready()
}

const statuses = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('an inference process is killed', () => {
  const waits = (service: Service, count: number, ms: number): Promise<Answer[]> =>
    Promise.all(Array.from({ length: count }, () => service.post({ source: 1, data: { action: 'wait', value: ms } })))

  for (const workers of ['1', '2']) {
    test(`with 40 requests in flight on ${workers}: none is lost`, async () => {
      const service = await start({ ...behaviours, WORKERS: workers })
      const answers = waits(service, 40, 25)
      await sleep(120)
      const [pid] = service.engine.pids()
      process.kill(pid as number, 'SIGKILL')
      assert.deepEqual(statuses(await answers), { 200: 40 })
      assert.equal(service.engine.status().restarts, 1)
    })
  }

  test('both at once: none is lost', async () => {
    const service = await start({ ...behaviours, WORKERS: '2' })
    const answers = waits(service, 20, 25)
    await sleep(100)
    for (const pid of service.engine.pids()) process.kill(pid, 'SIGKILL')
    assert.deepEqual(statuses(await answers), { 200: 20 })
  })

  test('round after round: still none is lost', async () => {
    const service = await start({ ...behaviours, WORKERS: '2' })
    for (let round = 0; round < 4; round++) {
      const answers = waits(service, 30, 10)
      await sleep(60)
      process.kill(service.engine.pids()[0] as number, 'SIGKILL')
      assert.deepEqual(statuses(await answers), { 200: 30 })
    }
  })
})

test('a request that kills its process fails alone', async () => {
  const service = await start({ ...behaviours, WORKERS: '2' })
  const good = Array.from({ length: 20 }, () => service.post({ source: 1, data: { action: 'wait', value: 10 } }))
  const poison = service.post({ source: 1, data: { action: 'die' } })
  const more = Array.from({ length: 20 }, () => service.post({ source: 1, data: { action: 'wait', value: 10 } }))
  assert.deepEqual(statuses(await Promise.all([...good, ...more])), { 200: 40 })
  const { status, body } = await poison
  assert.equal(status, 500)
  assert.match(body.description as string, /ended the inference process twice/)
  assert.equal((await service.post({ source: 1, data: {} })).status, 200)
})

test('a graph that never ends is killed, answered with 504, and its neighbours are served', async () => {
  const service = await start({ ...onnx('hang'), REQUEST_TIMEOUT_MS: '3000' })
  const inputs = (await service.get('/')).body.inputs as { name: string }[]
  const trips = (count: number) => ({
    source: 1,
    data: { inputs: { [(inputs[0] as { name: string }).name]: { dtype: 8, shape: [1], values: [count] } } },
  })
  const hung = service.post(JSON.stringify(trips(0)).replace('"values":[0]', '"values":[4611686018427387904]'))
  await sleep(200)
  const health = performance.now()
  assert.equal((await service.get('/health')).status, 200)
  assert.ok(performance.now() - health < 500)
  const { status, body } = await hung
  assert.deepEqual([status, body.code], [504, '504'])
  await sleep(300)
  assert.equal((await service.post(trips(1))).status, 200)
})

test('a queue that is full refuses at once, in the shape of every refusal', async () => {
  const service = await start({ ...behaviours, QUEUE_LIMIT: '2' })
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => service.post({ source: 1, data: { action: 'wait', value: 100 } })),
  )
  const counts = statuses(answers)
  assert.ok((counts[200] ?? 0) >= 3 && (counts[503] ?? 0) >= 1, JSON.stringify(counts))
  const refused = answers.find(({ status }) => status === 503)
  assert.deepEqual([refused?.body.code, refused?.headers.get('retry-after')], ['503', '1'])
})

test('an empty tensor is refused where the graph is not known to survive one', async () => {
  const service = await start(onnx('gru'))
  const [input] = (await service.get('/')).body.inputs as { name: string; dims: (number | string)[] }[]
  const shape = (input?.dims ?? []).map((dim) => (typeof dim === 'number' ? dim : 0))
  const { status, body } = await service.post({
    source: 1,
    data: { inputs: { [input?.name as string]: { dtype: 1, shape, values: [] } } },
  })
  assert.equal(status, 400)
  assert.match(body.description as string, /empty tensor/)
  assert.equal(service.engine.status().restarts, 0)
})

test('a model that makes far more than it was given is refused, and goes on', async () => {
  const service = await start({ ...onnx('bomb'), BODY_LIMIT_BYTES: '1000000' })
  const make = (count: number) => ({
    source: 1,
    data: { inputs: { shape: { dtype: 8, shape: [1], values: [count] } } },
  })
  const { status, body } = await service.post(make(1_000_000))
  assert.equal(status, 400)
  assert.match(body.description as string, /takes 4000000 bytes, more than this server gives/)
  assert.equal((await service.post(make(3))).status, 200)
})

test('requests wait for a model that is still being opened', async () => {
  const service = await startService(behaviours)
  services.push(service)
  assert.equal((await service.get('/ready')).status, 503)
  assert.equal((await service.post({ source: 1, data: {} })).status, 200)
  assert.equal((await service.get('/ready')).status, 200)
})
