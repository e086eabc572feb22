/** Torch files through the whole service, in each generation's words. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { FIXTURES } from './support/paths.ts'
import { type Answer, type Service, startService } from './support/service.ts'

/** `Sequential(Linear(4, 8), ReLU(), Linear(8, 2))` in float32. */
const MODEL = `${FIXTURES}torch/single/mlp.pt`
const ROWS = [
  [1, 2, 3, 4],
  [0.5, -1, 0.25, 8],
]
/** torch 2.8.0. */
const FORWARD = [
  [-0.4979551434516907, -0.33661240339279175],
  [-0.23500174283981323, -0.9152332544326782],
]

describe('a torch file', () => {
  const cache = mkdtempSync(join(tmpdir(), 'torch-'))
  const services: Service[] = []
  const start = async (env: NodeJS.ProcessEnv = {}): Promise<Service> => {
    const service = await startService({
      CLASSIC_INF_WORKFLOW_CLASS: 'TorchInferenceWorkflow',
      CLASSIC_INF_WORKFLOW_KW_ARGS: JSON.stringify({ model_path: MODEL, cache_dir: cache }),
      ...env,
    })
    services.push(service)
    return service.ready()
  }
  let service: Service
  before(async () => {
    service = await start()
  })
  after(async () => {
    await Promise.all(services.map((each) => each.close()))
    rmSync(cache, { recursive: true })
  })
  const post = (data: object): Promise<Answer> => service.post({ source: 1, data })
  const close = (ours: unknown, theirs: readonly number[]): void => {
    assert.equal((ours as number[]).length, theirs.length)
    theirs.forEach((value, i) => {
      assert.ok(Math.abs((ours as number[])[i]! - value) < 1e-6, `${ours} is not ${theirs}`)
    })
  }
  const refuses = (name: string, data: object, message: RegExp) =>
    test(name, async () => {
      const { status, body } = await post(data)
      assert.deepEqual([status, body.code], [400, '400'])
      assert.match(String(body.description), message)
    })

  test('answers a classic request with rows', async () => {
    const { body } = await post({ dtype: 'float', values: ROWS })
    ;(body.data as number[][]).forEach((row, i) => {
      close(row, FORWARD[i]!)
    })
  })
  test('answers a RitualVector with one', async () => {
    const { body } = await post({ input: { dtype: 1, shape: [2, 4], values: ROWS.flat() } })
    assert.deepEqual([body.dtype, body.shape], [1, [2, 2]])
    close(body.values, FORWARD.flat())
  })
  test('keeps what it converted, for the next start', async () => {
    assert.equal(readdirSync(join(cache, '.plans')).filter((name) => name.endsWith('.plan')).length, 1)
    const again = await start()
    const { body } = await again.post({ source: 1, data: { dtype: 'float', values: ROWS } })
    close((body.data as number[][]).flat(), FORWARD.flat())
    assert.equal(readdirSync(join(cache, '.plans')).filter((name) => name.endsWith('.plan')).length, 1)
  })
  test('casts a dtype that the model does not take, where the operator says so', async () => {
    const casting = await start({ TORCH_CAST: 'auto' })
    const { body } = await casting.post({ source: 1, data: { dtype: 'double', values: ROWS } })
    close((body.data as number[][]).flat(), FORWARD.flat())
  })
  refuses('another dtype, by the name of what is wanted', { dtype: 'double', values: ROWS }, /wants float32/)
  refuses('a width', { dtype: 'float', values: [[1, 2]] }, /wants 4 features last, and is given \[batch, 2\]/)
  refuses('a method', { dtype: 'float', values: ROWS, method: 'predict' }, /data\.method is "predict"; .* only forward/)
})
