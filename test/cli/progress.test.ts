import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createProgressBar, inUnits } from '../../src/cli/progress.ts'

/** What is on the terminal after each step: `ms`, then a download's label, bytes, size, and whether it ended. */
type Step = readonly [ms: number, label: string, bytes: number, of: number | undefined, ended?: boolean]

function screens(steps: readonly Step[], columns?: number): string[] {
  let shown = ''
  let at = 0
  const write = (text: string): void => {
    shown = text.split('\x1b[2K').at(-1) ?? ''
  }
  const bar = createProgressBar({ write, ...(columns && { columns }) }, () => at)
  return steps.map(([ms, label, bytes, of, ended = false]) => {
    at = ms
    bar.show({ label, bytes, of, ended })
    return shown
  })
}

describe('the progress bar', () => {
  test('says how far, how fast and what, and is gone at the end', () =>
    assert.deepEqual(
      screens(
        [
          [0, 'a', 0, 2_000_000],
          [500, 'a', 500_000, 2_000_000],
          [1000, 'a', 2_000_000, 2_000_000],
          [1000, 'a', 2_000_000, 2_000_000, true],
        ],
        200,
      ),
      [
        '[                    ]   0 %  0 B of 2.00 MB  0 B/s  a',
        '[=====               ]  25 %  500 kB of 2.00 MB  1.00 MB/s  a',
        '[====================] 100 %  2.00 MB of 2.00 MB  2.00 MB/s  a',
        '',
      ],
    ))
  test('adds up what runs at a time, from where each began', () =>
    assert.deepEqual(
      screens(
        [
          [0, 'a', 1000, 4000],
          [1000, 'b', 0, 4000],
          [2000, 'a', 3000, 4000],
        ],
        200,
      ).at(-1),
      '[========            ]  37 %  3.00 kB of 8.00 kB  1.00 kB/s  2 files',
    ))
  test('does without a size', () => assert.deepEqual(screens([[0, 'a', 5, undefined]]), ['5 B  0 B/s  a']))
  test('stands on one line of any terminal', () => {
    const [line = ''] = screens([[0, 'x'.repeat(500), 5, 10]], 40)
    assert.equal(line.length, 39)
    assert.equal(screens([[0, 'x'.repeat(500), 5, 10]])[0]?.length, 79)
  })
  test('counts in units of a thousand', () =>
    assert.deepEqual([0, 999, 1000, 123_456, 5e9, 7e13].map(inUnits), [
      '0 B',
      '999 B',
      '1.00 kB',
      '123 kB',
      '5.00 GB',
      '70.0 TB',
    ]))
})
