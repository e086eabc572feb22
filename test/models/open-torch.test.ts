/** Files of torch, opened: plans by signature, in memory and on disk. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { openTorch } from '../../src/models/open-torch.ts'
import { PlanCache } from '../../src/models/plan-cache.ts'
import type { DType } from '../../src/tensor/dtype.ts'
import { createTensor, type NamedTensor } from '../../src/tensor/tensor.ts'
import { FIXTURES } from '../support/paths.ts'

const FOLDER = `${FIXTURES}torch/single/`
const scratch = mkdtempSync(join(tmpdir(), 'torch-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

const open = (name: string, cacheFolder?: string, cacheBytes?: number) => {
  const options = { ...(cacheFolder && { cacheFolder }), ...(cacheBytes && { cacheBytes }) }
  return openTorch(name, readFileSync(FOLDER + name), options)
}

function input(dtype: DType, dims: readonly number[]): NamedTensor {
  const tensor = createTensor(dtype, dims)
  const isBig = dtype === 'int64'
  for (let i = 0; i < tensor.data.length; i++) (tensor.data as unknown[])[i] = isBig ? BigInt(i % 3) : (i % 7) / 3
  return { ...tensor, name: '' }
}

const shapes = (tensors: readonly NamedTensor[]): string =>
  tensors.map(({ name, dtype, dims }) => `${name} ${dtype}[${dims}]`).join('; ')

describe('open torch', () => {
  test('any batch, one plan', async () => {
    const cache = join(scratch, 'batch')
    const model = open('mlp.pt', cache)
    assert.deepEqual(
      [model.type, model.methods, model.inputs[0]?.dtype],
      ['torch.nn.Sequential', ['forward'], 'float32'],
    )
    for (const rows of [1, 2, 7])
      assert.equal(shapes(await model.run([input('float32', [rows, 4])])), `output float32[${rows},2]`)
    assert.equal(readdirSync(cache).length, 1)
    await model.close()
  })

  test('rows alone give what they give together', async () => {
    const model = open('mlp.pt')
    const all = input('float32', [5, 4])
    const [together] = await model.run([all])
    for (let row = 0; row < 5; row++) {
      const [alone] = await model.run([
        { ...all, dims: [1, 4], data: (all.data as Float32Array).slice(row * 4, row * 4 + 4) },
      ])
      ;(alone?.data as Float32Array).forEach((value, i) => {
        assert.ok(Math.abs(value - ((together?.data as Float32Array)[row * 2 + i] as number)) < 1e-6)
      })
    }
    await model.close()
  })

  test('sizes that are not the batch are of the plan', async () => {
    const cache = join(scratch, 'sizes')
    const model = open('lstm.pt', cache)
    for (const length of [3, 8]) {
      const answer = await model.run([input('float32', [2, length, 3])])
      assert.equal(shapes(answer), `output0 float32[2,${length},8]; output1 float32[2,2,4]; output2 float32[2,2,4]`)
    }
    assert.equal(readdirSync(cache).length, 2)
    await model.close()
  })

  test('a model whose numbers depend on the batch has a plan for each', async () => {
    const cache = join(scratch, 'fixed')
    const model = open('flatten0.pt', cache)
    for (const rows of [2, 3])
      assert.equal(shapes(await model.run([input('float32', [rows, 6 / rows])])), 'output float32[2]')
    assert.equal(readdirSync(cache).length, 4)
    await assert.rejects(model.run([input('float32', [4, 3])]), /wants 6 features last, and is given \[12\]/)
    await model.close()
  })

  test('a second start converts nothing', async () => {
    const cache = join(scratch, 'again')
    const first = open('mlp.pt', cache)
    const [one] = await first.run([input('float32', [3, 4])])
    await first.close()
    const [name] = readdirSync(cache) as [string]
    const written = statSync(join(cache, name)).ino
    const second = open('mlp.pt', cache)
    const [two] = await second.run([input('float32', [3, 4])])
    await second.close()
    assert.deepEqual(two, one)
    assert.equal(statSync(join(cache, name)).ino, written)
  })

  test('a plan on disk that was broken is made again', async () => {
    const cache = join(scratch, 'broken')
    const first = open('mlp.pt', cache)
    const [one] = await first.run([input('float32', [3, 4])])
    await first.close()
    const path = join(cache, readdirSync(cache)[0] as string)
    const bytes = readFileSync(path)
    for (const broken of [
      bytes.subarray(0, 40),
      Buffer.alloc(0),
      Buffer.from(bytes.map((byte, i) => (i === bytes.length - 50 ? byte ^ 1 : byte))),
    ]) {
      writeFileSync(path, broken)
      const again = open('mlp.pt', cache)
      assert.deepEqual((await again.run([input('float32', [3, 4])]))[0], one)
      await again.close()
    }
    assert.deepEqual(readFileSync(path), bytes)
  })

  test('the cache keeps its bound, and one that cannot be written does no harm', async () => {
    const cache = join(scratch, 'bound')
    const plans = new PlanCache(cache, 10_000)
    const model = new Uint8Array(4000)
    for (const name of ['a', 'b', 'c']) await plans.write(PlanCache.nameOf(name, ''), { header: name, model })
    assert.equal(readdirSync(cache).length, 2)
    assert.equal((await plans.read(PlanCache.nameOf('c', '')))?.header, 'c')
    const nowhere = open('mlp.pt', '/proc/nowhere')
    assert.equal((await nowhere.run([input('float32', [1, 4])])).length, 1)
    await nowhere.close()
  })

  test('a dtype that the model does not take is the caller’s, unless it may be cast', async () => {
    const model = open('mlp.pt')
    const double = input('float64', [2, 4])
    await assert.rejects(model.run([double]), {
      code: 'bad_request',
      message: 'torch.nn.Linear (0) wants float32, and is given float64',
    })
    assert.equal(shapes(await model.run([double], { cast: 'float' })), 'output float32[2,2]')
    await assert.rejects(model.run([input('int64', [2, 4])], { cast: 'float' }), { code: 'bad_request' })
    assert.equal(shapes(await model.run([input('int64', [2, 4])], { cast: 'any' })), 'output float32[2,2]')
    await assert.rejects(model.run([input('complex64', [2, 4])]), { code: 'bad_request', message: /complex64/ })
    await model.close()
  })

  test('no rows give no rows', async () => {
    const model = open('mlp.pt')
    assert.equal(shapes(await model.run([input('float32', [0, 4])])), 'output float32[0,2]')
    await assert.rejects(model.run([input('float32', [0, 5])]), { code: 'bad_request' })
    await assert.rejects(model.run([input('float32', [2, 0])]), { code: 'bad_request' })
    await model.close()
  })

  test('a method that is not there', async () => {
    const model = open('mlp.pt')
    assert.throws(
      () => model.run([input('float32', [1, 4])], { method: 'predict' }),
      /the model has no method predict; it has forward/,
    )
    await model.close()
  })
})
