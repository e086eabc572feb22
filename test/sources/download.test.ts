import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createLog } from '../../src/log.ts'
import { Downloader } from '../../src/sources/download.ts'
import type { Origin } from '../../src/sources/origin.ts'
import type { Job, Progress } from '../../src/sources/transfer.ts'
import { sha256Digest } from '../../src/sources/verify.ts'
import { sha256 } from './fake-hub.ts'
import { QUICK } from './setup.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Ten bytes, one at a time. */
const BYTES = Buffer.from('0123456789')
const slowly = (started: () => void, ended: () => void): Origin => ({
  label: 'here',
  async read(from) {
    started()
    async function* body(): AsyncGenerator<Uint8Array> {
      for (const byte of BYTES.subarray(from)) {
        await pause(5)
        yield Buffer.of(byte)
      }
      ended()
    }
    return { at: from, size: BYTES.length, digests: [], body: body(), close: () => {} }
  },
})

const job = (root: string, name: string, origin: Origin): Job => {
  const digests = [sha256Digest(sha256(BYTES), 'the test')]
  return { label: name, target: join(root, name), root, size: BYTES.length, digests, origins: [origin] }
}

describe('the downloader', () => {
  const root = mkdtempSync(join(tmpdir(), 'download-'))
  test.after(() => rmSync(root, { recursive: true }))

  test('tells how far it is, and when it is done', async () => {
    const told: Progress[] = []
    const lines: string[] = []
    const log = createLog('info', (line) => lines.push(line))
    const downloader = new Downloader({
      log,
      retry: QUICK,
      onProgress: (progress) => told.push(progress),
      progressMs: 10,
    })
    await downloader.download(
      job(
        root,
        'told',
        slowly(
          () => {},
          () => {},
        ),
      ),
    )
    assert.ok(told.length >= 2)
    assert.ok(told.every(({ label, of }) => label === 'told' && of === 10))
    assert.deepEqual(
      told.map(({ bytes }) => bytes),
      told.map(({ bytes }) => bytes).sort((a, b) => a - b),
    )
    assert.match(lines.join(''), /"message":"downloaded","label":"told","bytes":10,"ms":\d+/)
  })

  test('logs how far it is where nobody listens', async () => {
    const lines: string[] = []
    const log = createLog('info', (line) => lines.push(line))
    const downloader = new Downloader({ log, retry: QUICK, progressMs: 10 })
    await downloader.download(
      job(
        root,
        'logged',
        slowly(
          () => {},
          () => {},
        ),
      ),
    )
    assert.match(lines.join(''), /"message":"downloading","label":"logged","bytes":\d,"of":10/)
  })

  test('has four under way at a time, and one for those who want the same', async () => {
    let now = 0
    let most = 0
    let reads = 0
    const started = (): void => {
      reads++
      most = Math.max(most, ++now)
    }
    const origin = slowly(started, () => void now--)
    const downloader = new Downloader({ retry: QUICK })
    await Promise.all(Array.from({ length: 40 }, (_, i) => downloader.download(job(root, `file-${i % 10}`, origin))))
    assert.deepEqual([most, reads], [4, 10])
  })
})
