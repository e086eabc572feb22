/** Every .pt2 file of ../shared/fixtures, of both layouts, ATen and core ATen: torch's numbers for any batch. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { convertExported, describeExported } from '../../../src/convert/exported/convert.ts'
import { readTorchExport } from '../../../src/formats/torch-export.ts'
import { ROOT } from '../../support/paths.ts'
import { optionsFor, runConverted } from '../script/harness.ts'
import { assertTensor, fromList, type Listed } from '../torch/harness.ts'

const TORCH = join(ROOT, '../shared/fixtures/torch')
const releases = existsSync(TORCH) ? readdirSync(TORCH).filter((name) => existsSync(join(TORCH, name, 'pt2'))) : []

for (const release of releases) {
  const expected = JSON.parse(readFileSync(join(TORCH, release, 'torch/expected.json'), 'utf8')) as Record<
    string,
    { x: Listed; y: Listed }
  >
  describe(`exports of torch ${release}`, () => {
    for (const file of readdirSync(join(TORCH, release, 'pt2'))) {
      test(file, async () => {
        const { x, y } = expected[file.split('.')[0] as string] as { x: Listed; y: Listed }
        const program = readTorchExport(readFileSync(join(TORCH, release, 'pt2', file)))
        assert.deepEqual(describeExported(program).methods, ['forward'])
        const { outputs, symbolic } = await runConverted(convertExported(program, optionsFor([fromList(x)])), [
          fromList(x),
        ])
        assert.equal(symbolic, true, 'the batch stays open')
        assertTensor(outputs[0] as never, fromList(y), file)
      })
    }
  })
}
