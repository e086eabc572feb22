/** The servers under test, and the sets of samples that are taken of them. */
import { fileURLToPath } from 'node:url'
import { type Memory, memoryOf } from './proc.ts'
import { type Launch, type Loader, pin, post, type Running, start } from './processes.ts'
import { documented, manyRows, mistake, type Posted, sampleOf } from './requests.ts'
import { type Load, type NoiseGuard, type Sample, type Subject, takeRounds } from './rounds.ts'
import { shuffled } from './stats.ts'

export const BARE = 'bare node:http'
export const HAND = 'hand-written'
export const ONE = 'service, 1 worker'
export const TWO = 'service, 2 workers'
/** The same server a second time in the same rounds: what differs between them is noise. */
export const AGAIN = 'service, 1 worker, again'
/** Of `--against`, with one worker. */
export const OTHER = 'other build, 1 worker'

/** Milliseconds into the run after which no further set begins: others kept the machine busy. */
const LAST_SET_MS = 135_000

/** Of a run that is not quick. */
export const SETS = 5

export interface Bench {
  readonly loader: Loader
  readonly guard: NoiseGuard
  /** The built `main.js`, and another one to compare it with. */
  readonly main: string
  readonly against: string | undefined
  readonly quick: boolean
  readonly rounds: number
}

export interface SetResult {
  readonly title: string
  readonly load: Load
  readonly samples: ReadonlyMap<string, readonly Sample[]>
  readonly memory: ReadonlyMap<string, Memory>
}

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const DEFAULT_MODEL = file('../../workflows/default/model.onnx')
const MLP = file('../fixtures/onnx/mlp.onnx')
const PLAIN = file('plain-servers.mjs')

const bare: Launch = { args: [PLAIN, 'bare', '{port}'] }
const handWritten = (model: string): Launch => ({ args: [PLAIN, 'hand-written', '{port}', model] })
const service = (main: string, workers: number, model?: string): Launch => ({
  args: [main, 'serve', '--bind=127.0.0.1:{port}', `--workers=${workers}`],
  env: model === undefined ? {} : { TORCH_INF_WORKFLOW_KW_ARGS: JSON.stringify({ model_path: model }) },
})

/** Everything under load, set by set; ends with the servers stopped. */
export async function* takeSets(bench: Bench): AsyncGenerator<SetResult> {
  const { main, against, quick, rounds } = bench
  const request = documented()
  const servers = await startAll(request.body, [
    [BARE, bare],
    [HAND, handWritten(DEFAULT_MODEL)],
    [ONE, service(main, 1)],
    [TWO, service(main, 2)],
    ...(against === undefined ? [] : [[OTHER, service(against, 1)] as const]),
  ])
  const take = (title: string, posted: Posted, names: readonly string[], load: Load): Promise<SetResult> =>
    takeSet({ ...bench, title, posted, names, load }, servers)
  const all = [HAND, ONE, TWO, OTHER].filter((name) => servers.has(name))
  const lone = all.filter((name) => name !== TWO)
  const main32 = { rounds, connections: 32, warmMs: 100, ms: quick ? 500 : 1000 }
  yield await take('documented request, 32 connections', request, [BARE, ...all, AGAIN], main32)
  const brief = { rounds: quick ? 2 : Math.min(5, rounds), warmMs: 100, ms: quick ? 400 : 700 }
  yield await take('64 rows (full-length doubles), 16 connections', manyRows(64), all, { ...brief, connections: 16 })
  const rest = [
    () => takeMlp(bench, { ...brief, connections: 32 }),
    () => take('documented request, 1 connection', request, lone, { ...brief, connections: 1 }),
    () => {
      if (![...servers.values()].every(({ pids }) => pin(pids(), 0)) || !pin([bench.loader.pid], 1)) return undefined
      const title = 'documented request, 32 connections; all of a server on core 0, the load on core 1'
      return take(title, request, [BARE, ...lone], { ...brief, connections: 32 })
    },
  ]
  for (const next of quick ? [] : rest) {
    const set = performance.now() < LAST_SET_MS ? await next() : undefined
    if (set) yield set
  }
  await stopAll(servers)
}

const stopAll = async (servers: ReadonlyMap<string, Running>): Promise<void> => {
  await Promise.all([...servers.values()].map((running) => running.stop()))
}

async function takeMlp(bench: Bench, load: Load): Promise<SetResult> {
  const posted = sampleOf('mlp')
  const servers = await startAll(posted.body, [
    [HAND, handWritten(MLP)],
    [ONE, service(bench.main, 1, MLP)],
    [TWO, service(bench.main, 2, MLP)],
  ])
  const title = 'double MLP 69-256-256, 1 row, 32 connections'
  const result = await takeSet({ ...bench, title, posted, names: [...servers.keys()], load }, servers)
  await stopAll(servers)
  return result
}

async function startAll(
  body: string,
  launches: readonly (readonly [name: string, launch: Launch])[],
): Promise<Map<string, Running>> {
  const started = launches.map(async ([name, launch]) => [name, await start(launch, body)] as const)
  return new Map(await Promise.all(started))
}

interface SetOptions extends Bench {
  readonly title: string
  readonly posted: Posted
  readonly names: readonly string[]
  readonly load: Load
}

async function takeSet(options: SetOptions, servers: ReadonlyMap<string, Running>): Promise<SetResult> {
  const { title, posted, names, load } = options
  const subjects: Subject[] = []
  for (const name of names) subjects.push(await subjectOf(name, posted, servers))
  // Compiles what is hot before anything is measured.
  const warm = await takeRounds(subjects, { ...load, rounds: 1, warmMs: 0, ms: options.quick ? 300 : 900 }, options)
  for (const [name, [first]] of warm) if (first?.errors) throw new Error(`${name}, ${title}: ${first.firstError}`)
  const samples = await takeRounds(subjects, load, options)
  const memory = new Map(subjects.map(({ name, running }) => [name, memoryOf(running.pids())]))
  return { title, load, samples, memory }
}

/** @throws Error when the server's answer is not the right one */
async function subjectOf(name: string, posted: Posted, servers: ReadonlyMap<string, Running>): Promise<Subject> {
  const running = servers.get(name === AGAIN ? ONE : name) as Running
  const { status, text } = await post(running.port, posted.body)
  const hand = await post((servers.get(HAND) as Running).port, posted.body)
  const wrong = status !== 200 ? `status ${status}: ${text}` : name !== BARE && mistake(text, posted, hand.text)
  if (wrong) throw new Error(`${name}, ${posted.name}: ${wrong}`)
  return { name, running, body: posted.body, expected: text }
}

export interface Start {
  readonly ms: number
  readonly memory: Memory
  /** The machine was not otherwise idle. */
  readonly dirty: boolean
}

/** Spawn to the first 200 for the documented request, one server at a time. */
export async function takeStarts({ main, against, guard }: Bench, times: number): Promise<Map<string, Start[]>> {
  const launches = new Map<string, Launch>([
    [HAND, handWritten(DEFAULT_MODEL)],
    [ONE, service(main, 1)],
    [TWO, service(main, 2)],
    ...(against === undefined ? [] : [[OTHER, service(against, 1)] as const]),
  ])
  const { body } = documented()
  const starts = new Map<string, Start[]>([...launches.keys()].map((name) => [name, []]))
  for (let i = 0; i < times; i++) {
    for (const [name, launch] of shuffled([...launches])) {
      const dirty = !(await guard.quiet())
      const running = await start(launch, body)
      starts.get(name)?.push({ ms: running.startedMs, memory: memoryOf(running.pids()), dirty })
      await running.stop()
    }
  }
  return starts
}
