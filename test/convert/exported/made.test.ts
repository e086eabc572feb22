/** What test/fixtures/make/torch_exports.py made: control flow, structures, sizes, what is written. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { convertExported } from '../../../src/convert/exported/convert.ts'
import { readTorchExport } from '../../../src/formats/torch-export.ts'
import { FIXTURES } from '../../support/paths.ts'
import { optionsFor, runConverted } from '../script/harness.ts'
import { assertTensor, decode, type Recorded } from '../torch/harness.ts'

const FOLDER = process.env.EXPORT_FIXTURES ?? `${FIXTURES}exports/`

interface Case {
  readonly files: readonly string[]
  readonly rows: readonly { readonly inputs: readonly Recorded[]; readonly outputs?: readonly Recorded[] }[]
}

async function check(path: string, { rows }: Case): Promise<void> {
  const file = readTorchExport(readFileSync(path))
  for (const [i, { inputs, outputs }] of rows.entries()) {
    const tensors = inputs.map(decode)
    const answer = () => runConverted(convertExported(file, optionsFor(tensors)), tensors)
    if (!outputs) {
      await assert.rejects(answer, { code: 'bad_request' }, `row ${i}`)
      continue
    }
    const made = await answer()
    assert.equal(made.outputs.length, outputs.length, `row ${i}`)
    made.outputs.forEach((output, k) => {
      assertTensor(output, decode(outputs[k] as Recorded), `row ${i} [${k}]`)
    })
  }
}

for (const release of existsSync(FOLDER) ? readdirSync(FOLDER).sort() : []) {
  const { cases } = JSON.parse(readFileSync(join(FOLDER, release, 'cases.json'), 'utf8')) as {
    cases: Record<string, Case>
  }
  describe(`exports made by torch ${release}`, () => {
    for (const [name, each] of Object.entries(cases))
      for (const suffix of each.files) test(name + suffix, () => check(join(FOLDER, release, name + suffix), each))
  })
}
