/** Every estimator of ../shared/fixtures/sklearn, every recorded method, every release: Python's numbers. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ROOT } from '../support/paths.ts'
import { assertEqual, matrix, type Recorded, readEstimator, run } from './estimators.ts'

const SHARED = join(ROOT, '../shared/fixtures/sklearn')
/** What differs, and why; a row that no longer differs fails. */
const EXPECTED_FAILURES = [
  {
    of: /^gpr predict$/,
    releases: ['0.23.2', '1.2.1', '1.4.2'],
    why: 'sums of a few units of terms of 3e9: Python itself gives other digits elsewhere',
    how: /Python gave/,
  },
  {
    of: /^dummy /,
    releases: ['0.23.2'],
    why: 'its default was to answer at random until 0.24',
    how: /_strategy="stratified"/,
  },
] as const

const releases = existsSync(SHARED) ? readdirSync(SHARED) : []

for (const release of releases) {
  const expected = JSON.parse(readFileSync(join(SHARED, release, 'expected.json'), 'utf8')) as Record<
    string,
    Record<string, Recorded>
  >
  describe(`scikit-learn ${release}`, () => {
    for (const [name, { X, ...methods }] of Object.entries(expected)) {
      if (!X) continue
      for (const [method, recorded] of Object.entries(methods)) {
        const failure = EXPECTED_FAILURES.find(
          ({ of, releases }) => of.test(`${name} ${method}`) && (releases as readonly string[]).includes(release),
        )
        const check = async (): Promise<void> => {
          const model = readEstimator(join(SHARED, release, `${name}.pkl`))
          assertEqual((await run(model, matrix(X), [method])).get(method) as never, recorded, method)
        }
        test(`${name} ${method}${failure ? `, which differs: ${failure.why}` : ''}`, () =>
          failure ? assert.rejects(check, { message: failure.how }) : check())
      }
    }
  })
}
