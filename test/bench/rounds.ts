/** Samples of several servers under load, interleaved, each taken while the machine is otherwise quiet if it can be. */
import type { LoadResult } from './loader.ts'
import { cpuMicros, watchForeign } from './proc.ts'
import type { Loader, Running } from './processes.ts'
import { type Summary, shuffled, sleep, summarize } from './stats.ts'

/** One server with one request. */
export interface Subject {
  readonly name: string
  readonly running: Running
  readonly body: string
  readonly expected: string
}

export interface Sample extends LoadResult {
  /** CPU time of all processes of the server. */
  readonly cpuMicrosPerRequest: number
  /** What the process that was started has of that; the rest is its children's. */
  readonly frontMicrosPerRequest: number
  /** Cores that others used meanwhile. */
  readonly foreignCores: number
  readonly dirty: boolean
}

export interface Load {
  readonly rounds: number
  readonly connections: number
  readonly warmMs: number
  readonly ms: number
}

/** What others may use of a core during a clean sample. */
export const FOREIGN_LIMIT = 0.12
const TAKES = 3
const LOOK_MS = 150

/** Spends time, of which there is a fixed sum, on waiting for quiet and on taking disturbed samples again. */
export class NoiseGuard {
  #leftMs: number

  constructor(budgetMs: number) {
    this.#leftMs = budgetMs
  }

  spend(ms: number): boolean {
    if (this.#leftMs < ms) return false
    this.#leftMs -= ms
    return true
  }

  /** Waits until others use little; false when the time for that is spent. */
  async quiet(): Promise<boolean> {
    do {
      const foreign = watchForeign()
      await sleep(LOOK_MS)
      if (foreign() < FOREIGN_LIMIT) return true
    } while (this.spend(LOOK_MS))
    return false
  }
}

/** A list of samples for each subject; the same index is the same round. */
export async function takeRounds(
  subjects: readonly Subject[],
  load: Load,
  { loader, guard }: { loader: Loader; guard: NoiseGuard },
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(subjects.map(({ name }) => [name, []]))
  for (let round = 0; round < load.rounds; round++) {
    for (const subject of shuffled(subjects)) {
      let best: Sample | undefined
      for (let take = 0; take < TAKES; take++) {
        if (take > 0 && !guard.spend(load.warmMs + load.ms)) break
        await guard.quiet()
        const sample = await takeSample(subject, load, loader)
        if (!best || sample.errors > 0 || sample.foreignCores < best.foreignCores) best = sample
        if (!best.dirty || best.errors > 0) break
      }
      samples.get(subject.name)?.push(best as Sample)
    }
  }
  return samples
}

async function takeSample({ running, body, expected }: Subject, load: Load, loader: Loader): Promise<Sample> {
  const { connections, warmMs, ms } = load
  const pids = running.pids()
  const foreign = watchForeign()
  const [front = -1, ...children] = pids
  const [frontCpu, childrenCpu] = [cpuMicros([front]), cpuMicros(children)]
  const result = await loader.run({ port: running.port, connections, warmMs, ms, body, expected })
  const frontMicrosPerRequest = (cpuMicros([front]) - frontCpu) / result.requests
  const childrenMicros = children.length === 0 ? 0 : cpuMicros(children) - childrenCpu
  const cpuMicrosPerRequest = frontMicrosPerRequest + childrenMicros / result.requests
  const foreignCores = foreign()
  const dirty = !(foreignCores < FOREIGN_LIMIT)
  return { ...result, cpuMicrosPerRequest, frontMicrosPerRequest, foreignCores, dirty }
}

export interface Ratio extends Summary {
  /** Whether it is made of enough undisturbed rounds, and of no others. */
  readonly clean: boolean
}

/** Undisturbed rounds that a verdict takes, and from how many on the disturbed ones are left out. */
const CLEAN_PAIRS = { verdict: 5, least: 3 }

/** Quotients within rounds. */
export function ratio(a: readonly Sample[], b: readonly Sample[], figure: keyof Sample = 'perSecond'): Ratio {
  const pairs = a.map((sample, round) => [sample, b[round] as Sample] as const)
  const clean = pairs.filter(([x, y]) => !x.dirty && !y.dirty)
  const kept = clean.length >= CLEAN_PAIRS.least ? clean : pairs
  const quotients = kept.map(([x, y]) => Number(x[figure]) / Number(y[figure]))
  return { ...summarize(quotients), clean: clean.length >= CLEAN_PAIRS.verdict }
}

/** A figure of one server, over the rounds that count. */
export function figureOf(samples: readonly Sample[], figure: keyof Sample): Summary {
  const clean = samples.filter(({ dirty }) => !dirty)
  const kept = clean.length >= CLEAN_PAIRS.least ? clean : samples
  return summarize(kept.map((sample) => Number(sample[figure])))
}
