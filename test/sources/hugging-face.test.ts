import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ID, on } from './setup.ts'

describe('a file on Hugging Face', () => {
  test(
    'is downloaded, verified, and then served from the cache',
    on(async ({ hub, cache, resolver, landed }) => {
      const path = await resolver.forWorkflow(ID)
      assert.equal(path, join(cache, 'huggingface/o/n/default/model.onnx'))
      assert.equal(readFileSync(path, 'utf8'), 'a model')
      assert.deepEqual(landed(), ['model.onnx'])
      const asked = hub.seen.length
      assert.equal(await resolver.forWorkflow(ID), path)
      assert.equal(hub.seen.length, asked)
      assert.equal(hub.reads, 1)
    }),
  )
})
