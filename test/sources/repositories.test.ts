/** Whole repositories, several files, manifests, versions and pins. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readRequestModelId } from '../../src/sources/resolver.ts'
import { COMMIT, sha256 } from './fake-hub.ts'
import { ID, id, manifest, on, text, write } from './setup.ts'

describe('a repository', () => {
  test(
    'with a manifest comes as that lists it',
    on(async ({ hub, resolver, landed }) => {
      hub.files.set('other.bin', Buffer.from('other'))
      hub.files.set('not-listed', Buffer.from('x'))
      hub.files.set(
        'ritual_manifest.json',
        manifest({ 'model.onnx': sha256(Buffer.from('a model')), 'other.bin': sha256(Buffer.from('other')) }),
      )
      assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n'))), 'a model')
      assert.deepEqual(landed(), ['model.onnx', 'other.bin', 'ritual_manifest.json'])
      const asked = hub.seen.length
      await resolver.forWorkflow(id('huggingface/o/n'))
      assert.equal(hub.seen.length, asked)
    }),
  )
  test(
    'whose manifest has another digest is refused',
    on(async ({ hub, resolver, landed }) => {
      hub.files.set('ritual_manifest.json', manifest({ 'model.onnx': sha256(Buffer.from('another')) }))
      await assert.rejects(resolver.forWorkflow(ID), { code: 'bad_model', message: /ritual_manifest.json says/ })
      assert.deepEqual(landed(), ['ritual_manifest.json'])
    }),
  )
  test(
    'whose manifest changed is believed anew',
    on(async ({ hub, cache, resolver }) => {
      write(
        join(cache, 'huggingface/o/n/default/ritual_manifest.json'),
        manifest({ 'model.onnx': '0'.repeat(64) }).toString(),
      )
      hub.files.set('ritual_manifest.json', manifest({ 'model.onnx': sha256(Buffer.from('a model')) }))
      assert.equal(text(await resolver.forWorkflow(ID)), 'a model')
    }),
  )
  test(
    'without a manifest comes whole, hidden files apart',
    on(async ({ hub, resolver, landed }) => {
      for (const name of ['README.md', '.gitattributes', 'onnx/extra.txt']) hub.files.set(name, Buffer.from(name))
      assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n'))), 'a model')
      assert.deepEqual(landed(), ['README.md', 'model.onnx', 'onnx'])
    }),
  )
  test(
    'with two models says which there are',
    on(async ({ hub, resolver }) => {
      hub.files.set('second.onnx', Buffer.from('x'))
      await assert.rejects(resolver.forWorkflow(id('huggingface/o/n')), {
        code: 'bad_model',
        message: /append one of :(model\.onnx, second\.onnx|second\.onnx, model\.onnx)$/,
      })
    }),
  )
  test(
    'of many pages is read to its end',
    on(async ({ hub, resolver }) => {
      hub.pageSize = 2
      for (let i = 0; i < 5; i++) hub.files.set(`${i}.txt`, Buffer.from('x'))
      hub.files.set('last.onnx', Buffer.from('last'))
      assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n:last.onnx'))), 'last')
    }),
  )
  test(
    'without the file says what it has',
    on(async ({ resolver }) => {
      await assert.rejects(resolver.forWorkflow(id('huggingface/o/n:none.onnx')), {
        code: 'bad_model',
        message: /has model.onnx/,
      })
    }),
  )
  test(
    'that the hub cannot name is not asked for',
    on(async ({ hub, resolver }) => {
      for (const name of ['o?x=1/n', 'o/n#x', 'o/%2e%2e', 'ö/n', 'o/n n', '.o/n', `o/${'n'.repeat(97)}`])
        await assert.rejects(resolver.forWorkflow(id(`huggingface/${name}:model.onnx`)), { code: 'bad_model' }, name)
      assert.equal(hub.seen.length, 0)
    }),
  )
  test(
    'comes without what an id could not name',
    on(async ({ hub, resolver, landed }) => {
      for (const name of ['a,b.txt', 'notes: old.txt', 'deep/x:y']) hub.files.set(name, Buffer.from('x'))
      assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n'))), 'a model')
      assert.deepEqual(landed(), ['model.onnx'])
    }),
  )
  test(
    'whose manifest lists what an id could not name comes without it, and is then whole',
    on(async ({ hub, resolver, landed }) => {
      const files = { 'model.onnx': sha256(Buffer.from('a model')), 'a,b.txt': sha256(Buffer.from('x')) }
      hub.files.set('ritual_manifest.json', manifest(files))
      hub.files.set('a,b.txt', Buffer.from('x'))
      assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n'))), 'a model')
      assert.deepEqual(landed(), ['model.onnx', 'ritual_manifest.json'])
      const asked = hub.seen.length
      await resolver.forWorkflow(id('huggingface/o/n'))
      assert.equal(hub.seen.length, asked)
    }),
  )
})

describe('several files', () => {
  test(
    'all come, and the first is the model',
    on(async ({ hub, resolver, landed }) => {
      hub.files.set('model.onnx_data', Buffer.from('weights'))
      assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n:model.onnx,model.onnx_data'))), 'a model')
      assert.deepEqual(landed(), ['model.onnx', 'model.onnx_data'])
    }),
  )
  test(
    'of which the repository has the second alone',
    on(async ({ hub, resolver }) => {
      const both = id('huggingface/o/n:model.torch,model.onnx')
      assert.equal(text(await resolver.forWorkflow(both)), 'a model')
      const asked = hub.seen.length
      assert.equal(text(await resolver.forWorkflow(both)), 'a model')
      assert.equal(hub.seen.length, asked)
    }),
  )
  test(
    'of which the last is there after a crash wait for the first',
    on(async ({ hub, cache, resolver }) => {
      hub.files.set('model.onnx_data', Buffer.from('weights'))
      write(join(cache, 'huggingface/o/n/default/model.onnx_data'), 'weights')
      assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n:model.onnx,model.onnx_data'))), 'a model')
    }),
  )
  test(
    'are found by their base names, as in the services',
    on(async ({ hub, resolver, landed }) => {
      hub.files.set('deep/in/it.onnx', Buffer.from('deep'))
      assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n:it.onnx'))), 'deep')
      assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n:deep/in/it.onnx'))), 'deep')
      assert.deepEqual(landed(), ['deep', 'it.onnx'])
    }),
  )
})

describe('a version', () => {
  test(
    'is the revision, and has a folder of its own',
    on(async ({ hub, resolver, landed }) => {
      await resolver.forWorkflow(id('huggingface/o/n/v1:model.onnx'))
      assert.deepEqual(landed('v1'), ['model.onnx'])
      assert.ok(hub.seen.some(({ path }) => path.endsWith('/revision/v1')))
      assert.ok(hub.seen.some(({ path }) => path === `/o/n/resolve/${COMMIT}/model.onnx`))
      await assert.rejects(resolver.forWorkflow(id('huggingface/o/n/v2:model.onnx')), { code: 'bad_model' })
    }),
  )
})

describe('a pin', () => {
  const good = sha256(Buffer.from('a model'))
  test(
    'that matches is no hindrance, whichever way the model is asked for',
    on(async ({ resolver }) => {
      await resolver.forWorkflow(id(`huggingface/o/n:model.onnx#sha256=${good}`))
      await resolver.forRequest(readRequestModelId(`huggingface/o/n:model.onnx#sha256=${good.toUpperCase()}`))
    }),
  )
  test(
    'that does not match refuses what the hub has',
    on(async ({ resolver, landed }) => {
      const asked = resolver.forWorkflow(id(`huggingface/o/n:model.onnx#sha256=${'0'.repeat(64)}`))
      await assert.rejects(asked, { code: 'bad_model', message: /the model id says 0{64}/ })
      assert.deepEqual(landed(), [])
    }),
  )
  test(
    'that does not match refuses what is in the cache',
    on(async ({ resolver }) => {
      await resolver.forWorkflow(ID)
      const asked = resolver.forWorkflow(id(`huggingface/o/n:model.onnx#sha256=${'0'.repeat(64)}`))
      await assert.rejects(asked, { code: 'bad_model', message: /the model id says 0{64}/ })
    }),
  )
})
