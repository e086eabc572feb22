import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { loadWorkflowClass } from '../src/workflow-class.ts'
import { FIXTURES, ROOT } from './support/paths.ts'
import { type Service, startService } from './support/service.ts'

const WORKFLOWS = `${FIXTURES}workflows/`
const services: Service[] = []
after(() => Promise.all(services.map((service) => service.close())))

async function start(env: NodeJS.ProcessEnv): Promise<Service> {
  const service = await startService(env)
  services.push(service)
  return service
}

describe('a workflow of one class', () => {
  test('gets the data as it was posted, and answers with an object', async () => {
    const service = await start({
      CLASSIC_INF_WORKFLOW_CLASS: `${WORKFLOWS}greeter.ts#Greeter`,
      CLASSIC_INF_WORKFLOW_POSITIONAL_ARGS: '["!"]',
      CLASSIC_INF_WORKFLOW_KW_ARGS: '{"greeting": "Salve"}',
    })
    const { status, body } = await service.post({ source: 1, data: { name: 'Ada' } })
    assert.deepEqual([status, body], [200, { greeting: 'Salve, Ada!' }])
  })

  test('may spell its hooks in snake_case; a bare string is wrapped for the node', async () => {
    const service = await start({ CLASSIC_INF_WORKFLOW_CLASS: `${WORKFLOWS}greeter.ts#Shouter` })
    const { body } = await service.post({ source: 1, data: { name: 'Ada' } })
    assert.deepEqual(body, { output: 'HELLO, ADA.' })
  })

  test('may change what a model gets', async () => {
    const [env, request] = [{ CLASSIC_INF_WORKFLOW_CLASS: `${WORKFLOWS}behaviours.ts#Halver` }, defaultRequest()]
    const kwargs = JSON.stringify({ model_path: `${ROOT}workflows/default/model.onnx` })
    const halved = await (await start({ ...env, CLASSIC_INF_WORKFLOW_KW_ARGS: kwargs })).post(request)
    const values = request.data.values.map((row) => row.map((value) => value / 2))
    const plain = await (await start({})).post({ source: 1, data: { dtype: 'double', values } })
    assert.deepEqual(halved.body, plain.body)
  })
})

describe('what a workflow may do', () => {
  const behaviours = (): Promise<Service> => {
    running ??= start({ CLASSIC_INF_WORKFLOW_CLASS: `${WORKFLOWS}behaviours.ts#Behaviours` })
    return running
  }
  let running: Promise<Service> | undefined
  const run = async (data: object, more: object = {}) => (await behaviours()).post({ source: 1, data, ...more })

  test('answer tensors', async () => assert.equal((await run({ action: 'tensor' })).text, '{"data":[[1.5],[-2.0]]}'))
  test('answer anything', async () =>
    assert.deepEqual((await run({ action: 'return', value: [1] })).body, { output: [1] }))
  test('refuse an input in its own words', async () => {
    const { status, body } = await run({ action: 'refuse', value: 7 })
    assert.deepEqual([status, body], [400, { code: '400', name: 'Bad Request', description: 'data.value is 7' }])
  })
  test('throw, and tell the caller nothing of it', async () => {
    const { status, text } = await run({ action: 'throw', value: 'canary' })
    assert.equal(status, 500)
    assert.ok(!text.includes('canary'))
  })
  test('not answer with a key that the node takes for a failure', async () =>
    assert.equal((await run({ action: 'code' })).status, 500))
  test('stream to destination 2', async () => {
    const { status, text } = await run({ words: ['one ', 'two ', 'three'] }, { destination: 2 })
    assert.deepEqual([status, text], [200, 'one two three'])
  })
  test('fail before the first chunk with a status', async () =>
    assert.equal((await run({ words: [] }, { destination: 2 })).status, 400))
  test('prove what it did, when asked', async () => {
    const { body } = await run({ action: 'tensor' }, { destination: 0, requires_proof: true })
    assert.equal(body.proof, 'c0ffee')
    assert.equal((await run({}, { requires_proof: true })).body.proof, 'c0ffee')
  })
})

describe('a workflow is found', () => {
  const check = async (reference: string, name: string) => assert.equal((await loadWorkflowClass(reference)).name, name)

  test('by the Python paths of old', async () => {
    await check('ml.workflows.inference.torch_inference_workflow.TorchInferenceWorkflow', 'TorchInferenceWorkflow')
    await check(
      'infernet_ml.workflows.inference.torch_inference_workflow.TorchInferenceWorkflow',
      'TorchInferenceWorkflow',
    )
    await check(
      'infernet_ml.workflows.inference.onnx_inference_workflow.ONNXInferenceWorkflow',
      'ONNXInferenceWorkflow',
    )
  })
  test('by its bare name', () => check('ONNXInferenceWorkflow', 'ONNXInferenceWorkflow'))
  test('by a path into workflows/', () => check('workflows.onnx.ONNXInferenceWorkflow', 'ONNXInferenceWorkflow'))
  test('in a file', () => check(`${WORKFLOWS}behaviours.ts#Halver`, 'Halver'))
  test('in a package that is installed where the server runs', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'package-'))
    const module = join(directory, 'node_modules/@acme/flows')
    mkdirSync(module, { recursive: true })
    mkdirSync(join(directory, 'node_modules/infernet-classic'))
    symlinkSync(`${ROOT}src`, join(directory, 'node_modules/infernet-classic/src'))
    writeFileSync(
      join(module, 'package.json'),
      JSON.stringify({ name: '@acme/flows', type: 'module', exports: './index.mjs' }),
    )
    writeFileSync(
      join(module, 'index.mjs'),
      `import { Workflow } from '../../infernet-classic/src/index.ts'\nexport default class Mine extends Workflow {}\n`,
    )
    const before = process.cwd()
    process.chdir(directory)
    try {
      await check('@acme/flows', 'Mine')
    } finally {
      process.chdir(before)
    }
  })

  const refuse = (reference: string, reason: RegExp) =>
    assert.rejects(loadWorkflowClass(reference), (error: Error) => {
      assert.match(
        error.message,
        new RegExp(`^Unable to import specified Workflow class ${reference.replaceAll('.', '\\.')}`),
      )
      assert.match(error.message, reason)
      return true
    })
  test('or one sentence says why not', async () => {
    await refuse('no_such.Workflow', /Cannot find/)
    await refuse(`${WORKFLOWS}behaviours.ts#Missing`, /exports no Missing/)
    await refuse(`${WORKFLOWS}behaviours.ts#NoWorkflow`, /does not extend Workflow/)
  })
})

test('a workflow that cannot be set up ends the start with its own sentence', async () => {
  const failure = await new Promise<Error>((resolve) => {
    const env = { CLASSIC_INF_WORKFLOW_CLASS: `${WORKFLOWS}behaviours.ts#Broken` }
    startService(env, resolve).then((service) => services.push(service))
  })
  assert.equal(failure.message, 'the weights are missing')
})

const defaultRequest = (): { source: number; data: { values: number[][] } } =>
  JSON.parse(readFileSync(`${FIXTURES}default-request.json`, 'utf8'))
