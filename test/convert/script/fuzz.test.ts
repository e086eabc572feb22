/** Mutants of models' code, of archives and of exports are converted or refused, never anything else. `FUZZ_CASES` makes it longer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fuzz } from '../../formats/fuzz.ts'
import { FRONT_ENDS } from './front-ends.ts'

const COUNT = Number(process.env.FUZZ_CASES ?? 300)
const SEED = Number(process.env.FUZZ_SEED ?? 1)

describe('mutants are converted or refused', () => {
  for (const format of FRONT_ENDS)
    test(format.name, (context) => {
      const { slowestMs, finds, ...counts } = fuzz(format, COUNT, SEED)
      context.diagnostic(`${JSON.stringify(counts)}, at most ${slowestMs.toFixed(0)} ms`)
      assert.deepEqual(
        finds.map(({ fault }) => fault),
        [],
      )
    })
})
