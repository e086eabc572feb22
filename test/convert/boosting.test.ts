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

/** What a request of records is refused with. */
// biome-ignore format: one row per request
const REFUSED_ROWS = [
  ['xgboost-3.4/categories.joblib', { names: ['age', 'town', 'level'], cells: [1, 'Atlantis', 10] }, /^row 0 has "Atlantis" in column town, which is none of its 5 categories$/],
  ['xgboost-2.0/categories.joblib', { names: ['age', 'town', 'level'], cells: [1, 'Rome', 10] }, /^row 0 has "Rome" in column town, which takes numbers$/],
  ['xgboost-3.4/named.joblib', { names: ['age', 'heigth'], cells: [1, 2] }, /^the model has no column "heigth"/],
  ['lightgbm-4.7/named.joblib', { names: ['age', 'heigth'], cells: [1, 2] }, /^the model has no column "heigth"/],
  ['catboost-1.2.10/named.joblib', { names: ['age', 'heigth'], cells: [1, 2] }, /^the model has no column "heigth"/],
  ['catboost-1.2.10/one-hot.joblib', { names: ['town', 'age', 'level', 'flag'], cells: ['Rome', 1, 0.5, 'y'] }, /^row 0 has 0.5 in column level, whose categories are texts or whole numbers$/],
  ['catboost-1.2.10/one-hot.joblib', { names: ['town', 'age', 'level', 'flag'], cells: [null, 1, 10, 'y'] }, /^row 0 has null in column town/],
  ['xgboost-3.4/reg-squarederror.joblib', { names: ['a', 'b', 'c', 'd'], cells: [1, 2, 3, 4] }, /fitted without column names/],
] as const

describe('rows that a booster has no columns or categories for are refused', () => {
  for (const [file, { names, cells }, sentence] of REFUSED_ROWS)
    test(`${file} ${cells.join(' ')}`, async () => {
      const model = await openModel(join(BOOSTING, file))
      await assert.rejects(async () => model.table?.run({ names, rows: 1, cells }, ['predict']), { message: sentence })
      await model.close()
    })
})

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
