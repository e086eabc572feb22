/** Every file of ../shared/fixtures/xgboost, in every container: XGBoost's own margins, probabilities and labels. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openModel } from '../../src/models/open.ts'
import { createTensor, type Tensor } from '../../src/tensor/tensor.ts'
import { ROOT } from '../support/paths.ts'
import { assertEqual, type Recorded, type Tolerance } from './estimators.ts'

const SHARED = join(ROOT, '../shared/fixtures/xgboost')
const FLOAT32: Tolerance = { rtol: 1e-6, atol: 1e-6 }

/** What a container answers: an estimator its own methods, a booster those of `Booster.predict`. */
const CONTAINERS = {
  pkl: { predict: 'predict', predict_proba: 'predict_proba', decision_function: 'margin' },
  joblib: { predict: 'predict', predict_proba: 'predict_proba', decision_function: 'margin' },
  'booster.pkl': { predict: 'booster', decision_function: 'margin' },
  json: { predict: 'booster', decision_function: 'margin' },
  ubj: { predict: 'booster', decision_function: 'margin' },
  bin: { predict: 'booster', decision_function: 'margin' },
} as const

for (const release of existsSync(SHARED) ? readdirSync(SHARED) : []) {
  const expected = JSON.parse(readFileSync(join(SHARED, release, 'expected.json'), 'utf8')) as Record<
    string,
    Record<string, Recorded>
  >
  describe(`XGBoost ${release}`, () => {
    for (const [name, recorded] of Object.entries(expected)) {
      for (const [suffix, methods] of Object.entries(CONTAINERS)) {
        test(`${name}.${suffix}`, async () => {
          const model = await openModel(join(SHARED, release, `${name}.${suffix}`))
          const { shape, data } = recorded.X as Recorded
          const cells = Float64Array.from(data, (cell) => (cell === null ? Number.NaN : Number(cell)))
          const asked = Object.entries(methods).filter(([, key]) => recorded[key])
          assert.ok(asked.length > 0)
          const answers = await model.table?.run(
            createTensor('float64', shape, cells),
            asked.map(([method]) => method),
          )
          asked.forEach(([method, key], i) => {
            assertEqual(answers?.[i]?.outputs[0] as Tensor, recorded[key], `${name} ${method}`, FLOAT32)
          })
          await model.close()
        })
      }
    }
  })
}
