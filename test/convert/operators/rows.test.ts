/** Every operator through every front end, as several releases of torch save it: torch's numbers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OPERATOR_NAMES } from '../../../src/convert/aten/table.ts'
import { calledIn } from './coverage.ts'
import { type FrontEnd, failures, opened, readRelease, releases } from './rows.ts'

for (const name of releases) {
  const release = readRelease(name)
  describe(`operators as torch ${name} saves them`, () => {
    for (const [frontEnd, groups] of Object.entries(release.files) as [FrontEnd, typeof release.files.own][]) {
      test(frontEnd, async () => {
        const found: string[] = []
        for (const group of groups ?? [])
          found.push(...(await failures(release, frontEnd, opened(name, frontEnd, group.file), group)))
        assert.deepEqual(found, [])
      })
    }
  })
}

/** Functions that torch has in Python: TorchScript and exports have what those call. */
const PYTHON =
  'affine_grid interpolate local_response_norm logsigmoid lp_pool1d lp_pool2d lp_pool3d normalize softmin softsign tanhshrink'
/** Methods and functions that are saved as others: `double` as `to`, `concat` as `cat`. */
const RENAMED = 'double float half int long'

const ABSENT: Readonly<Record<string, string>> = {
  script: `${PYTHON} ${RENAMED} concat inverse special_log_softmax special_softmax swapaxes_ swapdims_`,
  own: '',
  // Numbers and what gives a number are known when a program is exported; norm is Python's.
  'pt2 core': `${PYTHON} grid_sample ${RENAMED} allclose equal norm numel tensor`,
}

describe('what the fixtures call', () => {
  const release = readRelease('2.15.0')
  for (const [frontEnds, absent] of Object.entries(ABSENT))
    test(`every row of the table in ${frontEnds}`, () => {
      const called = calledIn(release, frontEnds.split(' ') as FrontEnd[])
      const missing = OPERATOR_NAMES.filter((name) => !called.has(name))
      assert.deepEqual(missing.sort(), absent.split(' ').filter(Boolean).sort())
    })
})
