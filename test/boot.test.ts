/** Every sample in `env/`, and every way to name a model that the services have had (contract, section 4), boots. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse } from 'dotenv'
import { address, FakeGateway } from './sources/fake-gateway.ts'
import { COMMIT, FakeHub, sha256 } from './sources/fake-hub.ts'
import { FIXTURES, ROOT } from './support/paths.ts'
import { startService } from './support/service.ts'

const GRAPH = readFileSync(`${FIXTURES}onnx/rank1.onnx`)
const VOLUME = mkdtempSync(join(tmpdir(), 'boot-'))
const MODEL = join(VOLUME, 'models/iris.onnx')
const WALLET = address('w')
const IRIS = 'Ritual-Net/iris-classification'
const hub = new FakeHub()
const gateway = new FakeGateway()

before(async () => {
  await hub.start()
  await gateway.start()
  hub.repo = IRIS
  for (const name of ['iris.onnx', 'iris.torch', 'model.torch']) hub.files.set(name, GRAPH)
  hub.files.set('churn.joblib', readFileSync(`${ROOT}workflows/default/churn.joblib`))
  gateway.upload(WALLET, 'iris', { 'iris.onnx': GRAPH })
  const tags = { 'App-Name': 'Ritual', 'Model-Id': IRIS, 'File-Name': 'iris.torch', 'File-SHA256': sha256(GRAPH) }
  gateway.uploads.push({ id: address('o'), owner: WALLET, tags, bytes: GRAPH })
  mkdirSync(dirname(MODEL))
  writeFileSync(MODEL, GRAPH)
})
after(async () => {
  await hub.stop()
  await gateway.stop()
  rmSync(VOLUME, { recursive: true })
})

/** Boots it with an empty cache and says which file is open: in the cache, or on the volume. */
async function opened(env: NodeJS.ProcessEnv, cacheVariable = 'ONNX_CACHE_DIR', seed = ''): Promise<string> {
  const cache = mkdtempSync(join(VOLUME, 'cache-'))
  if (seed) {
    mkdirSync(dirname(join(cache, seed)), { recursive: true })
    writeFileSync(join(cache, seed), GRAPH)
  }
  const common = {
    [cacheVariable]: cache,
    HF_HOME: join(cache, 'hf'),
    HF_ENDPOINT: hub.url,
    ARWEAVE_GATEWAYS: gateway.url,
  }
  const failures: string[] = []
  const service = await startService({ ...common, ...env }, (error) => failures.push(error.message))
  try {
    const served = await Promise.race([
      service.engine.served(),
      new Promise<never>((_, reject) => {
        setInterval(() => failures[0] && reject(new Error(failures[0])), 20).unref()
      }),
    ])
    await service.ready()
    assert.equal((await service.get('/ready')).status, 200)
    const path = served.modelPath ?? ''
    return path.startsWith(cache) ? relative(cache, path) : relative(VOLUME, path)
  } finally {
    await service.close()
  }
}

const HF = `huggingface/${IRIS}/default`
const named = `{"repo_id": "${IRIS}", "filename": "iris.onnx"}`

/** An environment, and what is opened. */
const rows: readonly (readonly [what: string, env: NodeJS.ProcessEnv, opens: string, seed?: string])[] = [
  // 4.1
  [
    'G0',
    {
      CLASSIC_INF_WORKFLOW_CLASS: 'ml.workflows.inference.torch_inference_workflow.TorchInferenceWorkflow',
      CLASSIC_INF_WORKFLOW_KW_ARGS: `{"model_name": "${IRIS}"}`,
      TORCH_MODEL_FILE_NAME: 'iris.torch',
      USE_JIT: 'True',
    },
    `${HF}/iris.torch`,
  ],
  [
    'G0, by the default file name',
    { CLASSIC_INF_WORKFLOW_KW_ARGS: `{"model_name": "${IRIS}"}`, USE_JIT: '0' },
    `${HF}/model.torch`,
  ],
  [
    'G0, blank and quoted',
    {
      CLASSIC_INF_WORKFLOW_POSITIONAL_ARGS: '[]',
      CLASSIC_INF_WORKFLOW_KW_ARGS: `'{"model_name": "${IRIS}"}'`,
      TORCH_MODEL_FILE_NAME: '',
    },
    `${HF}/model.torch`,
  ],
  // 4.2
  [
    'G1, Torch',
    {
      TORCH_INF_WORKFLOW_CLASS: 'ml.workflows.inference.torch_inference_workflow.TorchInferenceWorkflow',
      TORCH_INF_WORKFLOW_KW_ARGS: `{"model_source": "huggingface_hub", "model_args": ${named}}`,
    },
    `${HF}/iris.onnx`,
  ],
  [
    'G1, Torch, in capitals',
    { TORCH_INF_WORKFLOW_KW_ARGS: `{"model_source": "HUGGINGFACE_HUB", "model_args": ${named}}` },
    `${HF}/iris.onnx`,
  ],
  [
    'G1, Torch, as Python prints the enum',
    { TORCH_INF_WORKFLOW_KW_ARGS: `{"model_source": "ModelSource.HUGGINGFACE_HUB", "load_args": ${named}}` },
    `${HF}/iris.onnx`,
  ],
  [
    'G1, Torch, by the prefix of its example',
    { CLASSIC_INF_WORKFLOW_KW_ARGS: `{"model_source": "local", "model_args": {"model_path": "${MODEL}"}}` },
    'models/iris.onnx',
  ],
  [
    'G1, Arweave, with owners',
    {
      TORCH_INF_WORKFLOW_KW_ARGS: `{"model_source": "arweave", "model_args": {"repo_id": "${IRIS}", "filename": "iris.torch", "owners": ["${WALLET}"]}}`,
    },
    `arweave/${WALLET}/Ritual-Net--iris-classification/default/iris.torch`,
  ],
  [
    'G1, ONNX, as its example',
    { MODEL_SOURCE: 'LOCAL', MODEL_ARGS: `{"model_path": "${MODEL}"}`, ONNX_OUTPUT_NAMES: 'y' },
    'models/iris.onnx',
  ],
  ['G1, ONNX, without a source', { MODEL_ARGS: `{"model_path": "${MODEL}"}` }, 'models/iris.onnx'],
  // 4.3
  ['G2, by number', { MODEL_SOURCE: '2', LOAD_ARGS: named }, `${HF}/iris.onnx`],
  [
    'G2, by number, quoted',
    { MODEL_SOURCE: '"2"', LOAD_ARGS: `'${named}'`, ONNX_MODEL_LRU_CACHE_SIZE: '1' },
    `${HF}/iris.onnx`,
  ],
  ['G2, by name', { MODEL_SOURCE: 'HUGGINGFACE_HUB', LOAD_ARGS: named }, `${HF}/iris.onnx`],
  [
    'G2, of a version',
    { MODEL_SOURCE: '2', LOAD_ARGS: `{"repo_id": "${IRIS}", "filename": "iris.onnx", "version": "v1"}` },
    `huggingface/${IRIS}/v1/iris.onnx`,
  ],
  [
    'G2, Arweave',
    { MODEL_SOURCE: '1', LOAD_ARGS: `{"repo_id": "${WALLET}/iris", "filename": "iris.onnx"}` },
    `arweave/${WALLET}/iris/default/iris.onnx`,
  ],
  ['G2, local', { MODEL_SOURCE: '0', LOAD_ARGS: `{"model_path": "${MODEL}"}` }, 'models/iris.onnx'],
  [
    'G2, by the older name of its arguments',
    { MODEL_SOURCE: '0', MODEL_ARGS: `{"model_path": "${MODEL}"}` },
    'models/iris.onnx',
  ],
  // 4.4
  [
    'G3, Torch',
    { TORCH_DEFAULT_MODEL_ID: `huggingface/${IRIS}:iris.torch`, TORCH_USE_JIT: 'no', TORCH_MODEL_LRU_CACHE_SIZE: '64' },
    `${HF}/iris.torch`,
  ],
  ['G3, ONNX', { ONNX_DEFAULT_MODEL_ID: `huggingface/${IRIS}:iris.onnx` }, `${HF}/iris.onnx`],
  [
    'G3, the first of several files',
    { ONNX_DEFAULT_MODEL_ID: `huggingface/${IRIS}:iris.onnx,iris.torch` },
    `${HF}/iris.onnx`,
  ],
  [
    'G3, the first that is there',
    { ONNX_DEFAULT_MODEL_ID: `huggingface/${IRIS}:absent.onnx,iris.torch` },
    `${HF}/iris.torch`,
  ],
  [
    'G3, of a version',
    { ONNX_DEFAULT_MODEL_ID: `huggingface/${IRIS}/v1:iris.onnx` },
    `huggingface/${IRIS}/v1/iris.onnx`,
  ],
  ['G3, pinned', { ONNX_DEFAULT_MODEL_ID: `huggingface/${IRIS}:iris.onnx#sha256=${sha256(GRAPH)}` }, `${HF}/iris.onnx`],
  ['G3, a second colon', { ONNX_DEFAULT_MODEL_ID: `huggingface/${IRIS}:iris.onnx:more` }, `${HF}/iris.onnx`],
  [
    'G3, Arweave',
    { ONNX_DEFAULT_MODEL_ID: `arweave/${WALLET}/iris:iris.onnx` },
    `arweave/${WALLET}/iris/default/iris.onnx`,
  ],
  [
    'G3, local',
    { ONNX_DEFAULT_MODEL_ID: 'local/me/iris:iris.onnx' },
    'local/me/iris/default/iris.onnx',
    'local/me/iris/default/iris.onnx',
  ],
  [
    'G3, a volume that is filled',
    { ONNX_DEFAULT_MODEL_ID: 'huggingface/some/body:x.onnx' },
    'huggingface/some/body/default/x.onnx',
    'huggingface/some/body/default/x.onnx',
  ],
  [
    'G3, with the blank id of its example',
    { TORCH_DEFAULT_MODEL_ID: '', ONNX_DEFAULT_MODEL_ID: `huggingface/${IRIS}:iris.onnx` },
    `${HF}/iris.onnx`,
  ],
  // 4.6
  [
    'docker-py, which writes Python',
    { MODEL_SOURCE: 'huggingface_hub', LOAD_ARGS: `{'repo_id': '${IRIS}', 'filename': 'iris.onnx', 'version': None}` },
    `${HF}/iris.onnx`,
  ],
  [
    'nested variables',
    {
      CLASSIC_INF_WORKFLOW_KW_ARGS__model_source: 'huggingface',
      CLASSIC_INF_WORKFLOW_KW_ARGS__load_args__repo_id: IRIS,
      CLASSIC_INF_WORKFLOW_KW_ARGS__load_args__filename: 'iris.onnx',
    },
    `${HF}/iris.onnx`,
  ],
  [
    'the prefix of the oldest',
    { FLASK_WORKFLOW_CLASS: 'ONNXInferenceWorkflow', FLASK_WORKFLOW_KW_ARGS: `{"model_path": "${MODEL}"}` },
    'models/iris.onnx',
  ],
  ['a path for an id', { ONNX_DEFAULT_MODEL_ID: MODEL }, 'models/iris.onnx'],
  ['a file address', { ONNX_DEFAULT_MODEL_ID: `file://${MODEL}` }, 'models/iris.onnx'],
  [
    'an address of an allowed host',
    { MODEL_HOSTS: 'HUB', ONNX_DEFAULT_MODEL_ID: `HUB/${IRIS}/resolve/x/iris.onnx#sha256=${sha256(GRAPH)}` },
    `https/${sha256(GRAPH)}/iris.onnx`,
  ],
]

const withHub = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value?.replace('HUB/', `${hub.url}/`).replace(/^HUB$/, hub.url)]),
  )

describe('it boots', { concurrency: 2 }, () => {
  for (const [what, env, opens, seed] of rows)
    test(what, async () => {
      const cacheVariable = Object.keys(env).some((name) => name.startsWith('TORCH'))
        ? 'TORCH_CACHE_DIR'
        : 'ONNX_CACHE_DIR'
      assert.equal(await opened(withHub(env), cacheVariable, seed), opens)
    })
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'])
    test(`with ${name}, which the hub is shown`, async () => {
      await opened({ ONNX_DEFAULT_MODEL_ID: `huggingface/${IRIS}:iris.onnx`, [name]: `secret-${name}` })
      assert.ok(hub.seen.some(({ headers }) => headers.authorization === `Bearer secret-${name}`))
    })
  test("from Hugging Face's own cache, with HF_HUB_OFFLINE", async () => {
    const home = mkdtempSync(join(VOLUME, 'home-'))
    const repository = join(home, 'hub/models--Ritual-Net--iris-classification')
    mkdirSync(join(repository, 'refs'), { recursive: true })
    writeFileSync(join(repository, 'refs/main'), COMMIT)
    mkdirSync(join(repository, 'snapshots', COMMIT), { recursive: true })
    writeFileSync(join(repository, 'snapshots', COMMIT, 'x.onnx'), GRAPH)
    const env = { ONNX_DEFAULT_MODEL_ID: `huggingface/${IRIS}:x.onnx`, HF_HUB_OFFLINE: '1', HF_HOME: home }
    assert.match(await opened(env), new RegExp(`snapshots/${COMMIT}/x\\.onnx$`))
  })
})

describe('every sample in env/ boots', { concurrency: 2 }, () => {
  for (const file of readdirSync(`${ROOT}env`).filter((name) => name.endsWith('.env'))) {
    const text = readFileSync(`${ROOT}env/${file}`, 'utf8')
    const isTable = file === 'sklearn.env'
    const model = isTable ? 'churn.joblib' : 'iris.onnx'
    const everyKnob = text.replace(/^# ?(?=[A-Z_]+=)/gm, '')
    for (const [what, env] of [
      ['as it is', parse(text)],
      ['with every knob on', parse(everyKnob)],
    ] as const)
      test(`${file} ${what}`, async () => {
        assert.match(await opened(env), new RegExp(`workflows/default/${isTable ? 'churn.joblib' : 'model.onnx'}$`))
      })
    const variable = /^# (\w+_DEFAULT_MODEL_ID)=/m.exec(text)?.[1]
    if (variable)
      test(`${file} with an id`, async () => {
        const { CLASSIC_INF_WORKFLOW_KW_ARGS: _path, ...env } = parse(text)
        const id = `huggingface/${IRIS}:${model}`
        assert.equal(
          await opened({ ...env, [variable]: id }, variable.replace('DEFAULT_MODEL_ID', 'CACHE_DIR')),
          `${HF}/${model}`,
        )
      })
  }
})
