/** Rows of several lengths: what torch raises, and what graphs cannot give, is refused; torch's messages are of 2.15. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openModel } from '../../src/models/open.ts'
import { createTensor, type NamedTensor } from '../../src/tensor/tensor.ts'
import { FIXTURES } from '../support/paths.ts'

const rows = (lengths: readonly bigint[], first: boolean): NamedTensor[] => [
  { ...createTensor('float32', first ? [lengths.length, 6, 3] : [6, lengths.length, 3]), name: '' },
  { ...createTensor('int64', [lengths.length], BigInt64Array.from(lengths)), name: '' },
]

// biome-ignore format: one row per refusal
const REFUSED: readonly (readonly [file: string, lengths: readonly bigint[], first: boolean, message: RegExp])[] = [
  // "Length of all samples has to be greater than 0"
  ['laststep.torch', [6n, 0n], true, /the lengths must be from 1 to 6/],
  ['laststep.script.pt', [6n, 0n], true, /the lengths must be from 1 to 6/],
  // "start (6) + length (1) exceeds dimension size (6)"
  ['laststep.torch', [7n, 2n], true, /the lengths must be from 1 to 6/],
  // "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True"
  ['laststepgru.torch', [3n, 4n], false, /the lengths must be in decreasing order/],
  ['laststepgru.script.pt', [3n, 4n], false, /the lengths must be in decreasing order/],
  // torch gives 5 steps here.
  ['everystep.torch', [5n, 4n], true, /the longest of the lengths must be 6/],
  ['padded.script.pt', [5n, 4n], true, /the longest of the lengths must be 6/],
]

describe('packed rows', () => {
  test('a single row is in order', async () => {
    for (const file of ['laststepgru.torch', 'laststepgru.script.pt']) {
      const model = await openModel(`${FIXTURES}people/2.15.0/${file}`, { classPath: [`${FIXTURES}make/`] })
      assert.deepEqual((await model.run(rows([4n], false)))[0]?.dims, [1, 2])
      await model.close()
    }
  })
  for (const [file, lengths, first, message] of REFUSED)
    test(`${file} of ${lengths}`, async () => {
      const model = await openModel(`${FIXTURES}people/2.15.0/${file}`, { classPath: [`${FIXTURES}make/`] })
      await assert.rejects(model.run(rows(lengths, first)), { code: 'bad_request', message })
      await model.close()
    })
})
