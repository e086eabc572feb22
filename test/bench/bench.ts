/**
 * `npm run bench`: the service beside a bare node:http server and one written by hand for a single model, on this
 * machine, now. Ratios are what to quote; the rest is this machine's.
 *
 *   --quick          about 20 s, too little for a verdict
 *   --rounds N       rounds of the main set (7)
 *   --json FILE      everything measured, sample by sample
 *   --main FILE      another built main.js than dist/src/main.js
 *   --against FILE   a second one in the same rounds: a change against what was before
 *   --no-layers      without the table of steps
 *   --estimators     only the table of estimators, which BENCH_PYTHON is needed for
 *   --torch          only the table of torch's modules and TorchScript, likewise
 *
 * With BENCH_PYTHON, a Python with numpy, joblib, scikit-learn and torch, it also times reading of model files, and
 * models against Python's own answers: those of XGBoost, LightGBM, CatBoost, sk2torch and torchvision where it has them.
 *
 * Fails only when a server gives a wrong answer or an error, or a model another answer than Python's.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ESTIMATORS } from './estimators.ts'
import { layersText, measureLayers } from './layers.ts'
import { type Made, type ModelsReport, measureModels, type Suite } from './models.ts'
import { startLoader } from './processes.ts'
import { readingText } from './reading.ts'
import { comparisonsText, foreignText, goals, goalsText, setText, startsText } from './report.ts'
import { NoiseGuard } from './rounds.ts'
import { type Bench, SETS, type SetResult, takeSets, takeStarts } from './sets.ts'
import { TORCH_MODELS } from './torch-models.ts'

const MOST_MS = 480_000
const root = fileURLToPath(new URL('../..', import.meta.url))
const python = process.env.BENCH_PYTHON

interface Options {
  readonly quick: boolean
  readonly rounds: number
  readonly main: string
  readonly against: string | undefined
  readonly layers: boolean
  readonly estimators: boolean
  readonly torch: boolean
  readonly json: string | undefined
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      json: { type: 'string' },
      main: { type: 'string', default: resolve(root, 'dist/src/main.js') },
      against: { type: 'string' },
      'no-layers': { type: 'boolean', default: false },
      estimators: { type: 'boolean', default: false },
      torch: { type: 'boolean', default: false },
    },
  })
  const { quick, json, estimators, torch } = values
  const rounds = Number(values.rounds ?? (quick ? 3 : 7))
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is ${values.rounds}; say a whole number from 1`)
  const built = [values.main, ...(values.against ? [values.against] : [])].map((path) => resolve(path))
  const missing = built.find((path) => !existsSync(path))
  if (missing) throw new Error(`${missing} is not there; run npm run build`)
  const [path, against] = built as [string, string | undefined]
  return { quick, rounds, main: path, against, layers: !values['no-layers'], estimators, torch, json }
}

async function main(): Promise<void> {
  const options = readOptions()
  setTimeout(() => fail(new Error(`not done within ${MOST_MS / 1000} s`)), MOST_MS).unref()
  const machine = describeMachine()
  print(machine)
  const { estimators, torch } = options
  const isWhole = !estimators && !torch
  const service = isWhole ? await benchService(options) : undefined
  const reports: Record<string, ModelsReport> = {}
  if (isWhole || estimators) reports.estimators = await report(ESTIMATORS, options)
  if (isWhole || torch) reports.torch = await report(TORCH_MODELS, options)
  if (options.json) {
    const models = Object.fromEntries(Object.entries(reports).map(([name, { subjects }]) => [name, subjects]))
    writeFileSync(options.json, `${JSON.stringify({ machine, ...service?.measured, ...models }, undefined, 2)}\n`)
  }
  if (service?.failed) throw new Error(`the run is void: a server failed under load (${service.failed})`)
  const wrong = Object.values(reports).flatMap((taken) => taken.wrong)
  if (wrong.length > 0) throw new Error(`not Python's answers: ${wrong.join('; ')}`)
  process.exit(0)
}

async function report<M extends Made, I>(suite: Suite<M, I>, options: Options): Promise<ModelsReport> {
  const { quick, rounds, main: path, against } = options
  const taken = await measureModels(suite, {
    python,
    main: path,
    against,
    rounds: quick ? Math.min(3, rounds) : rounds,
  })
  print(taken.text)
  return taken
}

interface ServiceBench {
  readonly measured: object
  /** The first error of a server. */
  readonly failed: string | undefined
}

/** All about the service, and the reading of files. */
async function benchService({ main: path, against, quick, rounds, layers: wanted }: Options): Promise<ServiceBench> {
  const guard = new NoiseGuard(quick ? 2000 : 20_000)
  const bench: Bench = { loader: startLoader(), guard, main: path, against, quick, rounds }
  const sets: SetResult[] = []
  for await (const set of takeSets(bench)) {
    sets.push(set)
    print(setText(set))
  }
  if (!quick && sets.length < SETS) print(`${SETS - sets.length} sets are left out, for lack of time or of taskset`)
  const starts = await takeStarts(bench, quick ? 3 : 7)
  print(startsText(starts))
  const layers = wanted ? await measureLayers(path, quick ? 10 : 30) : []
  if (layers.length > 0) print(layersText(layers))
  print(readingText(python, quick ? 2 : 5))
  print(`${foreignText(sets)}\n${comparisonsText(sets)}`)
  const verdicts = goals(sets, starts)
  print(goalsText(verdicts))
  return {
    measured: { sets: sets.map(plain), starts: Object.fromEntries(starts), layers, goals: verdicts },
    failed: sets.flatMap((set) => [...set.samples.values()].flat()).find(({ errors }) => errors > 0)?.firstError,
  }
}

const plain = ({ samples, memory, ...set }: SetResult): object => ({
  ...set,
  samples: Object.fromEntries(samples),
  memory: Object.fromEntries(memory),
})

function describeMachine(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  const cores = `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores`
  return `${cores}; node ${process.version}, onnxruntime-node ${version}, commit ${commit()}; unpinned where not said otherwise`
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'src') ? ' with changes' : ''}`
  } catch {
    return `unknown (version ${(JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string }).version})`
  }
}

const print = (text: string): void => void process.stdout.write(`${text}\n\n`)

function fail(error: unknown): never {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}

main().catch(fail)
