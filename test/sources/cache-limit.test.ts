/** A cache that may take so many bytes and no more: what goes, what stays, and what is said when nothing may go. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { readRecord, recordPath } from '../../src/sources/record.ts'
import { type Resolver, readRequestModelId } from '../../src/sources/resolver.ts'
import { status } from './fake-hub.ts'
import { on, type Stage } from './setup.ts'

const KB = Buffer.alloc(1000, 7)
const id = (name: string): string => JSON.stringify(`huggingface/o/n:${name}`)
const path = ({ cache }: Stage, name: string): string => join(cache, 'huggingface/o/n/default', name)

/** So many seconds ago; a lease ends after 300. */
const unusedFor = (stage: Stage, name: string, seconds: number): void =>
  utimesSync(recordPath(path(stage, name)), 0, Date.now() / 1000 - seconds)

const limited = (stage: Stage, cacheLimitBytes: number, isOpen?: (file: string) => boolean): Resolver =>
  stage.another({}, {}, { cacheLimitBytes, ...(isOpen && { isOpen }) })

/** Files `a` to `d` of 1000 bytes each on the hub; the named ones in the cache, the first unused for longest. */
const filled = (names: readonly string[], body: (stage: Stage) => Promise<void>) =>
  on(async (stage) => {
    for (const name of ['a', 'b', 'c', 'd']) stage.hub.files.set(name, KB)
    const resolver = stage.another()
    for (const name of names) await resolver.forWorkflow(id(name))
    for (const [i, name] of names.entries()) unusedFor(stage, name, 5000 - i)
    await body(stage)
  }, KB)

describe('a cache with a limit', () => {
  test(
    'loses what was unused for longest, and no more than it must',
    filled(['a', 'b', 'c'], async (stage) => {
      const resolver = limited(stage, 3500)
      await resolver.forWorkflow(id('d'))
      assert.deepEqual(stage.landed(), ['b', 'c', 'd'])
      assert.equal(resolver.status().evicted, 1)
      assert.equal(existsSync(recordPath(path(stage, 'a'))), false)
      assert.match(stage.logs.join(''), /"removed from the cache","file":"huggingface\/o\/n\/default\/a","bytes":1000/)
    }),
  )
  test(
    'counts a use by a request',
    filled(['a', 'b', 'c'], async (stage) => {
      const resolver = limited(stage, 3500)
      await resolver.forRequest(readRequestModelId('huggingface/o/n:a'))
      await resolver.forWorkflow(id('d'))
      assert.deepEqual(stage.landed(), ['a', 'c', 'd'])
    }),
  )
  test(
    'keeps what is open, however long ago it was asked for',
    filled(['a', 'b', 'c'], async (stage) => {
      await limited(stage, 3500, (file) => file === path(stage, 'a')).forWorkflow(id('d'))
      assert.deepEqual(stage.landed(), ['a', 'c', 'd'])
    }),
  )
  test(
    'keeps what another server has used just now, and says what is in the way',
    filled(['a', 'b'], async (stage) => {
      for (const name of ['a', 'b']) unusedFor(stage, name, 200)
      await assert.rejects(limited(stage, 2500).forWorkflow(id('d')), {
        code: 'unavailable',
        message: /^the cache \S+ has no room for 1000 bytes more: 2000 of 2500 \(CACHE_LIMIT_BYTES\) are in use$/,
      })
      assert.deepEqual(stage.landed(), ['a', 'b'])
    }),
  )
  test(
    'keeps the configured model',
    filled(['model.onnx', 'b'], async (stage) => {
      const resolver = limited(stage, 2500)
      await resolver.forWorkflow(id('model.onnx'))
      unusedFor(stage, 'model.onnx', 9000)
      await resolver.forWorkflow(id('d'))
      assert.deepEqual(stage.landed(), ['d', 'model.onnx'])
    }),
  )
  test(
    'keeps what the operator fetched by name',
    filled(['b'], async (stage) => {
      await stage.another({}, {}, { keeps: true }).forWorkflow(id('a'))
      await stage.another({}, {}, { keeps: true }).forWorkflow(id('b'))
      for (const name of ['a', 'b']) unusedFor(stage, name, 9000)
      await assert.rejects(limited(stage, 2500).forWorkflow(id('d')), /has no room/)
      assert.deepEqual(stage.landed(), ['a', 'b'])
    }),
  )
  test(
    'keeps, and does not count, what it did not download',
    filled(['a'], async (stage) => {
      writeFileSync(path(stage, 'seeded'), Buffer.alloc(5000))
      const volume = join(stage.cache, 'local/x/y/default/model.onnx')
      mkdirSync(dirname(volume), { recursive: true })
      writeFileSync(volume, KB)
      utimesSync(volume, 0, 0)
      await limited(stage, 1500).forWorkflow(id('d'))
      assert.deepEqual(stage.landed(), ['d', 'seeded'])
      assert.ok(existsSync(volume))
    }),
  )
  test(
    'lets a model and its data go together, or not at all',
    filled(['c'], async (stage) => {
      const both = JSON.stringify('huggingface/o/n:a,b')
      await stage.another().forWorkflow(both)
      assert.deepEqual(readRecord(path(stage, 'a'))?.together, ['b'])
      unusedFor(stage, 'b', 9000)
      await limited(stage, 3500).forWorkflow(id('d'))
      assert.deepEqual(stage.landed(), ['a', 'b', 'd'])
      for (const [name, seconds] of [
        ['a', 9000],
        ['b', 9000],
        ['d', 8000],
      ] as const)
        unusedFor(stage, name, seconds)
      await limited(stage, 2500).forWorkflow(id('c'))
      assert.deepEqual(stage.landed(), ['c', 'd'])
    }),
  )
  test(
    'holds while four downloads run at a time',
    filled(['a'], async (stage) => {
      stage.hub.behaviour = ({ serve }) => void setTimeout(() => serve(), 50)
      const resolver = limited(stage, 2500)
      const settled = await Promise.allSettled(
        ['b', 'c', 'd', 'model.onnx'].map((name) => resolver.forWorkflow(id(name))),
      )
      assert.equal(settled.filter(({ status: how }) => how === 'fulfilled').length, 2)
      const names = readdirSync(dirname(path(stage, 'a'))).filter((name) => !name.startsWith('.'))
      assert.equal(names.length, 2)
      assert.ok(names.reduce((sum, name) => sum + statSync(path(stage, name)).size, 0) <= 2500)
    }),
  )
  test(
    'counts what another server is downloading',
    filled(['a'], async (stage) => {
      const part = join(dirname(path(stage, 'a')), '.download-0123456789abcdef-0123456789abcdef-1-00000000.part')
      writeFileSync(part, Buffer.alloc(2000))
      await limited(stage, 3500).forWorkflow(id('d'))
      assert.deepEqual(stage.landed(), [part.split('/').at(-1), 'd'])
    }),
  )
  test(
    'refuses what is larger than itself, and removes nothing for it',
    filled(['a', 'b'], async (stage) => {
      stage.hub.files.set('large', Buffer.alloc(5000))
      await assert.rejects(limited(stage, 4000).forWorkflow(id('large')), {
        code: 'unavailable',
        message: /^5000 bytes are more than the cache \S+ may take \(4000\)$/,
      })
      assert.deepEqual(stage.landed(), ['a', 'b'])
    }),
  )
  test(
    'has an evicted model again when it is asked for',
    filled(['a', 'b'], async (stage) => {
      const resolver = limited(stage, 2500)
      await resolver.forWorkflow(id('d'))
      unusedFor(stage, 'd', 9000)
      assert.equal(await resolver.forWorkflow(id('a')), path(stage, 'a'))
      assert.equal(stage.hub.reads, 4)
    }),
  )
  test(
    'is not misled by a record that names what is not beside it, nor by a file of a hub that looks like one',
    filled(['a'], async (stage) => {
      const outside = join(stage.cache, 'precious')
      writeFileSync(outside, KB)
      const record = (file: string) =>
        JSON.stringify({ file, digests: [], together: ['../../../../precious'], kept: false })
      writeFileSync(recordPath(path(stage, 'x')), record('../../../../precious'))
      writeFileSync(recordPath(path(stage, 'a')), record('a'))
      unusedFor(stage, 'a', 9000)
      await limited(stage, 1500).forWorkflow(id('d'))
      assert.ok(existsSync(outside))
      const forged = recordPath('d')
      stage.hub.files.set(forged, Buffer.from(record('d')))
      await assert.rejects(stage.another().forWorkflow(id(forged)), {
        code: 'bad_model',
        message: /a name of this server/,
      })
    }),
  )
  test(
    'forgets a record whose file was taken away, in a day',
    filled(['a', 'b'], async (stage) => {
      for (const name of ['a', 'b']) rmSync(path(stage, name))
      unusedFor(stage, 'b', 90_000)
      await limited(stage, 1500).forWorkflow(id('d'))
      assert.deepEqual(
        ['a', 'b'].map((name) => existsSync(recordPath(path(stage, name)))),
        [true, false],
      )
    }),
  )
  test(
    'gives up its room when a download fails',
    filled([], async (stage) => {
      const resolver = limited(stage, 1500)
      stage.hub.behaviour = status(404)
      await assert.rejects(resolver.forWorkflow(id('a')))
      stage.hub.behaviour = ({ serve }) => serve()
      assert.equal(await resolver.forWorkflow(id('b')), path(stage, 'b'))
    }),
  )
})
