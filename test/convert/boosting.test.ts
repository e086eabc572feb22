/** Every booster of test/fixtures/boosting, every file, every method: what its own library answered. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openModel } from '../../src/models/open.ts'
import { BOOSTING, type BoostingCase, boostingCases, boostingInput } from './boosting-cases.ts'
import { assertEqual, FLOAT64, type Tolerance } from './estimators.ts'

/** XGBoost computes in float32; what cancels is told beside its largest value. */
const FLOAT32: Tolerance = { rtol: 1e-6, atol: 1e-6 }

for (const release of readdirSync(BOOSTING).filter((name) => name.endsWith('.json'))) {
  const name = release.slice(0, -'.json'.length)
  const tolerance = name.startsWith('xgboost') ? FLOAT32 : FLOAT64
  describe(name, () => {
    for (const [, { input, files }] of boostingCases(name)) {
      for (const [file, recorded] of Object.entries(files)) {
        test(file, () => checkFile(join(BOOSTING, name, file), input, recorded, tolerance))
      }
    }
  })
}

async function checkFile(
  path: string,
  input: BoostingCase['input'],
  recorded: BoostingCase['files'][string],
  tolerance: Tolerance,
): Promise<void> {
  const model = await openModel(path)
  const rows = boostingInput(input)
  for (const [method, theirs] of Object.entries(recorded)) {
    if (!model.methods.includes(method)) assert.fail(`there is no ${method}, only ${model.methods.join(', ')}`)
    const [answer] = (await model.table?.run(rows, [method])) ?? []
    assertEqual(answer?.outputs[0] as never, theirs, method, tolerance)
  }
  await model.close()
}
