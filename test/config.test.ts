import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parse } from 'dotenv'
import { readArguments } from '../src/cli/args.ts'
import { type Config, ConfigError, readConfig } from '../src/config.ts'
import { readEnvText, readEnvValue } from '../src/env-value.ts'
import { readModelReference } from '../src/sources/model-reference.ts'
import { ROOT } from './support/paths.ts'

describe('a value in the environment', () => {
  const check = (text: string, value: unknown) =>
    test(text || 'blank', () => assert.deepEqual(readEnvValue(text), value))
  check('', undefined)
  check('  ', undefined)
  check("''", undefined)
  check('null', undefined)
  check('None', undefined)
  check('text', 'text')
  check('"quoted"', 'quoted')
  check("'quoted'", 'quoted')
  check('{"a": 1}', { a: 1 })
  check(`'{"a": 1}'`, { a: 1 })
  check(`"{'a': 1}"`, { a: 1 })
  check(`{'repo_id': 'a/b', 'n': None, 't': True, 'l': [1, 2.5, 'x'], 'u': (1,)}`, {
    repo_id: 'a/b',
    n: null,
    t: true,
    l: [1, 2.5, 'x'],
    u: [1],
  })
  check('True', true)
  check('[]', [])
  check('3', 3)
  check('{not json', '{not json')
  check('huggingface/a/b:c.onnx', 'huggingface/a/b:c.onnx')
  test('as plain text', () => assert.equal(readEnvText(' "8080" '), '8080'))
})

describe("the workflow and its model, in every generation's words", () => {
  const check = (name: string, env: NodeJS.ProcessEnv, expected: string, model: unknown) =>
    test(name, () => {
      const { workflow } = readConfig(env)
      assert.equal(workflow.class, expected)
      assert.deepEqual(readModelReference(workflow.kwargs), model)
    })
  const iris = {
    id: { storage: 'huggingface', owner: 'Ritual-Net', name: 'iris-classification', files: ['iris.onnx'] },
  }
  check('nothing', {}, 'TorchInferenceWorkflow', undefined)
  check('blank', { TORCH_DEFAULT_MODEL_ID: '', ONNX_DEFAULT_MODEL_ID: "''" }, 'TorchInferenceWorkflow', undefined)
  check(
    'G0',
    {
      CLASSIC_INF_WORKFLOW_CLASS: 'ml.workflows.inference.torch_inference_workflow.TorchInferenceWorkflow',
      CLASSIC_INF_WORKFLOW_KW_ARGS: `'{"model_name": "Ritual-Net/iris-classification"}'`,
      TORCH_MODEL_FILE_NAME: 'iris.onnx',
    },
    'ml.workflows.inference.torch_inference_workflow.TorchInferenceWorkflow',
    iris,
  )
  check(
    'G1',
    {
      TORCH_INF_WORKFLOW_CLASS: 'X',
      TORCH_INF_WORKFLOW_KW_ARGS:
        '{"model_source": "HUGGINGFACE_HUB", "model_args": {"repo_id": "Ritual-Net/iris-classification", "filename": "iris.onnx"}}',
    },
    'X',
    iris,
  )
  check('G1, ONNX', { MODEL_SOURCE: 'LOCAL', MODEL_ARGS: '{"model_path": "/m/iris.onnx"}' }, 'ONNXInferenceWorkflow', {
    path: '/m/iris.onnx',
  })
  check(
    'G2',
    { MODEL_SOURCE: '2', LOAD_ARGS: `'{"repo_id": "Ritual-Net/iris-classification", "filename": "iris.onnx"}'` },
    'ONNXInferenceWorkflow',
    iris,
  )
  check(
    'G2, as docker-py writes it',
    {
      MODEL_SOURCE: 'HUGGINGFACE_HUB',
      LOAD_ARGS: `{'repo_id': 'Ritual-Net/iris-classification', 'filename': 'iris.onnx', 'version': None}`,
    },
    'ONNXInferenceWorkflow',
    iris,
  )
  check(
    'G3, Torch',
    { TORCH_DEFAULT_MODEL_ID: 'huggingface/Ritual-Net/iris-classification:iris.onnx' },
    'TorchInferenceWorkflow',
    iris,
  )
  check(
    'G3, ONNX',
    { ONNX_DEFAULT_MODEL_ID: 'huggingface/Ritual-Net/iris-classification:iris.onnx' },
    'ONNXInferenceWorkflow',
    iris,
  )
  check('nested variables', { CLASSIC_INF_WORKFLOW_KW_ARGS__model_path: '/m/iris.onnx' }, 'ONNXInferenceWorkflow', {
    path: '/m/iris.onnx',
  })

  test('keyword arguments win over the variables that they stand for', () => {
    const { workflow } = readConfig({
      ONNX_DEFAULT_MODEL_ID: 'local/a/b:c.onnx',
      CLASSIC_INF_WORKFLOW_KW_ARGS: '{"model_id": "local/x/y:z.onnx"}',
    })
    assert.equal(workflow.kwargs.model_id, 'local/x/y:z.onnx')
  })
})

describe('the command line', () => {
  const binds = (...argv: string[]): Config['bind'] => readConfig({}, readArguments(argv).overrides).bind
  test("hypercorn's bind", () => {
    assert.deepEqual(binds('--bind=0.0.0.0:3000'), [{ host: '0.0.0.0', port: 3000 }])
    assert.deepEqual(binds('--bind', '127.0.0.1:80', '-b', '[::1]:81'), [
      { host: '127.0.0.1', port: 80 },
      { host: '::1', port: 81 },
    ])
    assert.deepEqual(binds('-b0.0.0.0'), [{ host: '0.0.0.0', port: 3000 }])
    assert.deepEqual(binds('-b', 'unix:/run/x.sock'), [{ path: '/run/x.sock' }])
    assert.deepEqual(readConfig({ PORT: '"8080"' }).bind, [{ host: '0.0.0.0', port: 8080 }])
  })
  test('workers, of the flag before the variable', () => {
    assert.equal(readConfig({ WORKERS: '3' }, readArguments(['-w', '2']).overrides).workers, 2)
    assert.equal(readConfig({ WORKERS: '3' }).workers, 3)
  })
  test('a value may be the next word, which is then no command', () => {
    assert.deepEqual(readArguments(['--log-level', 'debug', '--timeout=5', 'check', 'a']).ignored, [
      '--log-level',
      '--timeout',
    ])
    assert.deepEqual(readArguments(['--log-level', 'debug', 'check', 'a']).operands, ['a'])
  })
  test('a flag without its value is refused', () => assert.throws(() => readArguments(['--bind']), ConfigError))
})

describe('every sample in env/', () => {
  for (const file of readdirSync(`${ROOT}env`).filter((name) => name.endsWith('.env'))) {
    const text = readFileSync(`${ROOT}env/${file}`, 'utf8')
    test(`${file} is usable as it is`, () => assert.ok(readConfig(parse(text)).workflow.class))
    test(`${file} reads the same through docker, which strips nothing`, () => {
      const docker = Object.fromEntries(
        text
          .split('\n')
          .filter((line) => /^\w+=/.test(line))
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      )
      assert.deepEqual(readConfig(docker), readConfig(parse(text)))
    })
    test(`${file} with every knob on is usable, too`, () =>
      assert.ok(readConfig(parse(text.replace(/^# ?(?=[A-Z_]+=)/gm, '')))))
  }
})
