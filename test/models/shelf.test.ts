import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import type { Model } from '../../src/models/model.ts'
import { ModelShelf } from '../../src/models/shelf.ts'
import { FIXTURES } from '../support/paths.ts'

/** Models of 10 bytes whose runs end when they are told to, and which count how often they are opened and closed. */
class Models {
  readonly log: string[] = []
  bytes = 10
  #finish: (() => void)[] = []

  readonly open = async (path: string): Promise<Model> => {
    if (path === 'broken') throw new InferError('bad_model', 'broken')
    this.log.push(`open ${path}`)
    let closed = false
    const run: Model['run'] = async (inputs) => {
      assert.ok(!closed, `${path} runs when it is closed`)
      if (inputs.length > 0) await new Promise<void>((resolve) => this.#finish.push(resolve))
      assert.ok(!closed, `${path} was closed while it ran`)
      return []
    }
    const close = async (): Promise<void> => {
      closed = true
      this.log.push(`close ${path}`)
    }
    return { path, bytes: this.bytes, inputs: [], outputs: [], classes: new Map(), methods: [], run, close }
  }

  finish(): void {
    for (const end of this.#finish.splice(0)) end()
  }
}

const LONG = [{ name: 'x', dtype: 'float32', dims: [0], data: new Float32Array() }] as const
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const on =
  (limits: { models?: number; bytes?: number }, body: (shelf: ModelShelf, models: Models) => Promise<void>) =>
  async (): Promise<void> => {
    const models = new Models()
    await body(new ModelShelf(models.open, { models: 100, bytes: 1000, ...limits }), models)
  }

describe('the shelf of open models', () => {
  test(
    'opens a file once for all who ask',
    on({}, async (shelf, { log }) => {
      await Promise.all(Array.from({ length: 200 }, () => shelf.get('a')))
      assert.deepEqual(log, ['open a'])
    }),
  )
  test(
    'closes what was unused for longest beyond a count',
    on({ models: 2 }, async (shelf, { log }) => {
      const a = await shelf.get('a')
      await shelf.get('b')
      await a.run([])
      await shelf.get('c')
      await settled()
      assert.deepEqual(log, ['open a', 'open b', 'open c', 'close b'])
    }),
  )
  test(
    'closes what was unused for longest beyond so many bytes',
    on({ bytes: 25 }, async (shelf, { log }) => {
      for (const path of ['a', 'b', 'c', 'd']) await shelf.get(path)
      await settled()
      assert.deepEqual(log, ['open a', 'open b', 'open c', 'close a', 'open d', 'close b'])
    }),
  )
  test(
    'holds one model that is larger than all may be',
    on({ bytes: 5 }, async (shelf, { log }) => {
      const model = await shelf.get('a')
      await model.run([])
      assert.deepEqual(log, ['open a'])
    }),
  )
  test(
    'never closes a model that runs, and does when it has run',
    on({ models: 1 }, async (shelf, models) => {
      const a = await shelf.get('a')
      const running = [a.run(LONG), a.run(LONG)]
      await settled()
      await shelf.get('b')
      await settled()
      assert.deepEqual(models.log, ['open a', 'open b'])
      models.finish()
      await Promise.all(running)
      await settled()
      assert.deepEqual(models.log, ['open a', 'open b', 'close a'])
    }),
  )
  test(
    'opens a model again for whoever still holds it',
    on({ models: 1 }, async (shelf, models) => {
      const configured = await shelf.get('a')
      for (const path of ['b', 'c']) await (await shelf.get(path)).run([])
      await configured.run([])
      await settled()
      assert.deepEqual(
        models.log.filter((line) => line.endsWith(' a')),
        ['open a', 'close a', 'open a'],
      )
      await configured.close()
      await configured.run([])
    }),
  )
  test(
    'forgets what cannot be opened',
    on({}, async (shelf) => {
      await assert.rejects(shelf.get('broken'), { code: 'bad_model' })
      await assert.rejects(shelf.get('broken'), { code: 'bad_model' })
    }),
  )
  test('tells which files are open', async () => {
    const models = new Models()
    const told: (readonly string[])[] = []
    const shelf = new ModelShelf(models.open, { models: 1, bytes: 1000 }, (paths) => told.push(paths))
    await shelf.get('a')
    await shelf.get('b')
    await settled()
    assert.deepEqual(told.at(-1), ['b'])
    assert.deepEqual(told[0], ['a'])
  })
  test('knows the size of a real model, its external data included', async () => {
    const { openModel } = await import('../../src/models/open.ts')
    const { statSync } = await import('node:fs')
    const model = await openModel(`${FIXTURES}onnx/external.onnx`)
    const sizes = ['external.onnx', 'external.bin'].map((name) => statSync(`${FIXTURES}onnx/${name}`).size)
    assert.equal(model.bytes, sizes[0]! + sizes[1]!)
    await model.close()
  })
})
