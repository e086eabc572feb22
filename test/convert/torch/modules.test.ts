/** Every module of every release under test/fixtures/torch gives what torch gave. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { MODULES } from '../../../src/convert/torch/table.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import type { Value } from '../../../src/formats/values.ts'
import { FIXTURES } from '../../support/paths.ts'
import { assertTensor, decode, type Recorded, run } from './harness.ts'

const FOLDER = `${FIXTURES}torch/`
const releases = readdirSync(FOLDER)
  .filter((name) => /^\d/.test(name))
  .sort()

interface Case {
  readonly name: string
  readonly inputs: readonly Recorded[]
  readonly outputs: readonly Recorded[]
}

const casesOf = (release: string): readonly Case[] =>
  JSON.parse(readFileSync(`${FOLDER}${release}/modules.json`, 'utf8')).cases

const modulesIn = (path: string): Map<Value, Value> => readTorch(readFileSync(path)).value as Map<Value, Value>

async function check({ name, inputs, outputs }: Case, module: Value): Promise<void> {
  const made = await run(module, inputs.map(decode))
  assert.equal(made.outputs.length, outputs.length, name)
  made.outputs.forEach((tensor, i) => {
    assertTensor(tensor, decode(outputs[i] as Recorded), `${name}[${i}]`)
  })
}

describe('modules', () => {
  for (const release of releases) {
    for (const file of ['modules.pt', 'modules.legacy.pt']) {
      const path = `${FOLDER}${release}/${file}`
      if (!existsSync(path)) continue
      test(`${file} of torch ${release}`, async () => {
        const modules = modulesIn(path)
        const cases = casesOf(release).filter(({ name }) => modules.has(name))
        assert.ok(cases.length > 50)
        for (const each of cases) await check(each, modules.get(each.name) as Value)
      })
    }
  }

  test('every row of the table has three fixtures or more', () => {
    const counts = new Map<string, number>()
    for (const { name } of casesOf('2.15.0')) {
      const kind = name.split('/')[0] as string
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
    const rows = Object.keys(MODULES).map((name) => name.slice(name.lastIndexOf('.') + 1))
    const few = rows.filter((name) => (counts.get(name) ?? 0) < 3 && !WITHIN.has(name))
    assert.deepEqual(few, [])
  })
})

/** What stands in others, or is another name of the same. */
const WITHIN = new Set([
  'DataParallel',
  'DistributedDataParallel',
  'NonDynamicallyQuantizableLinear',
  '_LinearWithBias',
])
