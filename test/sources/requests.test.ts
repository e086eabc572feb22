/** What a request may name, and where no name may lead. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readRequestModelId } from '../../src/sources/resolver.ts'
import { FakeHub, sha256, status } from './fake-hub.ts'
import { id, manifest, on, text, write } from './setup.ts'

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
  const NAMEABLE = NAMES.filter((name) => !/[,:]/.test(name))
  for (const name of NAMEABLE)
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
  for (const name of ['C:\\x', '../a,b', '/etc/x:y', 'x:../../y'])
    test(
      `${name} in a listing is left out`,
      on(async ({ hub, resolver, landed, cache }) => {
        hub.files.set(name, Buffer.from('evil'))
        assert.equal(text(await resolver.forWorkflow(id('huggingface/o/n'))), 'a model')
        assert.deepEqual([landed(), readdirSync(cache)], [['model.onnx'], ['huggingface']])
        assert.equal(hub.reads, 1)
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
