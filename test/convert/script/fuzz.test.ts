/** Mutants of models' code, of archives and of exports are converted or refused, never anything else. `FUZZ_CASES` makes it longer. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { convertExported } from '../../../src/convert/exported/convert.ts'
import { convertScript } from '../../../src/convert/script/convert.ts'
import { parsePython } from '../../../src/convert/script/parser.ts'
import { classProgramOf, programOf } from '../../../src/convert/script/program.ts'
import { InferError } from '../../../src/errors.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import { readTorchExport } from '../../../src/formats/torch-export.ts'
import { fuzz } from '../../formats/fuzz.ts'
import { FIXTURES } from '../../support/paths.ts'

const COUNT = Number(process.env.FUZZ_CASES ?? 400)
const SEED = Number(process.env.FUZZ_SEED ?? 1)
const MAX_MS = 5000

const FOLDER = `${FIXTURES}script/2.8.0/`
const seed = (name: string): Uint8Array => readFileSync(FOLDER + name)
const OPTIONS = { inputs: [{ dtype: 'float32', dims: [null, 4] }], batch: 3 } as const

const MODELS = readFileSync(`${FIXTURES}make/script_models.py`)
const NAMES = ['views', 'branches', 'loops', 'pythonic', 'blocks', 'tuples', 'shapes'].map((name) => `${name}.torch`)

/** The class path is what changes; the weights are as they were. */
function interpret(bytes: Uint8Array, name: string): void {
  const file = readTorch(seed(name))
  const text = Buffer.from(bytes).toString()
  if (file.format === 'torch')
    convertScript(
      classProgramOf(file, (module) => (module === 'script_models' ? text : undefined)),
      OPTIONS,
    )
}

function script(bytes: Uint8Array): void {
  const file = readTorch(bytes)
  if (file.format === 'torchscript') convertScript(programOf(file), OPTIONS)
}

/** A mutant may want other inputs than it is given. */
function orRequest(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof InferError) || error.code !== 'bad_request') throw error
  }
}

describe('mutants are converted or refused', { skip: !existsSync(FOLDER) }, () => {
  // biome-ignore format: one row per front end
  const rows: readonly (readonly [name: string, run: (bytes: Uint8Array) => unknown, seeds: readonly Uint8Array[]])[] = [
    ['syntax', (bytes) => parsePython(Buffer.from(bytes).toString(), 'mutant.py'), [MODELS]],
    ...NAMES.map((name) => [`code of ${name}`, (bytes: Uint8Array) => interpret(bytes, name), [MODELS]] as const),
    ['TorchScript', script, ['branches.script.pt', 'loops.script.pt', 'views.trace.pt'].map(seed)],
    ['exports', (bytes) => convertExported(readTorchExport(bytes), OPTIONS), ['views.pt2', 'shapes.core.pt2', 'tuples.pt2'].map(seed)],
  ]
  for (const [name, run, seeds] of rows) {
    test(name, (context) => {
      const { slowestMs, ...counts } = fuzz((bytes) => orRequest(() => run(bytes)), seeds, COUNT, SEED)
      context.diagnostic(`${JSON.stringify(counts)}, at most ${slowestMs.toFixed(0)} ms`)
      assert.ok(slowestMs < MAX_MS)
    })
  }
})
