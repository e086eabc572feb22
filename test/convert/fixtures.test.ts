/** Every estimator of test/fixtures/sklearn, every release: what scikit-learn answered; boosters have boosting.test. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { publicName } from '../../src/convert/sklearn/estimator.ts'
import { CONVERTERS } from '../../src/convert/sklearn/table.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { isObject, kindOf, type Value } from '../../src/formats/values.ts'
import { boostingFiles } from './boosting-cases.ts'
import { assertEqual, readEstimator, run } from './estimators.ts'
import { fixtures } from './fixture-files.ts'

const seen = new Set<string>()

for (const { release, family, name, path, input, outputs } of fixtures()) {
  collectTypes(readJoblib(readFileSync(path)).value)
  test(`scikit-learn ${release}: ${family} ${name}`, async () => {
    const answers = await run(readEstimator(path), input, Object.keys(outputs))
    for (const [method, theirs] of Object.entries(outputs)) assertEqual(answers.get(method) as never, theirs, method)
  })
}

/** The estimators in a file, however deep. */
function collectTypes(root: Value): void {
  const visited = new Set<unknown>()
  const pending: unknown[] = [root]
  for (let value = pending.pop(); pending.length > 0 || value !== undefined; value = pending.pop()) {
    if (typeof value !== 'object' || value === null || visited.has(value) || ArrayBuffer.isView(value)) continue
    visited.add(value)
    if (isObject(value as Value)) seen.add(publicName((value as { type: string }).type))
    if (value instanceof Map) pending.push(...value.values())
    else if (Array.isArray(value)) pending.push(...value)
    else if (kindOf(value as Value) !== undefined) pending.push(...Object.values(value))
  }
}

for (const { path } of boostingFiles()) if (path.endsWith('.joblib')) collectTypes(readJoblib(readFileSync(path)).value)

test('every row of the table has a fixture', () => {
  assert.deepEqual(
    Object.keys(CONVERTERS).filter((name) => name.startsWith('sklearn.') && !seen.has(name)),
    [],
  )
})
