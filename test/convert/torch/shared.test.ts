/** Every whole-module file of the shared fixtures: torch's numbers, or the sentence that says what to do. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { readTorch } from '../../../src/formats/torch.ts'
import type { Value } from '../../../src/formats/values.ts'
import { SHARED, withoutShared } from '../../support/paths.ts'
import { assertTensor, fromList, type Listed, run } from './harness.ts'

const FOLDER = `${SHARED}fixtures/torch/`
const SK2TORCH = `${SHARED}fixtures/sk2torch/`
const folders = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => /^\d/.test(name)) : []
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const valueIn = (path: string): Value => readTorch(readFileSync(path)).value
const filesOf = (folder: string): string[] => readdirSync(folder).filter((file) => file.endsWith('.torch'))

/** Classes of a script's own, whose code is not in the file. */
const OWN = /^(cf|cnn|emb|gru|iris_rt|lstm|mlp)\./
/** What torch leaves when it cannot pickle. */
const UNFINISHED = /^sk2_(pipe|pipe2|pipe_reg|stack)\.torch$/
const isUnfinished = (path: string): boolean => readFileSync(path).length < 1000

async function check(path: string, x: Listed, method: string, theirs: Listed | readonly Listed[]): Promise<void> {
  const { outputs } = await run(valueIn(path), [fromList(x)], { method })
  const wanted = Array.isArray(theirs) ? (theirs as readonly Listed[]) : [theirs as Listed]
  assert.equal(outputs.length, wanted.length, `${path} ${method}`)
  wanted.forEach((tensor, i) => {
    assertTensor(outputs[i] as never, fromList(tensor), `${path} ${method}`)
  })
}

describe('shared modules', { skip: withoutShared }, () => {
  for (const folder of folders) {
    const path = `${FOLDER}${folder}/torch/`
    test(`torch.nn of torch ${folder}`, async () => {
      const expected = json(`${path}expected.json`)
      const files = filesOf(path).filter((file) => /^(seq|seq64|seqcnn|tfm)\./.test(file))
      assert.ok(files.length >= 6)
      for (const file of files) {
        const { x, y } = expected[file.split('.')[0] as string]
        await check(path + file, x, 'forward', y)
      }
    })

    test(`sk2torch of torch ${folder}`, async () => {
      const expected = json(`${path}expected_sk2.json`)
      const files = filesOf(path).filter((file) => file.startsWith('sk2_'))
      for (const file of files) {
        if (UNFINISHED.test(file) && isUnfinished(path + file)) continue
        const { x, ...methods } = expected[file.slice('sk2_'.length).split('.')[0] as string]
        for (const [method, theirs] of Object.entries(methods)) await check(path + file, x, method, theirs as Listed)
      }
    })

    test(`classes of one's own of torch ${folder}`, async () => {
      for (const file of filesOf(path).filter((name) => OWN.test(name))) {
        const { x } = json(`${path}expected.json`)[file.split('.')[0] as string]
        await assert.rejects(
          run(valueIn(path + file), [fromList(x)]),
          /^InferError: the file has no code for .*torch\.jit\.script/,
        )
      }
    })

    test(`state dicts and checkpoints of torch ${folder}`, async () => {
      const x = fromList({ dtype: 'float32', shape: [2, 4], data: [1, 2, 3, 4, 5, 6, 7, 8] })
      await assert.rejects(
        run(valueIn(`${path}sd.torch`), [x]),
        /a state_dict\); its keys are fc1\.weight, .*torch\.save/,
      )
      await assert.rejects(
        run(valueIn(`${path}tensors.torch`), [x]),
        /a dict without a module; its keys are t, v, e, s, sp, c/,
      )
      assert.equal((await run(valueIn(`${path}ckpt.torch`), [x])).outputs.length, 1)
    })

    test(`halves of torch ${folder} want halves`, async () => {
      const [half, float] = ['float16', 'float32'].map((dtype) => fromList({ dtype, shape: [1, 2], data: [1, 2] })) as [
        never,
        never,
      ]
      assert.equal((await run(valueIn(`${path}half.torch`), [half])).outputs[0]?.dtype, 'float16')
      await assert.rejects(
        run(valueIn(`${path}half.torch`), [float]),
        /Linear \(0\) wants float16, and is given float32/,
      )
    })
  }

  test('sk2torch files as Ritual’s users publish them', async () => {
    const report = json(`${SK2TORCH}report.json`)
    for (const file of filesOf(SK2TORCH)) {
      const { input, forward, out_dtype, out_shape } = report[file.split('.')[0] as string]
      const dtype = file.startsWith('sequential') ? 'float32' : 'float64'
      const x = { dtype, shape: [input.length, input[0].length], data: input.flat() }
      const made = await run(valueIn(SK2TORCH + file), [fromList(x)])
      const theirs = {
        dtype: (out_dtype ?? `torch.${dtype}`).slice('torch.'.length),
        shape: out_shape ?? made.outputs[0]?.dims,
        data: forward.flat(9),
      }
      assertTensor(made.outputs[0] as never, fromList(theirs), file)
    }
  })
})
