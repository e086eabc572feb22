/** Pickles of people's own classes, with the Python of the class path, of the file itself, or of the table of known ones. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { describeScript } from '../../../src/convert/script/convert.ts'
import { classProgramOf, needsCode, type Program } from '../../../src/convert/script/program.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import type { TorchSave } from '../../../src/formats/torch-save.ts'
import { createTensor } from '../../../src/tensor/tensor.ts'
import { ROOT } from '../../support/paths.ts'
import { assertTensor, fromList, type Listed } from '../torch/harness.ts'
import { run } from './harness.ts'

const SHARED = join(ROOT, '../shared/fixtures')
const TORCH = join(SHARED, 'torch')

const savedIn = (path: string): TorchSave => {
  const file = readTorch(readFileSync(path))
  return file.format === 'torch' ? file : assert.fail(`${path} is ${file.format}`)
}

const onClassPath = (module: string): string | undefined => {
  const path = join(TORCH, 'classpath', `${module.replaceAll('.', '/')}.py`)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
const nowhere = (): undefined => undefined

const releases = existsSync(TORCH) ? readdirSync(TORCH).filter((name) => existsSync(join(TORCH, name, 'torch'))) : []

for (const release of releases) {
  const folder = join(TORCH, release, 'torch')
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
    string,
    { x: Listed; y: Listed }
  >
  const check = async (program: Program, name: string): Promise<void> => {
    const { x, y } = expected[name] as { x: Listed; y: Listed }
    const { outputs } = await run(program, [fromList(x)])
    assertTensor(outputs[0] as never, fromList(y), name)
  }
  describe(`classes of torch ${release}`, () => {
    for (const file of readdirSync(folder)) {
      const name = file.split('.')[0] as string
      if (!file.endsWith('.torch') || !expected[name]) continue
      test(`${file} with its class on the class path`, () =>
        check(classProgramOf(savedIn(join(folder, file)), onClassPath), name))
      const isLegacy = file.endsWith('.legacy.torch')
      if (isLegacy)
        test(`${file} with the text that it carries`, () =>
          check(classProgramOf(savedIn(join(folder, file)), nowhere), name))
      else if (needsCode(savedIn(join(folder, file)).value) && name !== 'iris_rt')
        test(`${file} without its class says what to do`, () => {
          const program = classProgramOf(savedIn(join(folder, file)), nowhere)
          const wanted =
            /there is no code for __main__\.\w+; .*: put __main__\.py, .* beside the model or into .*TORCH_CLASS_PATH/
          assert.throws(() => describeScript(program), { code: 'bad_model', message: wanted })
        })
    }
  })
}

/** `ok_float` of oracle_v010_torch.json: what Ritual's service answered. */
const ASKED = [1.0380048, 0.5586108, 1.1037828, 1.712096]
const ANSWERED = [0.0016699483385309577, 0.021144982427358627, 0.977185070514679]

const IRIS = join(SHARED, 'infernet/iris.torch')
test("Ritual's iris.torch works out of the box", { skip: !existsSync(IRIS) }, async () => {
  const program = classProgramOf(savedIn(IRIS), nowhere)
  assert.deepEqual(describeScript(program).methods, ['forward'])
  const { outputs, symbolic } = await run(program, [createTensor('float32', [1, 4], Float32Array.from(ASKED))])
  assert.equal(symbolic, true)
  assertTensor(outputs[0] as never, createTensor('float32', [1, 3], Float32Array.from(ANSWERED)), 'iris')
})
