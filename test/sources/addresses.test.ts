/** Models named by their address, on hosts that the operator lists. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { readRequestModelId } from '../../src/sources/resolver.ts'
import { sha256 } from './fake-hub.ts'
import { on } from './setup.ts'

const pin = `#sha256=${sha256(Buffer.from('a model'))}`

describe('a model named by its address', () => {
  test(
    'is downloaded from a host that is listed, then served from the cache, offline too',
    on(async ({ hub, another }) => {
      const model = JSON.stringify(`${hub.url}/o/n/resolve/main/model.onnx${pin}`)
      const path = await another({ hosts: [hub.url] }).forWorkflow(model)
      assert.equal(readFileSync(path, 'utf8'), 'a model')
      assert.match(path, /model\.onnx$/)
      assert.equal(await another({ hosts: [hub.url], offline: true }).forWorkflow(model), path)
      assert.equal(hub.reads, 1)
      assert.equal(hub.seen[0]?.headers.authorization, undefined)
    }),
  )
  for (const [what, suffix, hosts, words] of [
    ['on a host that is not listed', pin, false, /MODEL_HOSTS does not list/],
    ['without a pin', '', true, /append #sha256=DIGEST/],
    ['with another digest', `#sha256=${'0'.repeat(64)}`, true, /but the model id says 0{64}/],
  ] as const)
    test(
      `${what} is refused`,
      on(async ({ hub, another }) => {
        const model = JSON.stringify(`${hub.url}/o/n/resolve/main/model.onnx${suffix}`)
        await assert.rejects(another({ hosts: hosts ? [hub.url] : [] }).forWorkflow(model), {
          code: 'bad_model',
          message: words,
        })
      }),
    )
  test(
    'is nothing that a request may ask for',
    on(async ({ hub }) => {
      for (const text of [`${hub.url}/x`, 'https://a.example/x', 'file:///etc/passwd', '/etc/passwd', '~/x', './x'])
        assert.throws(() => readRequestModelId(text), { code: 'bad_request' }, text)
    }),
  )
})
