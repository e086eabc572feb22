/** What a refusal has to be: our error, one short sentence, at once. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { before, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { readJoblib } from '../../src/formats/joblib.ts'

/** A refusal takes no longer, of a processor's time: other processes on the machine do not count. */
export const MAX_MS = 1000

/** Milliseconds that this process has computed. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

export function refuses(read: () => unknown, sentence: RegExp): void {
  const start = cpuMs()
  assert.throws(read, (error: unknown) => {
    assert.ok(error instanceof InferError, `${(error as Error)?.stack}`)
    assert.equal(error.code, 'bad_model')
    assert.match(error.message, sentence)
    assert.ok(error.message.length < 300)
    return true
  })
  assert.ok(cpuMs() - start < 2 * MAX_MS, 'it took more than two seconds of a processor')
}

export const refused = (name: string, read: () => unknown, sentence: RegExp): Promise<void> =>
  test(name, () => refuses(read, sentence))
/** A pickle or joblib file that is refused. */
export const pickle = (name: string, bytes: Uint8Array, sentence: RegExp): Promise<void> =>
  refused(name, () => readJoblib(bytes), sentence)

/** Where a trace of system calls begins to be of interest: all modules are loaded, no file has been read. */
export const MARK = '/hostile/begin'
before(() => existsSync(MARK))
