/**
 * Estimators of Python's libraries, opened and asked here and in Python: how fast loading and an answer are, as a ratio
 * of Python's, on one thread each, in turn and in the same run. A latency is the median call of a round.
 *
 *   BENCH_PYTHON=/path/to/python npm run bench -- --estimators
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Model } from '../../src/models/model.ts'
import type { Table } from '../../src/tensor/host-value.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
import { type Answer, difference } from './estimator-answers.ts'
import { Python } from './python.ts'
import { spread, table } from './report.ts'
import { quantile, shuffled, summarize } from './stats.ts'

const SCRIPT = fileURLToPath(new URL('./estimators.py', import.meta.url))
const COLUMNS = 69
const ROWS = 1024
const TIMED_ROWS = [1, 64, 1024]
/** How often a call is made in a round, in time. */
const ROUND_MS = 20
const WARM_MS = 80

/** How many times as fast as Python an answer for one row is to be; for 64 rows it is 1 for all. */
const AIMS: Readonly<Record<string, number>> = { linear: 1.5, forest: 50, booster: 10 }

export interface EstimatorOptions {
  /** With scikit-learn; XGBoost, LightGBM and CatBoost where it has them. */
  readonly python: string | undefined
  /** The built `main.js`, and another one to compare it with. */
  readonly main: string
  readonly against: string | undefined
  readonly rounds: number
}

export interface EstimatorReport {
  readonly text: string
  /** Everything that was timed: milliseconds of loading, microseconds of calls. */
  readonly subjects: readonly object[]
  /** Answers that are not Python's. */
  readonly wrong: readonly string[]
}

/** As Python lists them. */
interface Fitted {
  readonly name: string
  readonly data: string
  readonly kind: string
  readonly method: string
  readonly rows: readonly number[]
}

type OpenModel = (path: string) => Promise<Model>
type Input = Tensor | Table

/** What is timed, by its name: `load`, or a number of rows. Each list has a figure a round. */
interface Times {
  readonly ours: number[]
  readonly other: number[]
  readonly theirs: number[]
}

interface Subject extends Fitted {
  readonly path: string
  /** The rows that there are, by how many of them. */
  readonly inputs: ReadonlyMap<number, Input>
  readonly models: readonly Model[]
  readonly times: ReadonlyMap<string, Times>
}

export async function measureEstimators({ python, ...options }: EstimatorOptions): Promise<EstimatorReport> {
  if (!python) return leftOut('BENCH_PYTHON names no Python with scikit-learn')
  const folder = mkdtempSync(join(tmpdir(), 'estimators-'))
  const process = new Python(python, [SCRIPT, folder])
  try {
    const { models, absent } = await process.ask<{ models: Fitted[]; absent: string[] }>({ do: 'fit' })
    return await measure(process, { ...options, folder, models, absent })
  } catch (error) {
    return leftOut(String(error))
  } finally {
    process.stop()
    rmSync(folder, { recursive: true })
  }
}

const leftOut = (why: string): EstimatorReport => ({ text: `estimators are left out: ${why}`, subjects: [], wrong: [] })

interface Run extends Omit<EstimatorOptions, 'python'> {
  readonly folder: string
  readonly models: readonly Fitted[]
  readonly absent: readonly string[]
}

async function measure(python: Python, { folder, models, absent, ...options }: Run): Promise<EstimatorReport> {
  const builds = [options.main, ...(options.against === undefined ? [] : [options.against])]
  const opens = await Promise.all(builds.map(openerOf))
  const [loadBefore = 0] = loadavg()
  const notes = absent.map((why) => `left out: ${why}`)
  const wrong: string[] = []
  const subjects: Subject[] = []
  for (const fitted of models) {
    const subject = await open(fitted, folder, opens)
    if (typeof subject === 'string') {
      notes.push(subject)
      continue
    }
    subjects.push(subject)
    const theirs = await python.ask<Readonly<Record<string, Answer>>>({ do: 'answer', model: subject.name })
    for (const model of subject.models) wrong.push(...(await mistakes(subject, model, theirs)))
    for (const rows of subject.rows) for (const model of subject.models) await time(subject, model, rows, WARM_MS)
  }
  for (let round = 0; round < options.rounds; round++)
    for (const subject of shuffled(subjects)) await takeRound(python, subject, opens)
  const title =
    `estimators: calls a second / Python's (above 1: faster), one thread each, ${options.rounds} rounds in turn;` +
    ` load average ${loadBefore.toFixed(1)} to ${(loadavg()[0] ?? 0).toFixed(1)}`
  const parts = [title, table([HEAD, ...subjects.map(row)]), ...notes, ...wrong.map((what) => `WRONG: ${what}`)]
  if (options.against) parts.push(againstText(subjects))
  const timed = subjects.map(({ name, times }) => ({ name, ...Object.fromEntries(times) }))
  return { text: parts.join('\n'), subjects: timed, wrong }
}

async function openerOf(main: string): Promise<OpenModel> {
  const module: { openModel: OpenModel } = await import(pathToFileURL(resolve(dirname(main), 'models/open.js')).href)
  return module.openModel
}

/** A model in each build, or why there is none. */
async function open(fitted: Fitted, folder: string, opens: readonly OpenModel[]): Promise<Subject | string> {
  const path = join(folder, `${fitted.name}.joblib`)
  const given = JSON.parse(readFileSync(join(folder, `${fitted.data}.json`), 'utf8')) as Given
  const inputs = new Map([...TIMED_ROWS, ROWS].map((rows) => [rows, inputOf(given, rows)]))
  const whats = ['load', ...fitted.rows.map(String)]
  const times = new Map(whats.map((what): [string, Times] => [what, { ours: [], other: [], theirs: [] }]))
  try {
    const models: Model[] = []
    for (const openModel of opens) models.push(await openModel(path))
    return { ...fitted, path, inputs, models, times }
  } catch (error) {
    return `left out: ${fitted.name} (refused: ${String(error).replaceAll(path, 'the file')})`
  }
}

/** Rows as Python writes them. */
interface Given {
  readonly numbers?: readonly number[]
  readonly texts?: readonly string[]
  readonly names?: readonly string[]
  readonly cells?: readonly (string | number | null)[]
}

function inputOf({ numbers, texts, names, cells = [] }: Given, rows: number): Input {
  if (numbers)
    return { dtype: 'float64', dims: [rows, COLUMNS], data: Float64Array.from(numbers.slice(0, rows * COLUMNS)) }
  if (texts) return { rows, cells: texts.slice(0, rows), texts: true }
  return { names, rows, cells: cells.slice(0, rows * (names?.length ?? 0)) } as Table
}

async function ask({ inputs }: Subject, model: Model, method: string, rows: number): Promise<readonly Tensor[]> {
  const answers = await model.table?.run(inputs.get(rows) as Input, [method])
  return answers?.[0]?.outputs ?? []
}

async function mistakes(
  subject: Subject,
  model: Model,
  theirs: Readonly<Record<string, Answer>>,
): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const [method, answer] of Object.entries(theirs)) {
    const mistake = difference(method, await ask(subject, model, method, ROWS), answer)
    if (mistake) wrong.push(`${subject.name}, ${method}: ${mistake}`)
  }
  return wrong
}

/** The median call, in microseconds. */
async function time(subject: Subject, model: Model, rows: number, ms: number): Promise<number> {
  await ask(subject, model, subject.method, rows)
  const each: number[] = []
  let now = performance.now()
  const end = now + ms
  while (each.length === 0 || now < end) {
    const start = now
    await ask(subject, model, subject.method, rows)
    now = performance.now()
    each.push(now - start)
  }
  return quantile(Float64Array.from(each).sort(), 0.5) * 1000
}

/** Opening a model and its first answer, in milliseconds. */
async function load(subject: Subject, openModel: OpenModel): Promise<number> {
  const start = performance.now()
  const model = await openModel(subject.path)
  await ask(subject, model, subject.method, 1)
  const ms = performance.now() - start
  await model.close()
  return ms
}

async function takeRound(python: Python, subject: Subject, opens: readonly OpenModel[]): Promise<void> {
  const { name, models } = subject
  for (const [what, times] of subject.times) {
    const rows = Number(what)
    const take = [
      async () => times.theirs.push(await (what === 'load' ? theirLoad() : theirTime(rows))),
      ...opens.map((openModel, i) => async () => {
        const taken = await (what === 'load'
          ? load(subject, openModel)
          : time(subject, models[i] as Model, rows, ROUND_MS))
        return (i === 0 ? times.ours : times.other).push(taken)
      }),
    ]
    for (const next of shuffled(take)) await next()
  }
  function theirLoad(): Promise<number> {
    return python.ask({ do: 'load', model: name })
  }
  function theirTime(rows: number): Promise<number> {
    return python.ask({ do: 'time', model: name, rows, ms: ROUND_MS })
  }
}

const HEAD = ['', 'load ms', 'x Python', '1 row us', 'x Python', 'aim', '64 us', 'x Python', '1024 us', 'x Python']

function row({ name, kind, times }: Subject): string[] {
  const cells = (what: string, digits: number): string[] => {
    const taken = times.get(what)
    if (!taken) return ['', '']
    return [summarize(taken.ours).median.toFixed(digits), spread(quotients(taken.theirs, taken.ours))]
  }
  const aim = AIMS[kind] === undefined ? '' : `>= ${AIMS[kind]}`
  return [name, ...cells('load', 1), ...cells('1', 1), aim, ...cells('64', 1), ...cells('1024', 0)]
}

const quotients = (a: readonly number[], b: readonly number[]) => summarize(a.map((time, i) => time / (b[i] as number)))

function againstText(subjects: readonly Subject[]): string {
  const whats = ['load', ...TIMED_ROWS.map(String)]
  const rows = subjects.map(({ name, times }) => {
    const ratios = whats.map((what) => quotients(times.get(what)?.other ?? [], times.get(what)?.ours ?? []))
    return [name, ...ratios.map((ratio) => spread(ratio))]
  })
  return `\nthis build / the other one, calls a second\n${table([['', 'load', '1 row', '64', '1024'], ...rows])}`
}
