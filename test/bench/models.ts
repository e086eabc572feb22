/**
 * Models of Python's libraries, opened and asked here and in Python: how fast loading and an answer are, as a ratio of
 * Python's, on one thread each, in turn and in the same run. A latency is the median call of a round.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Model } from '../../src/models/model.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
import type { Answer } from './answers.ts'
import { Python } from './python.ts'
import { spread, table } from './report.ts'
import { quantile, shuffled, summarize } from './stats.ts'

/** How often a call is made in a round, in time. */
const ROUND_MS = 20
const WARM_MS = 80
/** Rounds of a kind of models whose calls take seconds. */
const SLOW_ROUNDS = 3

/** As Python lists them. */
export interface Made {
  readonly name: string
  readonly file: string
  readonly kind: string
  readonly method: string
  /** How many rows it is timed with. */
  readonly rows: readonly number[]
}

/** A family of models: how they are made and asked. `M` is what Python says of one, `I` what it is asked with. */
export interface Suite<M extends Made, I> {
  readonly title: string
  /** Of Python, spoken to as protocol.py says. */
  readonly script: string
  /** What a Python has to have. */
  readonly needs: string
  readonly timedRows: readonly number[]
  /** How many rows the answers are compared for. */
  readonly rows: number
  /** How many times as fast as Python an answer for one row is to be, by kind; for 64 rows it is 1 for all. */
  readonly aims: Readonly<Record<string, number>>
  inputOf(made: M, folder: string): (rows: number) => I
  ask(model: Model, input: I, method: string): Promise<readonly Tensor[]>
  /** How an answer differs, in words; `undefined` where it does not. */
  difference(method: string, outputs: readonly Tensor[], answer: Answer): string | undefined
}

export interface ModelsOptions {
  readonly python: string | undefined
  /** The built `main.js`, and another one to compare it with. */
  readonly main: string
  readonly against: string | undefined
  readonly rounds: number
}

export interface ModelsReport {
  readonly text: string
  /** Everything that was timed: milliseconds of loading, microseconds of calls. */
  readonly subjects: readonly object[]
  /** Answers that are not Python's. */
  readonly wrong: readonly string[]
}

type OpenModel = (path: string) => Promise<Model>

/** What is timed, by its name: `load`, or a number of rows. Each list has a figure a round. */
interface Times {
  readonly ours: number[]
  readonly other: number[]
  readonly theirs: number[]
}

interface Subject<M, I> {
  readonly made: M
  readonly path: string
  /** The rows that there are, by how many of them. */
  readonly inputs: ReadonlyMap<number, I>
  readonly models: readonly Model[]
  readonly times: ReadonlyMap<string, Times>
}

export async function measureModels<M extends Made, I>(
  suite: Suite<M, I>,
  { python, ...options }: ModelsOptions,
): Promise<ModelsReport> {
  if (!python) return leftOut(suite, `BENCH_PYTHON names no Python with ${suite.needs}`)
  const folder = mkdtempSync(join(tmpdir(), 'models-'))
  const process = new Python(python, [suite.script, folder])
  try {
    return await new Measurement(suite, process, folder, options).run()
  } catch (error) {
    return leftOut(suite, String(error))
  } finally {
    process.stop()
    rmSync(folder, { recursive: true })
  }
}

const leftOut = ({ title }: { readonly title: string }, why: string): ModelsReport => ({
  text: `${title} are left out: ${why}`,
  subjects: [],
  wrong: [],
})

class Measurement<M extends Made, I> {
  readonly #suite: Suite<M, I>
  readonly #python: Python
  readonly #folder: string
  readonly #options: Omit<ModelsOptions, 'python'>

  constructor(suite: Suite<M, I>, python: Python, folder: string, options: Omit<ModelsOptions, 'python'>) {
    this.#suite = suite
    this.#python = python
    this.#folder = folder
    this.#options = options
  }

  async run(): Promise<ModelsReport> {
    const { title, timedRows } = this.#suite
    const { main, against, rounds } = this.#options
    const { models, absent } = await this.#python.ask<{ models: M[]; absent: string[] }>({ do: 'make' })
    const opens = await Promise.all([main, ...(against === undefined ? [] : [against])].map(openerOf))
    const [loadBefore = 0] = loadavg()
    const notes = absent.map((why) => `left out: ${why}`)
    const wrong: string[] = []
    const subjects: Subject<M, I>[] = []
    for (const made of models) {
      const subject = await this.#open(made, opens)
      if (typeof subject === 'string') {
        notes.push(subject)
        continue
      }
      const found = await this.#mistakes(subject)
      wrong.push(...found)
      if (found.length > 0) continue
      subjects.push(subject)
      for (const rows of made.rows) for (const model of subject.models) await this.#time(subject, model, rows, WARM_MS)
    }
    for (let round = 0; round < rounds; round++)
      for (const subject of shuffled(subjects))
        if (subject.made.kind !== 'slow' || round < SLOW_ROUNDS) await this.#takeRound(subject, opens)
    const heading =
      `${title}: calls a second / Python's (above 1: faster), one thread each, ${rounds} rounds in turn;` +
      ` load average ${loadBefore.toFixed(1)} to ${(loadavg()[0] ?? 0).toFixed(1)}`
    const parts = [heading, this.#table(subjects), ...notes, ...wrong.map((what) => `WRONG: ${what}`)]
    if (against) parts.push(againstText(subjects, timedRows))
    const timed = subjects.map(({ made, times }) => ({ name: made.name, ...Object.fromEntries(times) }))
    return { text: parts.join('\n'), subjects: timed, wrong }
  }

  /** A model in each build, or why there is none. */
  async #open(made: M, opens: readonly OpenModel[]): Promise<Subject<M, I> | string> {
    const path = join(this.#folder, made.file)
    const rows = this.#suite.inputOf(made, this.#folder)
    const inputs = new Map([...this.#suite.timedRows, this.#suite.rows].map((count) => [count, rows(count)]))
    const whats = ['load', ...made.rows.map(String)]
    const times = new Map(whats.map((what): [string, Times] => [what, { ours: [], other: [], theirs: [] }]))
    try {
      const models: Model[] = []
      for (const openModel of opens) models.push(await openModel(path))
      return { made, path, inputs, models, times }
    } catch (error) {
      return `left out: ${made.name} (refused: ${String(error).replaceAll(path, 'the file')})`
    }
  }

  #ask({ inputs }: Subject<M, I>, model: Model, method: string, rows: number): Promise<readonly Tensor[]> {
    return this.#suite.ask(model, inputs.get(rows) as I, method)
  }

  async #mistakes(subject: Subject<M, I>): Promise<readonly string[]> {
    const { name } = subject.made
    const { rows, difference } = this.#suite
    const theirs = await this.#python.ask<Readonly<Record<string, Answer>>>({ do: 'answer', model: name })
    const wrong: string[] = []
    for (const model of subject.models) {
      for (const [method, answer] of Object.entries(theirs)) {
        const ours = this.#ask(subject, model, method, rows)
        const mistake = await ours.then((outputs) => difference(method, outputs, answer), String)
        if (mistake) wrong.push(`${name}, ${method}: ${mistake}`)
      }
    }
    return wrong
  }

  /** The median call, in microseconds. */
  async #time(subject: Subject<M, I>, model: Model, rows: number, ms: number): Promise<number> {
    const { method } = subject.made
    await this.#ask(subject, model, method, rows)
    const each: number[] = []
    let now = performance.now()
    const end = now + ms
    while (each.length === 0 || now < end) {
      const start = now
      await this.#ask(subject, model, method, rows)
      now = performance.now()
      each.push(now - start)
    }
    return quantile(Float64Array.from(each).sort(), 0.5) * 1000
  }

  /** Opening a model and its first answer, in milliseconds. */
  async #load(subject: Subject<M, I>, openModel: OpenModel): Promise<number> {
    const start = performance.now()
    const model = await openModel(subject.path)
    await this.#ask(subject, model, subject.made.method, 1)
    const ms = performance.now() - start
    await model.close()
    return ms
  }

  async #takeRound(subject: Subject<M, I>, opens: readonly OpenModel[]): Promise<void> {
    const { name } = subject.made
    for (const [what, times] of subject.times) {
      const rows = Number(what)
      const isLoad = what === 'load'
      const theirs = isLoad ? { do: 'load', model: name } : { do: 'time', model: name, rows, ms: ROUND_MS }
      const take = [
        async () => times.theirs.push(await this.#python.ask<number>(theirs)),
        ...opens.map((openModel, i) => async () => {
          const model = subject.models[i] as Model
          const taken = await (isLoad ? this.#load(subject, openModel) : this.#time(subject, model, rows, ROUND_MS))
          return (i === 0 ? times.ours : times.other).push(taken)
        }),
      ]
      for (const next of shuffled(take)) await next()
    }
  }

  #table(subjects: readonly Subject<M, I>[]): string {
    const [one, ...more] = this.#suite.timedRows.map(String) as [string, ...string[]]
    const head = ['', 'load ms', 'x Python', `${one} row us`, 'x Python', 'aim']
    const rows = subjects.map(({ made: { name, kind }, times }) => {
      const cells = (what: string, digits: number): string[] => {
        const taken = times.get(what)
        if (!taken) return ['', '']
        return [summarize(taken.ours).median.toFixed(digits), spread(quotients(taken.theirs, taken.ours))]
      }
      const aim = this.#suite.aims[kind]
      const first = [name, ...cells('load', 1), ...cells(one, 1), aim === undefined ? '' : `>= ${aim}`]
      return [...first, ...more.flatMap((what) => cells(what, 1))]
    })
    return table([[...head, ...more.flatMap((what) => [`${what} us`, 'x Python'])], ...rows])
  }
}

async function openerOf(main: string): Promise<OpenModel> {
  const module: { openModel: OpenModel } = await import(pathToFileURL(resolve(dirname(main), 'models/open.js')).href)
  return module.openModel
}

const quotients = (a: readonly number[], b: readonly number[]) => summarize(a.map((time, i) => time / (b[i] as number)))

function againstText(subjects: readonly Subject<Made, unknown>[], timedRows: readonly number[]): string {
  const rows = subjects.map(({ made, times }) => {
    const ratios = ['load', ...timedRows.map(String)].map((what) =>
      quotients(times.get(what)?.other ?? [], times.get(what)?.ours ?? []),
    )
    return [made.name, ...ratios.map((ratio) => spread(ratio))]
  })
  const head = ['', 'load', ...timedRows.map((count) => `${count} rows`)]
  return `\nthis build / the other one, calls a second\n${table([head, ...rows])}`
}
