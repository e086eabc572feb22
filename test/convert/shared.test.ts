/** Every estimator of ../shared/fixtures/sklearn, every recorded method, every release: Python's numbers. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ROOT } from '../support/paths.ts'
import { assertEqual, matrix, type Recorded, readEstimator, run } from './estimators.ts'

const SHARED = join(ROOT, '../shared/fixtures/sklearn')
const CANCELS = 'sums of a few units of terms of 3e9: Python itself gives other digits elsewhere'
const EXPECTED_FAILURES: Readonly<Record<string, string>> = {
  '0.23.2 gpr predict': CANCELS,
  '1.2.1 gpr predict': CANCELS,
  '1.4.2 gpr predict': CANCELS,
}

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
        test(`${name} ${method}`, { todo: EXPECTED_FAILURES[`${release} ${name} ${method}`] }, async () => {
          const model = readEstimator(join(SHARED, release, `${name}.pkl`))
          assertEqual((await run(model, matrix(X), [method])).get(method) as never, recorded, method)
        })
      }
    }
  })
}
