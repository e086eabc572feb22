/** What test/fixtures/make/torch_script.py made, in each way that a release saves it: torch's numbers. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { convertExported } from '../../../src/convert/exported/convert.ts'
import { convertScript } from '../../../src/convert/script/convert.ts'
import { classProgramOf, programOf } from '../../../src/convert/script/program.ts'
import type { ConvertOptions, TorchConversion } from '../../../src/convert/torch/convert.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import { readTorchExport } from '../../../src/formats/torch-export.ts'
import { FIXTURES } from '../../support/paths.ts'
import { assertTensor, decode, type Recorded } from '../torch/harness.ts'
import { optionsFor, runConverted } from './harness.ts'

const FOLDER = process.env.SCRIPT_FIXTURES ?? `${FIXTURES}script/`
const CLASSES = `${FIXTURES}make/`

interface Row {
  readonly inputs: readonly Recorded[]
  readonly outputs: Readonly<Record<string, readonly Recorded[]>>
  readonly keys: Readonly<Record<string, readonly string[] | null>>
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
  for (const [i, { inputs, outputs, keys }] of rows.entries()) {
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

for (const release of existsSync(FOLDER) ? readdirSync(FOLDER).sort() : []) {
  describe(`made by torch ${release}`, () => {
    const { cases } = JSON.parse(readFileSync(join(FOLDER, release, 'cases.json'), 'utf8')) as {
      cases: Record<string, Case>
    }
    for (const [name, each] of Object.entries(cases))
      for (const suffix of each.files)
        test(`${name}${suffix}`, () => check(join(FOLDER, release, `${name}${suffix}`), suffix, each))
  })
}
