/** The estimators of test/fixtures/sklearn, as the scripts of test/fixtures/make/sklearn write them. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/paths.ts'
import { type Input, matrix, type Recorded } from './estimators.ts'

const FIXTURES = join(ROOT, 'test/fixtures/sklearn')

export interface Fixture {
  readonly release: string
  readonly family: string
  readonly name: string
  /** The model. */
  readonly path: string
  readonly input: Input
  /** What Python gave, by method. */
  readonly outputs: Readonly<Record<string, unknown>>
}

interface Case {
  readonly input: {
    readonly matrix?: Recorded
    readonly texts?: readonly string[]
    readonly names?: readonly string[]
    readonly rows?: readonly (readonly unknown[])[]
  }
  readonly outputs: Fixture['outputs']
}

/** By release and family, in order. */
export const fixtures = (): Fixture[] =>
  readdirSync(FIXTURES)
    .sort()
    .flatMap((release) => {
      const files = readdirSync(join(FIXTURES, release)).filter((file) => file.endsWith('.json'))
      return files.sort().flatMap((file) => casesOf(release, file.slice(0, -'.json'.length)))
    })

function casesOf(release: string, family: string): Fixture[] {
  const folder = join(FIXTURES, release)
  const cases = JSON.parse(readFileSync(join(folder, `${family}.json`), 'utf8')) as Record<string, Case>
  return Object.entries(cases).map(([name, { input, outputs }]) => {
    const path = join(folder, family, `${name}.joblib`)
    return { release, family, name, path, input: inputOf(input), outputs }
  })
}

function inputOf({ matrix: numbers, texts, names, rows }: Case['input']): Input {
  if (numbers) return matrix(numbers)
  if (texts) return { form: 'texts', rows: texts.length, width: 1, cells: texts }
  assert.ok(rows?.[0])
  return { form: 'table', rows: rows.length, width: rows[0].length, ...(names && { names }), cells: rows.flat() }
}
