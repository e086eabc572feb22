/** Every torch file of ../shared/fixtures is opened as the service opens it, but for those of this table. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openModel } from '../../src/models/open.ts'
import { ROOT } from '../support/paths.ts'

/** What is expected to fail, and what is said of it. */
// biome-ignore format: one row per reason
const EXPECTED_FAILURES: readonly (readonly [files: RegExp, why: string, said: RegExp])[] = [
  [/\/torch\/(cf|cnn|emb|gru|lstm|mlp)\.torch$/, 'a zip pickle of a class of one\'s own has no code, and here no class path', /there is no code for __main__\.\w+.* TORCH_CLASS_PATH/s],
  [/\/torch\/sd\.torch$|state_dict\.pt$/, 'weights without a model', /weights without the model they belong to \(a state_dict\); its keys are/],
  [/\/torch\/tensors\.torch$/, 'tensors without a model', /the file holds a dict without a module; its keys are/],
  [/\/torch\/quant\.torch$/, 'quantized arithmetic is not converted', /not supported: torch\.ao\.nn\.quantized\.dynamic\.modules\.linear\.Linear/],
  [/\/torch\/sk2_\w+\.torch$/, 'torch.save failed halfway, and torch cannot open it either', /torch\.save began and did not finish/],
]

const SHARED = join(ROOT, '../shared/fixtures')
const files = existsSync(SHARED)
  ? ['torch', 'sk2torch', 'infernet']
      .flatMap((folder) =>
        readdirSync(join(SHARED, folder), { recursive: true }).map((file) => join(folder, String(file))),
      )
      .filter((file) => /\.(torch|pt|pt2)$/.test(file))
  : []

test('every torch file but those expected to fail is opened', async () => {
  const reasons = new Set<string>()
  for (const file of files) {
    const path = join(SHARED, file)
    const opened = await openModel(path).then(
      (model) => model.close(),
      (error: Error) => error,
    )
    if (!(opened instanceof Error)) continue
    const row = EXPECTED_FAILURES.find(([pattern, , said]) => pattern.test(path) && said.test(opened.message))
    assert.ok(row, opened.message)
    reasons.add(row[1])
  }
  if (files.length > 0) assert.equal(reasons.size, EXPECTED_FAILURES.length, 'no row is left over')
})
