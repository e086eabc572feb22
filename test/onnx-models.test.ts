/** Every ONNX fixture through the whole service: its golden samples, and the shapes of its answers. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readConfig } from '../src/config.ts'
import { checkSamples } from '../src/infernet/golden.ts'
import { createLog } from '../src/log.ts'
import { startServing } from '../src/serving.ts'
import { FIXTURES, ROOT } from './support/paths.ts'
import { type Service, startService } from './support/service.ts'

const DIRECTORY = `${FIXTURES}onnx/`
/** Made to be killed: see runtime/pool.test.ts. */
const WITHOUT_SAMPLES = ['bomb', 'hang']

const services: Service[] = []
after(() => Promise.all(services.map((service) => service.close())))

async function start(name: string, env: NodeJS.ProcessEnv = {}): Promise<Service> {
  const kwargs = JSON.stringify({ model_path: `${DIRECTORY}${name}.onnx` })
  const service = await startService({
    CLASSIC_INF_WORKFLOW_CLASS: 'ONNXInferenceWorkflow',
    CLASSIC_INF_WORKFLOW_KW_ARGS: kwargs,
    ...env,
  })
  services.push(service)
  return service
}

describe('golden samples are reproduced:', () => {
  const names = readdirSync(DIRECTORY)
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => file.slice(0, -'.onnx'.length))
  test('every model has some', () => {
    assert.deepEqual(
      names.filter((name) => !existsSync(`${DIRECTORY}${name}.samples.json`)),
      WITHOUT_SAMPLES,
    )
  })
  for (const name of names.filter((each) => !WITHOUT_SAMPLES.includes(each))) {
    test(name, async () => {
      const kwargs = JSON.stringify({ model_path: `${DIRECTORY}${name}.onnx` })
      const config = readConfig({
        CLASSIC_INF_WORKFLOW_CLASS: 'ONNXInferenceWorkflow',
        CLASSIC_INF_WORKFLOW_KW_ARGS: kwargs,
      })
      const { engine, job } = startServing(
        config,
        { PATH: process.env.PATH },
        { log: createLog('error'), onFatal: assert.fail },
      )
      try {
        const comparisons = await checkSamples(`${DIRECTORY}${name}.samples.json`, engine, job)
        assert.ok(comparisons.length > 0)
        assert.deepEqual(
          comparisons.filter(({ failure }) => failure),
          [],
        )
      } finally {
        await engine.close()
      }
    })
  }
})

const post = async (service: Service, data: object | string) =>
  service.post(typeof data === 'string' ? `{"source":1,"data":${data}}` : { source: 1, data })

test('64-bit integers keep every digit, both ways', async () => {
  const { text } = await post(
    await start('int64'),
    '{"inputs":{"x":{"dtype":8,"shape":[2],"values":[9223372036854775807,-9007199254740993]}}}',
  )
  assert.equal(text, '{"result":[{"dtype":8,"shape":[2],"values":[-9223372036854775808,9007199254740992]}]}')
})

test('and in the old nested form', async () => {
  const { text } = await post(await start('uint64'), '{"x":[18446744073709551615,1]}')
  assert.equal(text, '{"data":[[0,18446744073709551614]]}')
})

test('strings go in and come out', async () => {
  const { body } = await post(await start('strings-in'), JSON.parse(sampleInput('strings-in')))
  assert.ok(Array.isArray(body.data))
  const out = await post(await start('strings-out'), '{"inputs":{"number":{"dtype":8,"shape":[1,2],"values":[0,1]}}}')
  const [result] = out.body.result as Record<string, unknown>[]
  assert.deepEqual([result?.dtype, result?.shape], ['string', [1, 2]])
})

test('a ZipMap is a tensor with its column names beside it', async () => {
  const { body } = await post(await start('zipmap-strings'), { input: [[5.1, 3.5, 1.4, 0.2]] })
  assert.deepEqual(body.classes, ['setosa', 'versicolor', 'virginica'])
  assert.equal((body.data as unknown[][])[1]?.length, 1)
})

test('a fixed batch of one is run row by row', async () => {
  const { body } = await post(await start('batch1'), {
    inputs: { x: { dtype: 1, shape: [3, 4], values: Array.from({ length: 12 }, (_, i) => i / 12) } },
  })
  const [result] = body.result as { shape: number[] }[]
  assert.deepEqual(result?.shape, [3, 3])
})

test('output_names picks and orders the answer', async () => {
  const service = await start('two-in-three-out', { ONNX_OUTPUT_NAMES: 'positive,product' })
  const { body } = await post(service, { a: [[1, 2, 3]], k: [2] })
  assert.deepEqual(body, { data: [[true], [[2, 4, 6]]] })
})

describe('what the model does not take is named:', () => {
  const refuse = async (name: string, data: object, words: RegExp) => {
    running[name] ??= start(name)
    const { status, body } = await post(await running[name], data)
    assert.equal(status, 400, JSON.stringify(body))
    assert.match(body.description as string, words)
  }
  const running: Record<string, Promise<Service>> = {}
  test('another name', () => refuse('features', { x: [[1, 2, 3, 4]] }, /inputs are 'features'; the request gives 'x'/))
  test('a missing input', () =>
    refuse('two-in-three-out', { a: [[1, 2, 3]] }, /inputs are 'a', 'k'; the request gives 'a'/))
  test('another width', () => refuse('features', { features: [[1, 2, 3]] }, /float32\[n, 4\].*gives float64\[1, 3\]/))
  test('another rank', () => refuse('features', { features: [1, 2, 3, 4] }, /float32\[n, 4\].*gives float64\[4\]/))
  test('a fraction for an integer', () => refuse('int64', { x: [1.5] }, /value 0 is 1\.5, which is no int64/))
  test('numbers for strings', () => refuse('strings', { x: [[1]] }, /is string\[/))
  test('ragged lists', () =>
    refuse('features', { features: [[1, 2, 3, 4], [1]] }, /data\.features\[1\] must have 4 items/))
  test('a word among numbers', () =>
    refuse('features', { features: [[1, 'x', 3, 4]] }, /data\.features\[0\]\[1\] must be a number; it is "x"/))
})

test('external data that is named outside the folder is refused before ONNX Runtime sees it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'external-'))
  const patched = readFileSync(`${DIRECTORY}external.onnx`)
  patched.write('../../secret', patched.indexOf('external.bin'))
  writeFileSync(join(directory, 'model.onnx'), patched)
  const failure = await new Promise<Error>((resolve) => {
    const kwargs = JSON.stringify({ model_path: join(directory, 'model.onnx') })
    startService(
      { CLASSIC_INF_WORKFLOW_CLASS: 'ONNXInferenceWorkflow', CLASSIC_INF_WORKFLOW_KW_ARGS: kwargs },
      resolve,
    ).then((service) => services.push(service))
  })
  assert.match(failure.message, /\.\.\/\.\.\/secret/)
})

const sampleInput = (name: string): string => {
  const { samples } = JSON.parse(readFileSync(`${DIRECTORY}${name}.samples.json`, 'utf8')) as {
    samples: { input: Record<string, unknown> }[]
  }
  return JSON.stringify(
    samples.map(({ input }) => input).find((input) => !('shape' in (input.inputs as object))) ?? samples[0]?.input,
  )
}

test('the embedded model answers what scikit-learn gave', async () => {
  const service = await startService()
  services.push(service)
  const { body } = await service.post(readFileSync(`${FIXTURES}default-request.json`, 'utf8'))
  const expected = JSON.parse(readFileSync(`${FIXTURES}default-answer.json`, 'utf8')) as { data: number[][] }
  const [ours, theirs] = [(body.data as number[][])[0]?.[0] as number, expected.data[0]?.[0] as number]
  assert.ok(Math.abs(ours - theirs) <= 1e-9 * Math.abs(theirs), `${ours} is not ${theirs}`)
  assert.ok(existsSync(`${ROOT}workflows/default/model.samples.json`))
})
