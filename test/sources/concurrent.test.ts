/** Many who want one file: in a process, in two, after a crash, on a disk that is in the way. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cutAfter, type FakeHub, firstly, status } from './fake-hub.ts'
import { ID, on } from './setup.ts'

const FILE = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251))
const FETCH = fileURLToPath(new URL('./fetch-process.ts', import.meta.url))

const start = (hub: FakeHub, cache: string) => {
  const child = fork(FETCH, [hub.url, cache], { execArgv: ['--import', import.meta.resolve('tsx')], silent: true })
  const message = once(child, 'message').then(([path]) => path as string)
  const said = Promise.race([message, once(child, 'exit').then(() => 'ended')])
  return { child, said }
}

describe('one download', () => {
  test(
    'for 200 requests, off chain and by the workflow',
    on(async ({ hub, resolver }) => {
      const id = { storage: 'huggingface', owner: 'o', name: 'n', files: ['model.onnx'] } as const
      const asked = Array.from({ length: 200 }, (_, i) => (i % 2 ? resolver.forWorkflow(ID) : resolver.forRequest(id)))
      assert.equal(new Set(await Promise.all(asked)).size, 1)
      assert.equal(hub.reads, 1)
      assert.equal(hub.seen.length, 3)
    }, FILE),
  )
  test(
    'that fails is the answer for all 200, and tried again for the next',
    on(async ({ hub, resolver }) => {
      hub.behaviour = firstly(1, status(404))
      const asked = Array.from({ length: 200 }, () => resolver.forWorkflow(ID))
      const settled = await Promise.allSettled(asked)
      assert.ok(settled.every(({ status }) => status === 'rejected'))
      assert.equal(hub.reads, 1)
      await new Promise((resolve) => setTimeout(resolve, 10))
      await resolver.forWorkflow(ID)
      assert.equal(hub.reads, 2)
    }),
  )
  test(
    'for two resolvers on one cache',
    on(async ({ hub, resolver, another, landed }) => {
      hub.behaviour = ({ serve }) => void setTimeout(() => serve(), 200)
      const [one, other] = await Promise.all([resolver.forWorkflow(ID), another().forWorkflow(ID)])
      assert.equal(one, other)
      assert.equal(hub.reads, 1)
      assert.deepEqual(landed(), ['model.onnx'])
    }, FILE),
  )
  test(
    'for two processes on one cache',
    on(async ({ hub, cache, landed }) => {
      const lists = (): number => hub.seen.filter(({ path }) => path.includes('/tree/')).length
      hub.behaviour = ({ serve }) => {
        const both = setInterval(() => {
          if (lists() < 2) return
          clearInterval(both)
          setTimeout(serve, 200)
        }, 20)
      }
      const processes = [start(hub, cache), start(hub, cache)]
      const said = await Promise.all(processes.map((process) => process.said))
      assert.deepEqual(said, [join(cache, 'huggingface/o/n/default/model.onnx'), said[0]])
      assert.equal(hub.reads, 1)
      assert.deepEqual(landed(), ['model.onnx'])
    }, FILE),
  )
})

describe('a process that was killed in the middle', () => {
  test(
    'leaves a part that the next one goes on with',
    on(async ({ hub, cache, resolver, landed }) => {
      hub.behaviour = ({ response, file }, n) => {
        if (n > 1) return
        response.writeHead(200, { 'Content-Length': file.length })
        response.write(file.subarray(0, 1_000_000))
      }
      const { child } = start(hub, cache)
      const isThere = (): boolean => landed().some((name) => name.endsWith('.part') && sizeIs(cache, name, 1_000_000))
      for (let i = 0; i < 500 && !isThere(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
      child.kill('SIGKILL')
      await once(child, 'exit')
      assert.equal(landed().length, 2)
      hub.behaviour = ({ serve }) => serve()
      assert.deepEqual(readFileSync(await resolver.forWorkflow(ID)), FILE)
      assert.equal(hub.seen.at(-1)?.headers.range, 'bytes=1000000-')
      assert.deepEqual(landed(), ['model.onnx'])
    }, FILE),
  )
  test(
    'leaves nothing wrong, even where its part is',
    on(async ({ hub, cache, another, landed }) => {
      hub.behaviour = (e, n) => (n === 1 ? cutAfter(1000)(e, n) : status(404)(e, n))
      await assert.rejects(another().forWorkflow(ID))
      const part = landed().find((name) => name.endsWith('.part'))!
      writeFileSync(join(cache, 'huggingface/o/n/default', part), 'nonsense')
      hub.behaviour = ({ serve }) => serve()
      assert.deepEqual(readFileSync(await another().forWorkflow(ID)), FILE)
      assert.deepEqual(landed(), ['model.onnx'])
    }, FILE),
  )
  test(
    'had the whole file, but not yet its name',
    on(async ({ hub, cache, another, landed }) => {
      hub.behaviour = (e, n) => (n === 1 ? cutAfter(1000)(e, n) : status(404)(e, n))
      await assert.rejects(another().forWorkflow(ID))
      const part = landed().find((name) => name.endsWith('.part'))!
      writeFileSync(join(cache, 'huggingface/o/n/default', part), FILE)
      const reads = hub.reads
      assert.deepEqual(readFileSync(await another().forWorkflow(ID)), FILE)
      assert.equal(hub.reads, reads)
      assert.deepEqual(landed(), ['model.onnx'])
    }, FILE),
  )
  test(
    'a day ago leaves nothing',
    on(async ({ cache, resolver, landed }) => {
      const directory = join(cache, 'huggingface/o/n/default')
      mkdirSync(directory, { recursive: true })
      const old = join(directory, '.download-0123456789abcdef-0123456789abcdef-1-00000000.part')
      const young = old.replace('-1-', '-2-')
      for (const path of [old, young]) writeFileSync(path, 'x')
      utimesSync(old, 0, Date.now() / 1000 - 90_000)
      await resolver.forWorkflow(ID)
      assert.deepEqual(landed(), [young.slice(directory.length + 1), 'model.onnx'])
    }),
  )
  for (const [what, text, ageS] of [
    ['is gone', { pid: 2 ** 22 + 1, started: '1' }, 0],
    ['has its pid, but started at another time', { pid: process.pid, started: '1' }, 0],
    ['is on another machine, and silent', { pid: 1, started: '1', host: 'elsewhere' }, 60],
  ] as const)
    test(
      `leaves a lock that is taken when its holder ${what}`,
      on(async ({ hub, cache, resolver, landed }) => {
        const directory = join(cache, 'huggingface/o/n/default')
        hub.behaviour = status(404)
        await assert.rejects(resolver.forWorkflow(ID))
        hub.behaviour = ({ serve }) => serve()
        const lock = join(directory, `.download-${LOCKED}.lock`)
        writeFileSync(lock, JSON.stringify({ host: hostname(), ...text }))
        utimesSync(lock, 0, Date.now() / 1000 - ageS)
        await new Promise((resolve) => setTimeout(resolve, 10))
        await resolver.forWorkflow(ID)
        assert.deepEqual(landed(), ['model.onnx'])
      }),
    )
})

/** The first 16 digits of the sha256 of `model.onnx`. */
const LOCKED = 'd7c4b743081e6ccd'

const sizeIs = (cache: string, name: string, size: number): boolean =>
  readFileSync(join(cache, 'huggingface/o/n/default', name)).length === size

describe('a disk', () => {
  const isRoot = process.getuid?.() === 0 ? 'root may write anywhere' : false
  test(
    'that is read-only is one clear sentence',
    { skip: isRoot },
    on(async ({ cache, resolver }) => {
      chmodSync(cache, 0o555)
      await assert.rejects(resolver.forWorkflow(ID), {
        code: 'unavailable',
        message: /the cache .* may not be written by this user/,
      })
      chmodSync(cache, 0o755)
    }),
  )
  test(
    'with a file where a folder should be is one clear sentence',
    on(async ({ cache, resolver }) => {
      writeFileSync(join(cache, 'huggingface'), 'x')
      await assert.rejects(resolver.forWorkflow(ID), {
        code: 'unavailable',
        message: /the cache .* has a file where a folder should be/,
      })
    }),
  )
  test(
    'whose cache was taken away gets a new one',
    on(async ({ hub, cache, resolver }) => {
      await resolver.forWorkflow(ID)
      rmSync(cache, { recursive: true })
      assert.equal(readFileSync(await resolver.forWorkflow(ID), 'utf8'), 'a model')
      assert.equal(hub.reads, 2)
    }),
  )
  test(
    'with a link out of the cache is not written to',
    on(async ({ cache, resolver }) => {
      const outside = mkdtempSync(join(tmpdir(), 'outside-'))
      mkdirSync(join(cache, 'huggingface'))
      symlinkSync(outside, join(cache, 'huggingface/o'))
      await assert.rejects(resolver.forWorkflow(ID), { code: 'bad_model', message: /is a link out of the cache/ })
      assert.deepEqual(readdirSync(outside), [])
      rmdirSync(outside)
    }),
  )
  test(
    'with too little room is one clear sentence',
    on(async ({ hub, resolver, landed }) => {
      hub.api = (request, response, next) =>
        request.url?.includes('/tree/')
          ? response.end(JSON.stringify([{ type: 'file', path: 'model.onnx', size: 2 ** 60, oid: 'a'.repeat(40) }]))
          : next()
      await assert.rejects(resolver.forWorkflow(ID), { code: 'unavailable', message: /is full: \d+ bytes are needed/ })
      assert.deepEqual(
        landed().filter((name) => name.endsWith('.lock')),
        [],
      )
    }),
  )
})
