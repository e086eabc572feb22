/** Whole repositories, several files, manifests, versions, pins, and the caches that are there already. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { createResolver, readRequestModelId } from '../../src/sources/resolver.ts'
import { COMMIT, FakeHub, sha256, status } from './fake-hub.ts'
import { ID, on } from './setup.ts'

const id = (text: string): string => JSON.stringify(text)
const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
const manifest = (files: Record<string, string>): Buffer =>
  Buffer.from(
    JSON.stringify({ files: Object.keys(files), file_hashes: files, artifact_type: 'ModelArtifact', metadata: {} }),
  )
const text = (path: string): string => readFileSync(path, 'utf8')

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
      await assert.rejects(resolver.forWorkflow(id('huggingface/o/n')), { code: 'bad_model', message: /second.onnx/ })
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
      const plain = createResolver({ keywords: { cache_dir: cache }, defaultModel: '', useDefault: false })
      await assert.rejects(plain.forWorkflow(ID), /is offline/)
    }),
  )
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

describe('a request', () => {
  const ask = (model: string) => readRequestModelId(model)
  test(
    'may name the configured owner, and whom the operator allows',
    on(async ({ hub, cache, another }) => {
      for (const repo of ['o/other', 'p/n', 'q/n', 'q/m']) write(join(cache, `huggingface/${repo}/default/f`), repo)
      write(join(cache, 'local/o/n/default/f'), 'local')
      const resolver = another({ allowed: ['huggingface/p', 'huggingface/q/n'], offline: true })
      for (const repo of ['o/other', 'p/n', 'q/n'])
        assert.equal(text(await resolver.forRequest(ask(`huggingface/${repo}:f`))), repo)
      for (const repo of [
        'huggingface/q/m',
        'huggingface/x/n',
        'local/o/n',
        `arweave/${'a'.repeat(43)}/n`,
        'huggingface/O/n',
      ])
        await assert.rejects(resolver.forRequest(ask(`${repo}:f`)), { code: 'bad_request', message: /does not serve/ })
      assert.equal(hub.seen.length, 0)
    }),
  )
  test(
    'for what does not exist is its own mistake; for what cannot be had is ours',
    on(async ({ hub, resolver }) => {
      await assert.rejects(resolver.forRequest(ask('huggingface/o/n:none')), { code: 'bad_request' })
      hub.behaviour = status(503)
      await assert.rejects(resolver.forRequest(ask('huggingface/o/n:model.onnx')), { code: 'unavailable' })
    }),
  )
  test(
    'may not follow a link out of the cache',
    on(async ({ cache, another }) => {
      mkdirSync(join(cache, 'huggingface/o/n/default'), { recursive: true })
      symlinkSync('/etc/hostname', join(cache, 'huggingface/o/n/default/model.onnx'))
      await assert.rejects(another().forRequest(ask('huggingface/o/n:model.onnx')), {
        code: 'bad_request',
        message: /link out/,
      })
    }),
  )
})

describe('a name that leads elsewhere', () => {
  const NAMES =
    `../x ../../etc/passwd /etc/passwd a/../../x .. . a//b a/./b ..\\x C:\\x -x a/-x x\0y x\ny %2e%2e/x/../.. ${'x'.repeat(
      300,
    )} a,b ~/../x x\u202ey ..%2f/../x ritual_manifest.json/../../x`.split(' ')
  for (const name of NAMES)
    test(
      `${JSON.stringify(name).slice(0, 40)} in a listing is not written`,
      on(async ({ hub, resolver, landed }) => {
        hub.files.set(name, Buffer.from('evil'))
        await assert.rejects(resolver.forWorkflow(id('huggingface/o/n')), { code: 'bad_model' })
        assert.deepEqual(landed(), [])
        assert.equal(hub.reads, 0)
      }),
    )
  for (const name of NAMES)
    test(
      `${JSON.stringify(name).slice(0, 40)} in a manifest is not written`,
      on(async ({ hub, resolver, landed }) => {
        hub.files.set('ritual_manifest.json', manifest({ [name]: sha256(Buffer.from('evil')) }))
        hub.files.set(name, Buffer.from('evil'))
        await assert.rejects(resolver.forWorkflow(id('huggingface/o/n')), { code: 'bad_model' })
        assert.deepEqual(landed(), ['ritual_manifest.json'])
      }),
    )
  for (const name of NAMES)
    test(
      `${JSON.stringify(name).slice(0, 40)} in an id is not asked for`,
      on(async ({ hub, resolver }) => {
        for (const text of [
          `huggingface/o/${name}:f`,
          `huggingface/${name}/n:f`,
          `huggingface/o/n/${name}:f`,
          `huggingface/o/n:${name}`,
        ]) {
          if (/:a,b$|n:C:/.test(text)) continue
          await assert.rejects(resolver.forWorkflow(id(text)), { code: 'bad_model' }, text)
          await assert.rejects(async () => resolver.forRequest(readRequestModelId(text)), { code: 'bad_request' }, text)
        }
        assert.equal(hub.reads, 0)
        assert.ok(!(hub instanceof FakeHub) || hub.seen.every(({ path }) => path.startsWith('/api/models/o/n/')))
      }),
    )
})
