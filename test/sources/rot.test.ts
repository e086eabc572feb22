/** Cached files that are no longer what they were when they came. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { COMMIT, sha256, status } from './fake-hub.ts'
import { ID, on, type Stage } from './setup.ts'

const text = (path: string): string => readFileSync(path, 'utf8')
const modelOf = ({ cache }: Stage): string => join(cache, 'huggingface/o/n/default/model.onnx')
const write = (path: string, content: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

describe('a cached file that has changed', () => {
  for (const lfs of [true, false])
    test(
      `is fetched anew, and the log says why (${lfs ? 'sha256' : 'git-sha1'})`,
      on(async (stage) => {
        stage.hub.lfs = lfs
        await stage.resolver.forWorkflow(ID)
        writeFileSync(modelOf(stage), 'a mod3l')
        const later = stage.another()
        const found = await Promise.all(Array.from({ length: 50 }, () => later.forWorkflow(ID)))
        assert.deepEqual(new Set(found), new Set([modelOf(stage)]))
        assert.equal(text(modelOf(stage)), 'a model')
        assert.equal(stage.hub.reads, 2)
        assert.match(stage.logs.join(''), /fetching it anew.*has the (sha256|git-sha1) [0-9a-f]{40,64}, but /)
        assert.ok(later.status().rotted > 0)
      }),
    )
  test(
    'while the server runs is noticed by its size and time',
    on(async (stage) => {
      await stage.resolver.forWorkflow(ID)
      writeFileSync(modelOf(stage), 'another model')
      assert.equal(text(await stage.resolver.forWorkflow(ID)), 'a model')
    }),
  )
  test(
    'is refused offline, in one sentence with both digests, and stays for whoever wants to look',
    on(async (stage) => {
      await stage.resolver.forWorkflow(ID)
      writeFileSync(modelOf(stage), 'a mod3l')
      await assert.rejects(stage.another({ offline: true }).forWorkflow(ID), {
        code: 'bad_model',
        message: /^\S+model\.onnx has the sha256 [0-9a-f]{64}, but .* says [0-9a-f]{64}, and this server is offline$/,
      })
      assert.equal(text(modelOf(stage)), 'a mod3l')
    }),
  )
  test(
    'is refused while the hub fails',
    on(async (stage) => {
      await stage.resolver.forWorkflow(ID)
      writeFileSync(modelOf(stage), 'a mod3l')
      stage.hub.behaviour = status(503)
      await assert.rejects(stage.another().forWorkflow(ID), {
        code: 'unavailable',
        message: /has the sha256 .* and fetching it anew failed: .*503/,
      })
    }),
  )
  test(
    'is noticed in the data that belongs to a model, too',
    on(async (stage) => {
      const both = JSON.stringify('huggingface/o/n:model.onnx,weights')
      stage.hub.files.set('weights', Buffer.from('weights'))
      await stage.resolver.forWorkflow(both)
      const weights = join(dirname(modelOf(stage)), 'weights')
      writeFileSync(weights, 'weightz')
      await stage.another().forWorkflow(both)
      assert.equal(text(weights), 'weights')
      assert.equal(stage.hub.reads, 3)
    }),
  )
  test(
    'is read once in the life of a server, not for every request',
    on(async (stage) => {
      await stage.resolver.forWorkflow(ID)
      const later = stage.another()
      const { atime, mtime } = statSync(modelOf(stage))
      utimesSync(modelOf(stage), atime, new Date(Math.floor(mtime.getTime() / 1000) * 1000))
      await later.forWorkflow(ID)
      const settled = statSync(modelOf(stage)).mtime
      writeFileSync(modelOf(stage), 'a mod3l')
      utimesSync(modelOf(stage), atime, settled)
      assert.equal(text(await later.forWorkflow(ID)), 'a mod3l')
      assert.equal(text(await stage.another().forWorkflow(ID)), 'a model')
    }),
  )
})

describe('a file that was not downloaded here', () => {
  const listed = (hash: string): string =>
    JSON.stringify({ files: ['model.onnx'], file_hashes: { 'model.onnx': hash } })
  const beside = (stage: Stage): string => join(dirname(modelOf(stage)), 'ritual_manifest.json')
  test(
    'and is not what its manifest says is refused, and left alone',
    on(async (stage) => {
      write(modelOf(stage), 'of the volume')
      write(beside(stage), listed('0'.repeat(64)))
      await assert.rejects(stage.resolver.forWorkflow(ID), {
        code: 'bad_model',
        message: /but ritual_manifest.json says 0{64}; it was not downloaded by this server: remove it/,
      })
      assert.equal(text(modelOf(stage)), 'of the volume')
    }),
  )
  for (const [what, hash] of [
    ['agrees with its manifest', sha256(Buffer.from('of the volume'))],
    ['has a manifest without a digest', ''],
    ['has a manifest with another kind of digest', 'd41d8cd98f00b204e9800998ecf8427e'],
  ] as const)
    test(
      `and ${what} is used as it is`,
      on(async (stage) => {
        write(modelOf(stage), 'of the volume')
        write(beside(stage), listed(hash))
        assert.equal(text(await stage.resolver.forWorkflow(ID)), 'of the volume')
        assert.equal(stage.hub.seen.length, 0)
      }),
    )
  test(
    "but lies rotten in Hugging Face's own cache is fetched into ours",
    on(async (stage) => {
      const hubCache = join(stage.cache, 'hf')
      const blob = join(hubCache, 'models--o--n/blobs', sha256(Buffer.from('a model')))
      write(blob, 'a mod3l')
      write(join(hubCache, 'models--o--n/refs/main'), COMMIT)
      mkdirSync(join(hubCache, `models--o--n/snapshots/${COMMIT}`), { recursive: true })
      symlinkSync(blob, join(hubCache, `models--o--n/snapshots/${COMMIT}/model.onnx`))
      assert.equal(await stage.another({ hubCache }).forWorkflow(ID), modelOf(stage))
      assert.equal(text(blob), 'a mod3l')
      assert.equal(text(modelOf(stage)), 'a model')
    }),
  )
  test(
    'by its address is fetched anew when it has changed',
    on(async (stage) => {
      const address = `${stage.hub.url}/o/n/resolve/x/model.onnx#sha256=${sha256(Buffer.from('a model'))}`
      const resolver = stage.another({ hosts: [stage.hub.url] })
      const path = await resolver.forWorkflow(JSON.stringify(address))
      writeFileSync(path, 'a mod3l')
      assert.equal(
        text(await stage.another({ hosts: [stage.hub.url] }).forWorkflow(JSON.stringify(address))),
        'a model',
      )
      rmSync(path)
    }),
  )
})
