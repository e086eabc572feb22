/** Every operator of the table gives what torch gave, with known sizes and with an open batch. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { Undecided } from '../../../src/convert/aten/size.ts'
import { OPERATOR_NAMES } from '../../../src/convert/aten/table.ts'
import { FIXTURES } from '../../support/paths.ts'
import { assertTensor, decode, type Recorded } from '../torch/harness.ts'
import { type Program, runProgram } from './programs.ts'

const programs: readonly Program[] = JSON.parse(readFileSync(`${FIXTURES}torch/aten.json`, 'utf8')).cases

/** Programs in which something depends on how large the first dimension is. */
const MAX_UNDECIDED = 60

const nameOf = ({ inputs, steps }: Program): string =>
  `${steps.map(([, op]) => op).join(' ')} of ${Object.values(inputs).map(({ dtype, shape }) => `${dtype}[${shape}]`)}`

async function check(program: Program, open: boolean): Promise<void> {
  const made = await runProgram(program, open)
  const theirs = program.outputs.flat()
  assert.equal(made.length, theirs.length, nameOf(program))
  made.forEach((tensor, i) => {
    assertTensor(tensor, decode(theirs[i] as Recorded), nameOf(program))
  })
}

describe('operators', () => {
  test('with known sizes', async () => {
    for (const program of programs) await check(program, false)
  })

  test('with an open batch', async () => {
    const undecided: string[] = []
    for (const program of programs) {
      if (Object.values(program.inputs)[0]?.shape[0] === 0) continue
      try {
        await check(program, true)
      } catch (error) {
        if (!(error instanceof Undecided)) throw error
        undecided.push(nameOf(program))
      }
    }
    assert.ok(undecided.length < MAX_UNDECIDED, undecided.join('\n'))
  })

  test('every row of the table has a fixture', () => {
    const covered = new Set(programs.flatMap(({ steps }) => steps.flatMap(([, op]) => [op, op.replace(/_$/, '')])))
    assert.deepEqual(
      OPERATOR_NAMES.filter((name) => !covered.has(name)),
      [],
    )
  })
})
