/** The caches that are there already, and what they are good for without a hub. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { createResolver, readRequestModelId } from '../../src/sources/resolver.ts'
import { SUPPORT_MODULE } from '../support/paths.ts'
import { COMMIT, status } from './fake-hub.ts'
import { ID, id, on, text, write } from './setup.ts'

describe('offline', () => {
  test(
    'a model in the cache is served, and the network is not asked',
    on(async ({ hub, cache, another }) => {
      write(join(cache, 'huggingface/o/n/default/model.onnx'), 'from the volume')
      assert.equal(text(await another({ offline: true }).forWorkflow(ID)), 'from the volume')
      await assert.rejects(another({ offline: true }).forWorkflow(id('huggingface/o/n:other.onnx')), {
        code: 'bad_model',
        message: /^huggingface\/o\/n:other.onnx is not in the cache \(.*\), and this server is offline$/,
      })
      assert.equal(hub.seen.length, 0)
    }),
  )
  test(
    'is what a resolver without sources is',
    on(async ({ cache }) => {
      const plain = createResolver({
        supportModule: SUPPORT_MODULE,
        keywords: { cache_dir: cache },
        defaultModel: '',
        useDefault: false,
      })
      await assert.rejects(plain.forWorkflow(ID), /is offline/)
    }),
  )
  for (const [keyword, folder] of [
    [undefined, join(homedir(), '.cache/ritual')],
    ['~/models', join(homedir(), 'models')],
    ['models', resolve('models')],
    [7, resolve('7')],
  ] as const)
    test(`is ${folder} where cache_dir is ${keyword}`, () => {
      const keywords = keyword === undefined ? {} : { cache_dir: keyword }
      const { cacheDirectory } = createResolver({
        supportModule: SUPPORT_MODULE,
        keywords,
        defaultModel: '',
        useDefault: false,
      })
      assert.equal(cacheDirectory, folder)
    })
})

describe('a hub that is gone', () => {
  test(
    'costs nothing that is in the cache',
    on(async ({ hub, resolver }) => {
      const path = await resolver.forWorkflow(ID)
      hub.api = (_request, response) => response.writeHead(503).end()
      hub.behaviour = status(503)
      assert.equal(await resolver.forWorkflow(ID), path)
      await assert.rejects(resolver.forWorkflow(id('huggingface/o/n/v1:model.onnx')), { code: 'unavailable' })
    }),
  )
})

describe("Hugging Face's own cache", () => {
  const prepare = (hubCache: string): string => {
    const blob = join(hubCache, 'models--o--n/blobs/abc')
    write(blob, 'from its cache')
    write(join(hubCache, 'models--o--n/refs/main'), COMMIT)
    const snapshot = join(hubCache, `models--o--n/snapshots/${COMMIT}`)
    mkdirSync(snapshot, { recursive: true })
    symlinkSync('../../blobs/abc', join(snapshot, 'model.onnx'))
    symlinkSync('/etc/hostname', join(snapshot, 'stolen.onnx'))
    return snapshot
  }
  test(
    'is used as it is, by branch and by commit',
    on(async ({ hub, cache, another }) => {
      const hubCache = join(cache, 'hf')
      const snapshot = prepare(hubCache)
      const resolver = another({ hubCache })
      assert.equal(await resolver.forWorkflow(ID), join(snapshot, 'model.onnx'))
      assert.equal(text(await resolver.forWorkflow(id(`huggingface/o/n/${COMMIT}:model.onnx`))), 'from its cache')
      assert.equal(text(await resolver.forRequest(readRequestModelId('huggingface/o/n:model.onnx'))), 'from its cache')
      assert.equal(hub.seen.length, 0)
    }),
  )
  test(
    'has no files outside of it',
    on(async ({ cache, another }) => {
      const hubCache = join(cache, 'hf')
      prepare(hubCache)
      await assert.rejects(
        another({ hubCache, offline: true }).forWorkflow(id('huggingface/o/n:stolen.onnx')),
        /not in the cache/,
      )
    }),
  )
})
