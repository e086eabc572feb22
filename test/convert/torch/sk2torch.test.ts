/** Every class of sk2torch gives what sk2torch gave, method by method. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { SK2TORCH } from '../../../src/convert/torch/sk2torch/table.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import type { Value } from '../../../src/formats/values.ts'
import { FIXTURES } from '../../support/paths.ts'
import { assertTensor, decode, type Recorded, run } from './harness.ts'

interface Case {
  readonly name: string
  readonly method: string
  readonly inputs: readonly Recorded[]
  readonly outputs: readonly Recorded[]
}

const cases: readonly Case[] = JSON.parse(readFileSync(`${FIXTURES}torch/sk2torch.json`, 'utf8')).cases
const modules = readTorch(readFileSync(`${FIXTURES}torch/sk2torch.pt`)).value as Map<Value, Value>
const classOf = (name: string): string => `sk2torch.${name.split('/')[0]}`

/** What torch cannot save (it exists as TorchScript only), and what stands in others. */
const WITHOUT_FILES = [
  'sk2torch.Kernel',
  'sk2torch.TorchPipeline',
  'sk2torch.TorchStackingClassifier',
  'sk2torch._WrappedMLP',
]

describe('sk2torch', () => {
  for (const type of new Set(cases.map(({ name }) => classOf(name)))) {
    test(type, async () => {
      for (const { name, method, inputs, outputs } of cases.filter((each) => classOf(each.name) === type)) {
        const made = await run(modules.get(name) as Value, inputs.map(decode), { method })
        assert.equal(made.outputs.length, outputs.length, `${name} ${method}`)
        made.outputs.forEach((tensor, i) => {
          assertTensor(tensor, decode(outputs[i] as Recorded), `${name} ${method}`)
        })
      }
    })
  }

  test('every row of the table has a fixture', () => {
    const covered = new Set(cases.map(({ name }) => classOf(name)))
    assert.deepEqual(
      Object.keys(SK2TORCH)
        .filter((type) => !covered.has(type))
        .sort(),
      WITHOUT_FILES,
    )
  })

  test('a method that a class has not', async () => {
    const [first] = cases as readonly [Case]
    const asked = run(modules.get(first.name) as Value, first.inputs.map(decode), { method: 'predict_proba' })
    await assert.rejects(asked, {
      code: 'bad_request',
      message: /TorchLinearRegression has no method predict_proba \(it has forward, predict\)/,
    })
  })

  test('float32 where the weights are float64', async () => {
    const [first] = cases as readonly [Case]
    const x = { dtype: 'float32' as const, dims: [1, 4], data: new Float32Array(4) }
    await assert.rejects(run(modules.get(first.name) as Value, [x]), {
      code: 'bad_request',
      message: /wants float64, and is given float32/,
    })
  })
})
