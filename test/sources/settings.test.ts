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
    ['HF_ENDPOINT', 'nota//url'],
    ['HF_ENDPOINT', 'huggingface'],
    ['HF_ENDPOINT', 'https://hub.example//x'],
    ['HF_ENDPOINT', 'https://hub.example/?token=x'],
    ['HF_HUB_OFFLINE', 'perhaps'],
    ['ALLOWED_ARWEAVE_OWNERS', 'arweave/x'],
    ['ARWEAVE_GATEWAYS', 'https://'],
    ['MODEL_HOSTS', 'file:///etc'],
    ['ALLOWED_MODELS', 'huggingface'],
    ['ALLOWED_MODELS', 's3/a/b'],
    ['ALLOWED_MODELS', 'huggingface/a/b/c'],
  ] as const)
    test(`${name}=${value} is a mistake`, () =>
      assert.throws(
        () => readSourceSettings({ [name]: value }),
        (e) => e instanceof ConfigError && e.message.startsWith(`${name} is ${value.split(',')[0]}; say `),
      ))
  test('are told with all their mistakes at once', () => {
    const env = {
      HF_ENDPOINT: 'x',
      MODEL_HOSTS: 'a.example, ftp://b , c',
      ALLOWED_MODELS: 's3/a',
      HF_HUB_OFFLINE: 'no way',
    }
    const thrown = (): string => {
      try {
        readSourceSettings(env)
      } catch (error) {
        return (error as Error).message
      }
      return ''
    }
    assert.deepEqual(thrown().split('\n'), [
      'HF_HUB_OFFLINE is no way; say true or false',
      'HF_ENDPOINT is x; say https://HOST',
      'ALLOWED_MODELS is s3/a; say storage/owner or storage/owner/name',
      'MODEL_HOSTS is ftp://b; say https://HOST',
      'MODEL_HOSTS is c; say https://HOST',
    ])
  })
  test('may be hosts alone, with a port, or behind a path', () => {
    for (const [text, url] of [
      ['hub.example', 'https://hub.example'],
      ['hub:8080', 'https://hub:8080'],
      ['localhost', 'https://localhost'],
      ['http://hub', 'http://hub'],
      ['https://mirror.example/hf/', 'https://mirror.example/hf'],
      ['http://[::1]:80', 'http://[::1]:80'],
    ])
      assert.equal(readSourceSettings({ HF_ENDPOINT: text }).hubEndpoint, url)
  })
})
