/** Every estimator of test/fixtures/sklearn, every release: what scikit-learn answered; boosters have boosting.test. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { publicName } from '../../src/convert/sklearn/estimator.ts'
import { CONVERTERS } from '../../src/convert/sklearn/table.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { isObject, kindOf, type Value } from '../../src/formats/values.ts'
import { ROOT } from '../support/paths.ts'
import { boostingFiles } from './boosting-cases.ts'
import { assertEqual, type Input, matrix, type Recorded, readEstimator, run } from './estimators.ts'

const FIXTURES = join(ROOT, 'test/fixtures/sklearn')

interface Case {
  readonly input: {
    readonly matrix?: Recorded
    readonly texts?: readonly string[]
    readonly names?: readonly string[]
    readonly rows?: readonly (readonly unknown[])[]
  }
  readonly outputs: Readonly<Record<string, unknown>>
}

function inputOf({ matrix: numbers, texts, names, rows }: Case['input']): Input {
  if (numbers) return matrix(numbers)
  if (texts) return { form: 'texts', rows: texts.length, width: 1, cells: texts }
  assert.ok(rows?.[0])
  return { form: 'table', rows: rows.length, width: rows[0].length, ...(names && { names }), cells: rows.flat() }
}

const seen = new Set<string>()

for (const release of readdirSync(FIXTURES).sort()) {
  const families = readdirSync(join(FIXTURES, release)).filter((file) => file.endsWith('.json'))
  for (const file of families.sort()) {
    const family = file.slice(0, -'.json'.length)
    const cases = JSON.parse(readFileSync(join(FIXTURES, release, file), 'utf8')) as Record<string, Case>
    describe(`scikit-learn ${release}: ${family}`, () => {
      for (const [name, { input, outputs }] of Object.entries(cases)) {
        const path = join(FIXTURES, release, family, `${name}.joblib`)
        collectTypes(readJoblib(readFileSync(path)).value)
        test(name, async () => {
          const answers = await run(readEstimator(path), inputOf(input), Object.keys(outputs))
          for (const [method, theirs] of Object.entries(outputs))
            assertEqual(answers.get(method) as never, theirs, method)
        })
      }
    })
  }
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
    Object.keys(CONVERTERS).filter((name) => !seen.has(name)),
    [],
  )
})
