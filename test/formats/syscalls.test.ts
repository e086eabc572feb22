/** While hostile files are read, the process asks the system for nothing but those files: no process, no socket, no write. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ROOT } from '../support/paths.ts'
import { MARK } from './refusals.ts'

const missing = spawnSync('strace', ['-V']).error === undefined ? false : 'strace is not here'
/** What reads a file that lies where test files do, what Node asks of the processor, and the end of a thread. */
const ALLOWED = new RegExp(
  `^(?:(?:openat|statx|newfstatat|readlink)\\((?:AT_FDCWD, )?"${ROOT}(?:test/fixtures|src/formats)` +
    '|openat\\(AT_FDCWD, "/sys/devices/system/cpu/' +
    '|(?:statx|newfstatat)\\(\\d+, ""|exit(?:_group)?\\(|\\+\\+\\+|---|<\\.\\.\\. )',
)
const WRITES = /O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)/

/** The calls about files, sockets and processes that a script makes once it has marked its start, but for the harmless. */
function callsOf(script: readonly string[]): { calls: string[]; status: number | null } {
  const trace = join(mkdtempSync(join(tmpdir(), 'strace-')), 'trace')
  const { status } = spawnSync(
    'strace',
    ['-f', '-qq', '-s', '256', '-e', 'trace=%file,%network,%process', '-o', trace, process.execPath, ...script],
    { cwd: ROOT, timeout: 120_000 },
  )
  const lines = readFileSync(trace, 'utf8')
    .split('\n')
    .map((line) => line.replace(/^\d+ +/, ''))
  const start = lines.findIndex((line) => line.includes(MARK))
  assert.ok(start >= 0, 'the script did not mark its start')
  return {
    calls: lines.slice(start + 1).filter((line) => line !== '' && (!ALLOWED.test(line) || WRITES.test(line))),
    status,
  }
}

describe('no system calls beyond reading', { skip: missing }, () => {
  for (const name of readdirSync(`${ROOT}test/formats`).filter((file) =>
    /^(hostile-\w+|mistaken)\.test\.ts$/.test(file),
  )) {
    test(name, () => {
      const { calls, status } = callsOf(['--import', 'tsx', `test/formats/${name}`])
      assert.deepEqual(calls, [])
      assert.equal(status, 0)
    })
  }
  test('a process, a socket and a written file would be noticed', () => {
    const script = `const fs = require('fs'); fs.existsSync('${MARK}'); require('child_process').spawnSync('true');
      require('net').connect(9, '127.0.0.1').on('error', () => {}); fs.writeFileSync('${tmpdir()}/strace-noticed', '')`
    const { calls } = callsOf(['-e', script])
    for (const call of [/^execve\(/, /^socket\(/, /^connect\(/, /^openat\(.*O_WRONLY/])
      assert.ok(
        calls.some((line) => call.test(line)),
        `${call}`,
      )
  })
})
