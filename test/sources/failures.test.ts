/** Hubs that fail, and how seldom they are asked then. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { Breaker, Failures } from '../../src/sources/failures.ts'
import { Unreachable } from '../../src/sources/retry.ts'
import { status } from './fake-hub.ts'
import { on } from './setup.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const id = (name: string): string => JSON.stringify(`huggingface/o/n:${name}`)
const fail = (): Promise<never> => Promise.reject(new Unreachable('hub.example answers 503, after 6 tries'))
const answer = async (): Promise<string> => 'here'
const failing = async (breaker: Breaker, times: number): Promise<void> => {
  for (let i = 0; i < times; i++) await assert.rejects(breaker.run('hub', fail))
}

describe('a hub that fails five times in a row', () => {
  test('is not asked until it has rested, and the sentence says so', async () => {
    const breaker = new Breaker({ failures: 5, restMs: 1000, mostMs: 8000 })
    await failing(breaker, 5)
    let asked = 0
    const work = async (): Promise<void> => void asked++
    await assert.rejects(breaker.run('hub', work), {
      code: 'unavailable',
      message: /^hub failed 5 times in a row and is asked again in 1 s: hub.example answers 503, after 6 tries$/,
    })
    assert.equal(asked, 0)
  })
  test('is then asked by one, and by all when that was answered', async () => {
    const breaker = new Breaker({ failures: 2, restMs: 20, mostMs: 1000 })
    await failing(breaker, 2)
    await pause(30)
    let asked = 0
    const slow = async (): Promise<void> => {
      asked++
      await pause(20)
    }
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => breaker.run('hub', slow)))
    assert.deepEqual([asked, all.filter(({ status: how }) => how === 'fulfilled').length], [1, 1])
    assert.equal(await breaker.run('hub', answer), 'here')
    assert.equal(breaker.isOpen, false)
  })
  test('rests twice as long each time', async () => {
    const breaker = new Breaker({ failures: 1, restMs: 40, mostMs: 1000 })
    await failing(breaker, 1)
    await pause(50)
    await failing(breaker, 1)
    await pause(50)
    await assert.rejects(breaker.run('hub', answer), /failed 2 times/)
    await pause(40)
    assert.equal(await breaker.run('hub', answer), 'here')
  })
  test('and refuses or fills our disk in between is no such hub', async () => {
    const breaker = new Breaker({ failures: 2, restMs: 1000, mostMs: 1000 })
    const refuse = (code: 'bad_model' | 'unavailable') => () => Promise.reject(new InferError(code, 'x'))
    for (let i = 0; i < 3; i++) {
      await failing(breaker, 1)
      await assert.rejects(breaker.run('hub', refuse('bad_model')))
      await assert.rejects(breaker.run('hub', refuse('unavailable')))
    }
    assert.equal(breaker.isOpen, false)
  })
  test(
    'is asked for no other model either, while what is cached is served',
    on(async ({ hub, resolver }) => {
      const path = await resolver.forWorkflow(id('model.onnx'))
      hub.api = (_request, response) => void response.writeHead(503).end()
      for (let i = 0; i < 5; i++) await assert.rejects(resolver.forWorkflow(id(`${i}.onnx`)), { code: 'unavailable' })
      const asked = hub.seen.length
      await assert.rejects(resolver.forWorkflow(id('more.onnx')), /huggingface failed 5 times in a row/)
      assert.equal(hub.seen.length, asked)
      assert.equal(await resolver.forWorkflow(id('model.onnx')), path)
      assert.equal(resolver.status().resting, 1)
    }),
  )
})

describe('a model that failed', () => {
  test(
    'is not asked for again at once, by whoever wants it',
    on(async ({ hub, another }) => {
      const resolver = another({}, {}, { failureMs: 10_000 })
      hub.behaviour = status(404)
      for (let i = 0; i < 20; i++) await assert.rejects(resolver.forWorkflow(id('model.onnx')), /does not exist/)
      assert.equal(hub.reads, 1)
      assert.equal(resolver.status().failures, 1)
    }),
  )
  test('waits twice as long each time, for a minute at most', () => {
    const waits = new Failures(1000)
    const now = performance.now()
    const realNow = performance.now
    try {
      let at = now
      performance.now = () => at
      const measured: number[] = []
      for (let i = 0; i < 8; i++) {
        waits.remember('a', new Error('x'))
        let ms = 0
        while (waits.recall('a')) {
          at += 500
          ms += 500
        }
        measured.push(ms)
      }
      assert.deepEqual(measured, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
    } finally {
      performance.now = realNow
    }
  })
  test('is forgotten where there are too many of them', () => {
    const failures = new Failures(1000)
    for (let i = 0; i < 2000; i++) failures.remember(`${i}`, new Error('x'))
    assert.equal(failures.recall('0'), undefined)
    assert.ok(failures.recall('1999'))
  })
})
