/** What test/fixtures/make/torch_script.py made, in each way that a release saves it: torch's numbers. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { convertExported } from '../../../src/convert/exported/convert.ts'
import { convertScript } from '../../../src/convert/script/convert.ts'
import { classProgramOf, programOf } from '../../../src/convert/script/program.ts'
import type { ConvertOptions, TorchConversion } from '../../../src/convert/torch/convert.ts'
import type { InferError } from '../../../src/errors.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import { readTorchExport } from '../../../src/formats/torch-export.ts'
import { FIXTURES } from '../../support/paths.ts'
import { assertTensor, decode, type Recorded } from '../torch/harness.ts'
import { optionsFor, runConverted } from './harness.ts'

const FOLDERS = process.env.SCRIPT_FIXTURES?.split(',') ?? [
  `${FIXTURES}script/`,
  `${FIXTURES}flow/`,
  `${FIXTURES}features/`,
]
const CLASSES = `${FIXTURES}make/`

interface Row {
  readonly inputs: readonly Recorded[]
  readonly outputs: Readonly<Record<string, readonly Recorded[]>>
  readonly keys: Readonly<Record<string, readonly string[] | null>>
  /** By method: what torch raises instead. */
  readonly raises?: Readonly<Record<string, string>>
}
interface Case {
  readonly files: readonly string[]
  readonly rows: readonly Row[]
}

const onClassPath = (module: string): string | undefined => {
  const path = join(CLASSES, `${module.replaceAll('.', '/')}.py`)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

type Convert = (options: ConvertOptions) => TorchConversion

function opened(path: string): Convert {
  const bytes = readFileSync(path)
  if (path.endsWith('.pt2')) {
    const file = readTorchExport(bytes)
    return (options) => convertExported(file, options)
  }
  const file = readTorch(bytes)
  const program = file.format === 'torch' ? classProgramOf(file, onClassPath) : programOf(file)
  return (options) => convertScript(program, options)
}

async function check(path: string, suffix: string, { rows }: Case): Promise<void> {
  const convert = opened(path)
  const byMethod = suffix === '.script.pt' || suffix === '.torch'
  for (const [i, { inputs, outputs, keys, raises = {} }] of rows.entries()) {
    for (const [method, message] of Object.entries(raises)) {
      const tensors = inputs.map(decode)
      const answer = async (): Promise<unknown> => runConverted(convert({ ...optionsFor(tensors), method }), tensors)
      await assert.rejects(answer, (error: InferError) => {
        assert.equal(error.code, 'bad_request', `row ${i}: ${error.message}`)
        assert.ok(error.message.includes(message), `row ${i}: ${error.message}`)
        return true
      })
    }
    for (const [method, wanted] of Object.entries(outputs)) {
      if (method !== 'forward' && !byMethod) continue
      const tensors = inputs.map(decode)
      const made = await runConverted(convert({ ...optionsFor(tensors), method }), tensors)
      assert.equal(made.outputs.length, wanted.length, `row ${i} ${method}`)
      if (keys[method]) assert.deepEqual(made.names, keys[method])
      made.outputs.forEach((output, k) => {
        assertTensor(output, decode(wanted[k] as Recorded), `row ${i} ${method}[${k}]`)
      })
    }
  }
}

const folders = FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
  readdirSync(folder)
    .sort()
    .map((release) => [folder, release] as const),
)
for (const [folder, release] of folders) {
  describe(`${basename(folder)} made by torch ${release}`, () => {
    const { cases } = JSON.parse(readFileSync(join(folder, release, 'cases.json'), 'utf8')) as {
      cases: Record<string, Case>
    }
    for (const [name, each] of Object.entries(cases))
      for (const suffix of each.files)
        test(`${name}${suffix}`, () => check(join(folder, release, `${name}${suffix}`), suffix, each))
  })
}
