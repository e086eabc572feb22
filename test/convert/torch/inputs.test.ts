/** Modules that take several tensors, by parameter name in any order, and what is said of others. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { readTorch } from '../../../src/formats/torch.ts'
import type { Value } from '../../../src/formats/values.ts'
import { createTensor, type Tensor } from '../../../src/tensor/tensor.ts'
import { FIXTURES } from '../../support/paths.ts'
import { assertTensor, decode, type Recorded, run } from './harness.ts'

interface Case {
  readonly name: string
  readonly type: string
  readonly inputs: Readonly<Record<string, Recorded>>
  readonly outputs: readonly Recorded[]
}

const open = (release: string) => {
  const folder = `${FIXTURES}torch/${release}/`
  const { cases } = JSON.parse(readFileSync(`${folder}inputs.json`, 'utf8')) as { cases: readonly Case[] }
  return { cases, modules: readTorch(readFileSync(`${folder}inputs.pt`)).value as Map<Value, Value> }
}

for (const release of ['1.8.1', '2.15.0'])
  describe(`several inputs of torch ${release}`, () => {
    const { cases, modules } = open(release)
    for (const { name, type, inputs, outputs } of cases)
      test(`${name}: ${type}(${Object.keys(inputs).join(', ')})`, async () => {
        const given = Object.entries(inputs).reverse()
        const names = given.map(([parameter]) => parameter)
        const tensors = given.map(([, input]) => decode(input))
        const made = await run(modules.get(name) as Value, tensors, { names })
        assert.equal(made.outputs.length, outputs.length)
        made.outputs.forEach((tensor, i) => {
          assertTensor(tensor, decode(outputs[i] as Recorded), `output ${i}`)
        })
      })
  })

describe('inputs that have no place', () => {
  const { cases, modules } = open('2.15.0')
  const row = createTensor('float32', [3, 4, 5])
  const moduleOf = (type: string): Value => modules.get(cases.find((each) => each.type === type)?.name ?? '') as Value
  const refuses = (type: string, inputs: readonly Tensor[], names: readonly string[] | undefined, message: string) =>
    test(message, () => assert.rejects(run(moduleOf(type), inputs, { names }), { code: 'bad_request', message }))

  refuses('GRU', [row, row], ['input', 'h0'], 'forward takes input, hx (optional), and is given "input", "h0"')
  refuses('GRU', [row, row, row], undefined, 'forward takes input, hx (optional), and is given 3 inputs')
  refuses('Bilinear', [row], undefined, 'forward takes input1, input2, and is given 1 input')
})
