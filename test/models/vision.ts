/**
 * `npm run vision -- FOLDER [NAME...]`: the files that test/fixtures/make/torch_vision.py wrote, each opened as the
 * service opens it, in a process of its own, and run with the rows that torch answered, with fewer and with more. A line a file;
 * what gives other numbers than torch's fails the run. What is refused is told, and fails it with --strict.
 */
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { InferError } from '../../src/errors.ts'
import { openModel } from '../../src/models/open.ts'
import { createTensor, sizeOf, type Tensor } from '../../src/tensor/tensor.ts'
import { decode, type Recorded, TOLERANCE } from '../convert/torch/harness.ts'

/** A model that takes longer is too slow to serve. */
const HUNG_MS = 300_000
/** Rows of the two that torch answered: what was made for two rows is for any number. */
const OTHER_BATCHES = [[0], [0, 1, 0]]
/** Random weights make some of the deep models amplify rounding, torch's as ours: then this many times torch's own. */
const ROUNDINGS = 4

/** Where files of torch.save find the Python of torchvision: as the service has it, a list of folders. */
const CLASS_PATH = (process.env.TORCH_CLASS_PATH ?? '').split(':').filter((folder) => folder !== '')

interface Row {
  readonly inputs: readonly Recorded[]
  readonly outputs: Readonly<Record<string, readonly Recorded[]>>
}

interface Case {
  readonly files: readonly string[]
  /** How far torch's own float32 is from its float64. */
  readonly rounding: number
  readonly rows: readonly Row[]
}

/** Of one file: milliseconds to open it, until its first answer, and for the next; and how far off it is. */
interface Report {
  readonly verdict: 'ok' | 'refused' | 'wrong'
  readonly sentence?: string
  readonly error?: number
  readonly openMs?: number
  readonly compileMs?: number
  readonly runMs?: number
  readonly rssMb?: number
}

const casesIn = (folder: string): Readonly<Record<string, Case>> =>
  JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')).cases

/** Rows of a tensor of float32, by their numbers. */
function rowsOf({ dtype, dims, data }: Tensor, at: readonly number[]): Tensor {
  const row = sizeOf(dims.slice(1))
  const made = createTensor(dtype, [at.length, ...dims.slice(1)])
  at.forEach((from, to) => {
    ;(made.data as Float32Array).set((data as Float32Array).subarray(from * row, (from + 1) * row), to * row)
  })
  return made
}

/** The largest difference by the largest of torch's numbers. */
function errorOf(ours: readonly Tensor[], theirs: readonly Tensor[]): number {
  const shapes = (tensors: readonly Tensor[]): string => tensors.map(({ dtype, dims }) => `${dtype}[${dims}]`).join()
  if (shapes(ours) !== shapes(theirs)) return Number.POSITIVE_INFINITY
  const errors = theirs.map(({ data }, output) => {
    const mine = ours[output]?.data as Float32Array
    const wanted = data as Float32Array
    const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    return wanted.reduce((most, value, i) => Math.max(most, Math.abs((mine[i] as number) - value)), 0) / scale
  })
  return Math.max(...errors)
}

async function check(path: string, { rounding, rows }: Case): Promise<Report> {
  const { inputs, outputs } = rows[0] as Row
  const given = inputs.map(decode)
  const wanted = (outputs.forward as readonly Recorded[]).map(decode)
  const started = performance.now()
  const model = await openModel(path, { classPath: CLASS_PATH })
  const opened = performance.now()
  const nameless = (tensor: Tensor): Tensor & { name: string } => ({ ...tensor, name: '' })
  const first = await model.run(given.map(nameless))
  const answered = performance.now()
  await model.run(given.map(nameless))
  const runMs = performance.now() - answered
  const errors = [errorOf(first, wanted)]
  for (const at of OTHER_BATCHES) {
    const made = await model.run(given.map((tensor) => nameless(rowsOf(tensor, at))))
    errors.push(
      errorOf(
        made,
        wanted.map((tensor) => rowsOf(tensor, at)),
      ),
    )
  }
  const error = Math.max(...errors)
  await model.close()
  return {
    verdict: error <= Math.max(TOLERANCE.float32 as number, ROUNDINGS * rounding) ? 'ok' : 'wrong',
    error,
    openMs: opened - started,
    compileMs: Math.max(answered - opened - runMs, 0),
    runMs,
    rssMb: process.resourceUsage().maxRSS / 1024,
  }
}

async function reportOf(path: string, recorded: Case): Promise<Report> {
  try {
    return await check(path, recorded)
  } catch (error) {
    if (error instanceof InferError) return { verdict: 'refused', sentence: error.message.replace(`${path}: `, '') }
    return { verdict: 'wrong', sentence: (error as Error).stack ?? String(error) }
  }
}

/** A process a file: its times are those of a first request, and its memory is given back. */
const inProcess = (folder: string, name: string, suffix: string): Promise<Report> =>
  new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), [folder, name, suffix, '--one'])
    const hung = setTimeout(() => child.kill('SIGKILL'), HUNG_MS)
    let report: Report | undefined
    child.on('message', (message) => {
      report = message as Report
    })
    child.on('exit', (code, signal) => {
      clearTimeout(hung)
      resolve(report ?? { verdict: 'wrong', sentence: `the process ended (${signal ?? code})` })
    })
  })

function line(file: string, { verdict, sentence, error, openMs, compileMs, runMs, rssMb }: Report): string {
  const numbers = [openMs, compileMs, runMs, rssMb].map((value) => (value?.toFixed(0) ?? '').padStart(9)).join('')
  const detail = sentence ?? `${error?.toExponential(1).padEnd(8)}${numbers}`
  return `${file.padEnd(36)}${verdict.padEnd(9)}${detail}\n`
}

async function main(folder: string, names: readonly string[], strict: boolean): Promise<void> {
  const counts = { ok: 0, refused: 0, wrong: 0 }
  const heads = ['open ms', 'compile ms', 'run ms', 'MB'].map((head) => head.padStart(9)).join('')
  process.stdout.write(`${'file'.padEnd(36)}${'verdict'.padEnd(9)}${'error'.padEnd(8)}${heads}\n`)
  for (const [name, { files }] of Object.entries(casesIn(folder))) {
    if (names.length > 0 && !names.includes(name)) continue
    for (const suffix of files) {
      const report = await inProcess(folder, name, suffix)
      counts[report.verdict]++
      process.stdout.write(line(name + suffix, report))
    }
  }
  process.stdout.write(`${counts.ok} ok, ${counts.refused} refused, ${counts.wrong} wrong\n`)
  if (counts.wrong > 0 || counts.ok + counts.refused === 0 || (strict && counts.refused > 0)) process.exitCode = 1
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { one: { type: 'boolean', default: false }, strict: { type: 'boolean', default: false } },
})
const [folder, ...names] = positionals
if (folder === undefined) {
  process.stderr.write('vision: which folder of test/fixtures/make/torch_vision.py?\n')
  process.exitCode = 2
} else if (values.one) {
  const [name, suffix] = names as [string, string]
  const recorded = casesIn(folder)[name] as Case
  process.send?.(await reportOf(join(folder, name + suffix), recorded))
} else await main(folder, names, values.strict)
