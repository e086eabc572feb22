/** Every booster of test/fixtures/boosting, every file, every method: what its own library answered. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Model } from '../../src/models/model.ts'
import { openModel } from '../../src/models/open.ts'
import type { Table } from '../../src/tensor/host-value.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
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

for (const [file, sentence] of [
  ['refused-text.cbm', /^.*: CatBoost: it has features of texts, which are not supported$/],
  ['refused-text.joblib', /^.*: CatBoost: it has features of texts, which are not supported$/],
  ['refused-embedding.cbm', /^.*: CatBoost: it has features of embeddings, which are not supported$/],
] as const) {
  test(`${file} is refused in a sentence`, () =>
    assert.rejects(openModel(join(BOOSTING, 'catboost-1.2.10', file)), sentence))
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
  if (model.methods.includes('pred_contribs')) await checkSum(model, rows, tolerance)
  await model.close()
}

/** Contributions add up to the score, also where the library's do not. */
async function checkSum(model: Model, rows: Tensor | Table, { rtol }: Tolerance): Promise<void> {
  const [contribs, scores] = (await model.table?.run(rows, ['pred_contribs', 'decision_function'])) ?? []
  const [{ dims, data }, score] = [contribs?.outputs[0] as Tensor, scores?.outputs[0] as Tensor]
  const step = dims.at(-1) as number
  // Of several outputs CatBoost has contributions of the first alone, and of unseen classes none.
  if (data.length / step !== score.data.length) return
  for (let i = 0; i * step < data.length; i++) {
    const parts = Array.from(data.slice(i * step, (i + 1) * step) as Float64Array)
    const scale = parts.reduce((sum, part) => sum + Math.abs(part), 0)
    const off = Math.abs(parts.reduce((sum, part) => sum + part, 0) - Number(score.data[i]))
    assert.ok(off <= 1e-12 + 4 * rtol * scale, `the contributions ${i} are ${off} off the score`)
  }
}
