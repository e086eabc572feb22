/** Requests that name another model, from its download to the answer. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { recordPath } from '../../src/sources/record.ts'
import { cutAfter, FakeHub } from '../sources/fake-hub.ts'
import { FIXTURES } from '../support/paths.ts'
import { type Service, startService } from '../support/service.ts'

const closers: (() => Promise<void> | void)[] = []
after(async () => {
  for (const close of closers.reverse()) await close()
})

const GRAPH = readFileSync(`${FIXTURES}onnx/rank1.onnx`)

async function serve(env: NodeJS.ProcessEnv = {}): Promise<{ hub: FakeHub; cache: string; service: Service }> {
  const hub = await new FakeHub().start()
  for (const name of ['a', 'b', 'c']) hub.files.set(`${name}.onnx`, GRAPH)
  const cache = mkdtempSync(join(tmpdir(), 'requested-'))
  const common = { HF_ENDPOINT: hub.url, HF_HOME: cache, ONNX_CACHE_DIR: cache, ALLOWED_MODELS: 'huggingface/o' }
  const service = await startService({
    CLASSIC_INF_WORKFLOW_CLASS: 'ONNXInferenceWorkflow',
    ONNX_DEFAULT_MODEL_ID: `${FIXTURES}onnx/rank1.onnx`,
    ...common,
    ...env,
  })
  closers.push(
    () => rmSync(cache, { recursive: true }),
    () => hub.stop(),
    () => service.close(),
  )
  return { hub, cache, service: await service.ready() }
}

const body = (name: string) => ({
  source: 1,
  data: {
    model_id: `huggingface/o/n:${name}.onnx`,
    inputs: { x: { dtype: 'float', shape: [1, 2], values: [[1, 2.5]] } },
  },
})

const metric = async (service: Service, name: string): Promise<number> =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await service.get('/metrics')).text)?.[1])

describe('a request for another model', () => {
  test('200 of them on a cold model: one download, 200 answers', async () => {
    const { hub, service } = await serve({ WORKERS: '2' })
    hub.behaviour = ({ serve: send }) => void setTimeout(() => send(), 200)
    const answers = await Promise.all(Array.from({ length: 200 }, () => service.post(body('a'))))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]), answers[0]?.text)
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
    assert.equal(hub.reads, 1)
    assert.equal(await metric(service, 'infernet_downloads_total{result="whole"}'.replace(/[{}]/g, '\\$&')), 1)
    assert.equal(await metric(service, 'infernet_download_bytes_total'), GRAPH.length)
  })
  test('waits no longer than it has time, and the download goes on', async () => {
    const { hub, service } = await serve({ REQUEST_TIMEOUT_MS: '400' })
    let release = (): void => {}
    hub.behaviour = ({ serve: send }) => {
      release = () => send()
    }
    const startedAt = performance.now()
    const late = await service.post(body('a'))
    const ms = performance.now() - startedAt
    assert.ok(ms >= 390 && ms < 900, `${ms} ms`)
    assert.equal(late.status, 504)
    assert.deepEqual([late.body.code, late.body.name], ['504', 'Gateway Timeout'])
    assert.match(
      late.body.description as string,
      /no answer within 400 ms: .*huggingface\/o\/n:a\.onnx.* is still being fetched/,
    )
    release()
    const until = Date.now() + 5000
    while (Date.now() < until && (await metric(service, 'infernet_download_bytes_total')) === 0)
      await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal((await service.post(body('a'))).status, 200)
    assert.equal(hub.reads, 1)
  })
  test('of a hub that fails is answered 503, and the configured model goes on', async () => {
    const { hub, service } = await serve({ REQUEST_TIMEOUT_MS: '60000' })
    hub.behaviour = cutAfter(0)
    hub.api = (_request, response) => void response.writeHead(503, { 'Retry-After': '0' }).end()
    const asked = service.post(body('a'))
    const { data, ...envelope } = body('a')
    const own = await service.post({ ...envelope, data: { inputs: data.inputs } })
    assert.equal(own.status, 200)
    assert.equal((await asked).status, 503)
  })
  test('keeps the cache within its limit, and what is open in it', async () => {
    const { cache, service } = await serve({
      CACHE_LIMIT_BYTES: String(2 * GRAPH.length + 100),
      ONNX_MODEL_LRU_CACHE_SIZE: '1',
    })
    const age = (name: string): void =>
      utimesSync(recordPath(join(cache, `huggingface/o/n/default/${name}.onnx`)), 0, 0)
    for (const name of ['a', 'b']) {
      assert.equal((await service.post(body(name))).status, 200)
      age(name)
    }
    // Of the two, b is open.
    assert.equal((await service.post(body('c'))).status, 200)
    const removed = service.logs.filter((line) => line.includes('removed from the cache'))
    assert.equal(removed.length, 1)
    assert.match(removed[0] ?? '', /default\/a\.onnx/)
    assert.equal(await metric(service, 'infernet_cache_removed_total'), 1)
  })
})
