/** Tree models that leave as ONNX alone answer as they do here. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { modelOf, planOf } from '../../src/convert/plan.ts'
import { convertEstimator } from '../../src/convert/sklearn/convert.ts'
import { openPlan } from '../../src/models/run-plan.ts'
import type { Expr } from '../../src/onnx/expr.ts'
import { createTensor } from '../../src/tensor/tensor.ts'
import { ROOT } from '../support/paths.ts'
import { assertEqual, type Recorded, readEstimator } from './estimators.ts'

const FOLDER = join(ROOT, 'test/fixtures/sklearn/1.7')

interface Case {
  readonly input: { readonly matrix: Recorded }
  readonly outputs: Readonly<Record<string, Recorded>>
}

const METHODS = ['predict', 'predict_proba', 'decision_function'] as const

async function check(family: string, name: string): Promise<void> {
  const cases = JSON.parse(readFileSync(join(FOLDER, `${family}.json`), 'utf8')) as Record<string, Case>
  const { input, outputs } = cases[name] as Case
  const [rows = 0, width = 0] = input.matrix.shape
  const model = readEstimator(join(FOLDER, family, `${name}.joblib`))
  const { graph, made } = convertEstimator(model, { form: 'matrix', width, target: 'export' })
  const methods = METHODS.filter((method) => method in outputs)
  const wanted = methods.map((method) => ({ name: method, value: made[method] as Expr }))
  assert.ok(modelOf(graph, wanted).length > 0)
  const open = await openPlan(planOf(graph, wanted))
  const cells = Float64Array.from(input.matrix.data, (cell) => (cell === null ? Number.NaN : Number(cell)))
  const answers = await open.run([createTensor('float64', [rows, width], cells)])
  await open.close()
  methods.forEach((method, i) => {
    assertEqual(answers[i] as never, outputs[method], `${name} ${method}`)
  })
}

for (const [family, name] of [
  ['trees', 'tree_names'],
  ['trees', 'tree_one_leaf'],
  ['trees', 'forest_missing'],
  ['trees', 'forest_regressor_two_outputs'],
  ['trees', 'isolation_subset'],
  ['trees', 'boosting_three'],
  ['trees', 'boosting_init_exponential'],
  ['trees', 'ada_three'],
  ['hist_boosting', 'two_missing'],
  ['hist_boosting', 'poisson'],
] as const)
  test(`${family} ${name}`, () => check(family, name))
