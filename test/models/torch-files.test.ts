/** Every way that torch saves a model, opened as the service opens it: what a file is, is read off the file. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { judgeFile } from '../../src/models/judge.ts'
import { openModel } from '../../src/models/open.ts'
import { createTensor } from '../../src/tensor/tensor.ts'
import { assertTensor, decode, type Recorded } from '../convert/torch/harness.ts'
import { FIXTURES } from '../support/paths.ts'

const CLASSES = `${FIXTURES}make/`

interface Case {
  readonly files: readonly string[]
  readonly rows: readonly {
    readonly inputs: readonly Recorded[]
    readonly outputs: Readonly<Record<string, readonly Recorded[]>>
  }[]
}

for (const release of ['script/1.8.1', 'script/2.15.0', 'people/1.8.1', 'people/2.15.0']) {
  const folder = FIXTURES + release
  const { cases } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: Record<string, Case> }
  describe(`files in ${release}`, () => {
    for (const [name, { files, rows }] of Object.entries(cases))
      for (const suffix of files)
        test(name + suffix, async () => {
          const path = join(folder, name + suffix)
          const model = await openModel(path, { classPath: [CLASSES] })
          for (const { inputs, outputs } of rows) {
            const tensors = inputs.map((input) => ({ ...decode(input), name: '' }))
            const made = await model.run(tensors)
            const wanted = outputs.forward as readonly Recorded[]
            assert.equal(made.length, wanted.length)
            made.forEach((output, i) => {
              assertTensor(output, decode(wanted[i] as Recorded), `output ${i}`)
            })
          }
          await model.close()
          if (suffix !== '.torch') assert.deepEqual(judgeFile(path), { supported: true })
        })
  })
}

test('what a model raises for an input refuses it, from the cache too', async () => {
  const cacheFolder = mkdtempSync(join(tmpdir(), 'raises-'))
  for (const release of ['1.8.1', '2.15.0', '2.15.0']) {
    const model = await openModel(`${FIXTURES}flow/${release}/raises.script.pt`, { cacheFolder })
    const input = (value: number) => [{ ...createTensor('float32', [1, 4], Float32Array.of(1, 2, 3, value)), name: '' }]
    const raised = (message: RegExp) => ({ code: 'bad_request', message })
    await assert.rejects(model.run(input(Number.NaN)), raised(/nan in the input/))
    await assert.rejects(model.run(input(9)), raised(/too large/))
    await assert.rejects(model.run(input(-5.5)), raised(/too small/))
    assert.deepEqual(
      (await model.run(input(4))).map(({ name, dims }) => [name, dims]),
      [['output', [1, 2]]],
    )
    const nothing = { ...createTensor('float32', [0, 4], new Float32Array()), name: '' }
    await assert.rejects(model.run([nothing]), { code: 'bad_request' })
    await model.close()
  }
  rmSync(cacheFolder, { recursive: true })
})

test('a class whose Python is nowhere is refused with what to do', async () => {
  await assert.rejects(openModel(`${FIXTURES}script/2.15.0/child.torch`), {
    code: 'bad_model',
    message: /child\.torch: there is no code for .*TORCH_CLASS_PATH/,
  })
})
