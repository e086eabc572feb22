import assert from 'node:assert/strict'
import { homedir } from 'node:os'
import { describe, test } from 'node:test'
import { ConfigError } from '../../src/config.ts'
import { readSourceSettings } from '../../src/sources/settings.ts'

describe('the settings of sources', () => {
  test('are the public hubs, and nothing else, by default', () => {
    const settings = readSourceSettings({})
    assert.deepEqual(settings.allowed, [])
    assert.deepEqual(settings.hosts, [])
    assert.equal(settings.offline, false)
    assert.equal(settings.hubCache, `${homedir()}/.cache/huggingface/hub`)
    assert.deepEqual(
      [settings.hubEndpoint, settings.hubToken, settings.arweaveGateways],
      [undefined, undefined, undefined],
    )
  })
  test('are read as Hugging Face has them; empty and quoted too', () => {
    const env = { HF_ENDPOINT: '"https://hub.example/"', HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: 'hf_x', HF_HOME: '~/hf' }
    const settings = readSourceSettings({ ...env, HF_HUB_OFFLINE: '1' })
    assert.equal(settings.hubEndpoint, 'https://hub.example')
    assert.equal(settings.hubToken, 'hf_x')
    assert.equal(settings.hubCache, `${homedir()}/hf/hub`)
    assert.equal(settings.offline, true)
    assert.equal(readSourceSettings({}, true).offline, true)
  })
  test('are lists by commas', () => {
    const settings = readSourceSettings({
      ALLOWED_MODELS: 'huggingface/a, huggingface/b/c',
      ALLOWED_ARWEAVE_OWNERS: 'x',
      ARWEAVE_GATEWAYS: 'https://one.example,two.example',
    })
    assert.deepEqual(settings.allowed, ['huggingface/a', 'huggingface/b/c', 'arweave/x'])
    assert.deepEqual(settings.arweaveGateways, ['https://one.example', 'https://two.example'])
  })
  for (const [name, value] of [
    ['HF_ENDPOINT', 'ftp://x'],
    ['HF_ENDPOINT', 'https://user:secret@x'],
    ['ARWEAVE_GATEWAYS', 'https://'],
    ['MODEL_HOSTS', 'file:///etc'],
    ['ALLOWED_MODELS', 'huggingface'],
    ['ALLOWED_MODELS', 's3/a/b'],
    ['ALLOWED_MODELS', 'huggingface/a/b/c'],
  ] as const)
    test(`${name}=${value} is a mistake`, () =>
      assert.throws(
        () => readSourceSettings({ [name]: value }),
        (e) => e instanceof ConfigError && e.message.includes(name),
      ))
})
