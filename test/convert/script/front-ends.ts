/** What reads code and graphs, for the fuzzing: texts are mutated by words within files that are whole. */
import { readFileSync } from 'node:fs'
import { convertExported } from '../../../src/convert/exported/convert.ts'
import { convertScript } from '../../../src/convert/script/convert.ts'
import { parsePython } from '../../../src/convert/script/parser.ts'
import { classProgramOf, type Program, programOf } from '../../../src/convert/script/program.ts'
import { InferError } from '../../../src/errors.ts'
import { type Json, readJson } from '../../../src/formats/json.ts'
import { readTorch, type TorchScript } from '../../../src/formats/torch.ts'
import { objectOf, readTorchExport } from '../../../src/formats/torch-export.ts'
import { readZip } from '../../../src/formats/zip.ts'
import type { FuzzFormat } from '../../formats/fuzz.ts'
import { FIXTURES } from '../../support/paths.ts'

const FOLDER = `${FIXTURES}script/2.8.0/`
const OPTIONS = { inputs: [{ dtype: 'float32', dims: [null, 4] }], batch: 3 } as const
const CLASSES = ['views', 'branches', 'loops', 'pythonic', 'blocks', 'tuples', 'shapes']

const fileOf = (name: string): Uint8Array => readFileSync(FOLDER + name)
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const MODELS = readFileSync(`${FIXTURES}make/script_models.py`)

/** A mutant may want other inputs than it is given. */
function orRequest(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof InferError) || error.code !== 'bad_request') throw error
  }
}

const convert = (program: Program): void => orRequest(() => convertScript(program, OPTIONS))

/** The class of this text, and the helpers before the first class. */
function textOfClass(name: string): Buffer {
  const [head = '', ...classes] = textOf(MODELS).split(/\n(?=(?:@\S+\n)*class )/)
  const title = new RegExp(`class ${name}\\b`, 'i')
  const own = classes.filter((text) => title.test(text) || text.includes('(NamedTuple)') || /^class Base\b/.test(text))
  return Buffer.from([head, ...own].join('\n'))
}

/** The class path is what changes; the weights are as they were. */
function ownClass(name: string): FuzzFormat {
  const file = readTorch(fileOf(`${name}.torch`))
  if (file.format !== 'torch') throw new Error(`${name}.torch is a ${file.format}`)
  return {
    name: `class-${name}`,
    read: (bytes) =>
      convert(classProgramOf(file, (module) => (module === 'script_models' ? textOf(bytes) : undefined))),
    seeds: [MODELS, textOfClass(name)],
    mutates: 'words',
  }
}

/** The code within an archive. */
function code(file: string): FuzzFormat {
  const archive = readTorch(fileOf(file)) as TorchScript
  const [path, text] = [...archive.code].sort(([, a], [, b]) => b.length - a.length)[0] as [string, string]
  return {
    name: `code-${file}`,
    read: (bytes) => convert(programOf({ ...archive, code: new Map([...archive.code, [path, textOf(bytes)]]) })),
    seeds: [Buffer.from(text)],
    mutates: 'words',
  }
}

/** The graph within an exported program. */
function graph(file: string): FuzzFormat {
  const exported = readTorchExport(fileOf(file))
  const entries = [...readZip(fileOf(file))]
  const [, entry] = entries.find(([name]) => /models\/[^/]+\.json$|serialized_exported_program\.json$/.test(name))!
  return {
    name: `graph-${file}`,
    read: (bytes) => {
      const program = objectOf(readJson(bytes, { format: 'pt2', nonFinite: true }) as Json, 'its program')
      orRequest(() => convertExported({ ...exported, program }, OPTIONS))
    },
    seeds: [entry.read()],
    mutates: 'words',
  }
}

const archives = (name: string, read: (bytes: Uint8Array) => void, files: readonly string[]): FuzzFormat => ({
  name,
  read,
  seeds: files.map(fileOf),
})

function readArchive(bytes: Uint8Array): void {
  const file = readTorch(bytes)
  if (file.format === 'torchscript') convert(programOf(file))
}

export const FRONT_ENDS: readonly FuzzFormat[] = [
  { name: 'python', read: (bytes) => parsePython(textOf(bytes), 'mutant.py'), seeds: [MODELS] },
  ...CLASSES.map(ownClass),
  ...['branches.script.pt', 'loops.script.pt', 'views.trace.pt', 'pythonic.trace.pt', 'tuples.script.pt'].map(code),
  ...['views.pt2', 'shapes.core.pt2', 'tuples.pt2', 'functional.pt2'].map(graph),
  archives('code-archives', readArchive, ['branches.script.pt', 'loops.script.pt', 'views.trace.pt']),
  archives('graph-archives', (bytes) => orRequest(() => convertExported(readTorchExport(bytes), OPTIONS)), [
    'views.pt2',
    'shapes.core.pt2',
  ]),
]
