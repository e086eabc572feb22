/** A real disk that is full or read-only: a small tmpfs, where this user may mount one. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ID, on, resolverFor } from './setup.ts'

const mounted = (): string | undefined => {
  const at = mkdtempSync(join(tmpdir(), 'small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at], { stdio: 'ignore' })
    return at
  } catch {
    rmdirSync(at)
    return undefined
  }
}

const small = mounted()
const skip = small ? false : 'this user may not mount'

describe('a small disk', { skip }, () => {
  test.after(() => {
    execFileSync('umount', [small!])
    rmdirSync(small!)
  })
  test(
    'that cannot hold the file says so at once',
    on(async ({ hub }) => {
      const asked = resolverFor(hub.url, small!).forWorkflow(ID)
      await assert.rejects(asked, { code: 'unavailable', message: /^the cache .* is full: 3000000 bytes are needed/ })
      assert.equal(hub.reads, 0)
    }, Buffer.alloc(3_000_000)),
  )
  test(
    'that fills up meanwhile says so, keeps no part, and goes on serving',
    on(async ({ hub }) => {
      const resolver = resolverFor(hub.url, small!)
      hub.files.set('small.onnx', Buffer.from('small'))
      const path = await resolver.forWorkflow(JSON.stringify('huggingface/o/n:small.onnx'))
      const ballast = join(small!, 'ballast')
      hub.behaviour = ({ serve }) => {
        writeFileSync(ballast, Buffer.alloc(900_000))
        serve()
      }
      await assert.rejects(resolver.forWorkflow(ID), { code: 'unavailable', message: /^the cache .* is full$/ })
      writeFileSync(ballast, '')
      assert.equal(await resolver.forWorkflow(JSON.stringify('huggingface/o/n:small.onnx')), path)
      hub.behaviour = ({ serve }) => serve()
      await new Promise((resolve) => setTimeout(resolve, 10))
      assert.equal(readFileSync(await resolver.forWorkflow(ID)).length, 500_000)
    }, Buffer.alloc(500_000)),
  )
  test(
    'that is read-only says so, and goes on serving',
    on(async ({ hub }) => {
      execFileSync('mount', ['-o', 'remount,ro', small!])
      const resolver = resolverFor(hub.url, small!)
      await resolver.forWorkflow(ID)
      await assert.rejects(resolver.forWorkflow(JSON.stringify('huggingface/o/n/v1:model.onnx')), {
        code: 'unavailable',
        message: /^the cache .* is read-only$/,
      })
    }),
  )
})
