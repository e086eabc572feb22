/** `infernet-classic inspect`: what a person and a program see, and what a file may cost. */
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { inspectFile } from '../../src/bounded-file.ts'
import { inspectionText } from '../../src/cli/inspection-text.ts'
import { inspect } from '../../src/inspect/inspect.ts'
import { bytesOf } from '../formats/hostile.ts'
import { FIXTURES } from '../support/paths.ts'
import { run } from '../support/process.ts'

const FOREST = `${FIXTURES}formats/others/forest.pkl`
const folder = mkdtempSync(join(tmpdir(), 'inspect-'))
function file(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}

describe('the command', () => {
  test('says in aligned lines what is there', async () => {
    const { ended, stdout } = run(['inspect', FOREST])
    assert.equal(await ended, 0)
    assert.equal(
      stdout.join(''),
      `${FOREST}  4.18 kB
  format          a pickle (protocol 4)
  library         scikit-learn 0.24.2
  tree            Pipeline
                  ├ standardscaler: StandardScaler  3 features
                  └ randomforestclassifier: RandomForestClassifier  3 features, 3 classes
                    └ 0-2: 3 × DecisionTreeClassifier  3 features, 3 classes, 19 nodes
  parameters      218 in 1.74 kB (float64 132, int64 86)
  served          yes, converted, as a fitted estimator

`,
    )
  })
  test('says the same as JSON', async () => {
    const { ended, stdout } = run(['inspect', '--json', FOREST])
    assert.equal(await ended, 0)
    const [found] = JSON.parse(stdout.join(''))
    assert.deepEqual([found.file, found.format, found.parameters.count], [FOREST, 'pickle', 218])
  })
  test('fails for what is no model, and goes on with the next', async () => {
    const { ended, stdout } = run([
      'inspect',
      file('page.pkl', bytesOf('<html>')),
      file('cut.pkl', bytesOf(0x80, 4)),
      FOREST,
    ])
    assert.equal(await ended, 1)
    const text = stdout.join('')
    assert.match(text, /no model +a web page/)
    assert.match(text, /refused +pickle: 1 bytes are claimed where 0 are left at byte 2/)
    assert.match(text, /RandomForestClassifier/)
  })
  test('fails for what is not there', async () => {
    const { ended, stdout } = run(['inspect', '/nowhere', folder])
    assert.equal(await ended, 1)
    assert.match(stdout.join(''), /refused +it cannot be read: ENOENT: no such file/)
    assert.match(stdout.join(''), /refused +it is no file/)
  })
})

describe('the text', () => {
  const hostile = inspect(bytesOf('cm\nEvil\x1b[2J\n)\x81}Vsteps\n((V\\u001b]0;x\\u0007\\u202e\ncm\nP\n)\x81ttsb.'))
  test('holds nothing that a terminal obeys', () => {
    const text = inspectionText('a\x1b[31m.pkl', hostile, false)
    assert.match(text, /Evil\?\[2J/)
    assert.doesNotMatch(text, /[^\P{C}\n]/u)
  })
  test('has colours when it is told to', () => {
    assert.ok(inspectionText('a', hostile, true).startsWith('\x1b[1ma\x1b[0m'))
    assert.ok(!inspectionText('a', hostile, false).includes('\x1b'))
  })
  test('cuts long lists, and says so', () => {
    const many = { ...hostile, globals: Array.from({ length: 1000 }, (_, i) => `m.C${i}`) }
    const lines = inspectionText('a', many, false).split('\n')
    assert.ok(lines.length < 60 && lines.some((line) => line.trim() === 'and 960 more'))
  })
})

describe('a file is read in a process of its own', () => {
  const bomb = file('bomb.pkl', bytesOf('(', ']'.repeat(600_000), 'l.'))
  const big = file('big.pkl', bytesOf('(', 'I1\n'.repeat(3_000_000), 'l.'))
  test('that is killed when it takes too long', async () => {
    const start = performance.now()
    await assert.rejects(inspectFile(big, { timeoutMs: 100 }), /^InferError: reading it takes longer than 1 s$/)
    assert.ok(performance.now() - start < 1000)
  })
  test('that is killed when it takes too much memory', () =>
    assert.rejects(inspectFile(bomb, { memoryBytes: 70_000_000 }), /reading it takes more than 66 MB of memory/))
  test('that is killed when it says too much', () =>
    assert.rejects(inspectFile(FOREST, { outputBytes: 10 }), /there is too much in it to tell/))
  test('that has no environment', async () => {
    assert.equal((await inspectFile(FOREST)).parameters.count, 218)
  })
  test('for every one of many at once', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => inspectFile(FOREST)))
    assert.deepEqual(new Set(all.map(({ bytes }) => bytes)).size, 1)
  })
})
