/** Mutants of the fixtures are read or refused, never anything else; `npm run fuzz` is the longer run. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { FRONT_ENDS } from '../convert/script/front-ends.ts'
import { FINDS, fuzz, MAX_MS, readMutant } from './fuzz.ts'
import { FUZZ_FORMATS } from './fuzz-formats.ts'

const COUNT = 5_000
const SEED = 1

describe('mutants are read or refused', () => {
  for (const format of FUZZ_FORMATS) {
    test(format.name, (context) => {
      assert.ok(format.seeds.length > 0)
      const { slowestMs, finds, ...counts } = fuzz(format, COUNT, SEED)
      context.diagnostic(`${JSON.stringify(counts)}, at most ${slowestMs.toFixed(0)} ms`)
      assert.deepEqual(
        finds.map(({ fault }) => fault),
        [],
      )
    })
  }
})

/** What longer runs found, `<format>-<digest>.bin`; each was a crash or slow once. */
describe('finds stay mended', () => {
  for (const file of existsSync(FINDS) ? readdirSync(FINDS) : []) {
    test(file, () => {
      const format = [...FUZZ_FORMATS, ...FRONT_ENDS].find(({ name }) => file.startsWith(`${name}-`))
      assert.ok(format, 'no format is called so')
      const { fault, ms } = readMutant(format.read, readFileSync(FINDS + file))
      assert.equal(fault, undefined)
      assert.ok(ms < MAX_MS)
    })
  }
})
