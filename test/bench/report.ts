/** What was measured, as text. */
import { FOREIGN_LIMIT, figureOf, type Ratio, ratio, type Sample } from './rounds.ts'
import { AGAIN, BARE, HAND, ONE, OTHER, type SetResult, type Start } from './sets.ts'
import { type Summary, summarize } from './stats.ts'

const number = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '–')
export const spread = ({ median, q1, q3 }: Summary, digits = 2): string =>
  Number.isFinite(median) ? `${number(median, digits)} (${number(q1, digits)}–${number(q3, digits)})` : '–'

/** Columns as wide as their widest cell; the first is text, the rest are figures. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number))).join('  ')
  return rows.map((row) => `  ${line(row)}`).join('\n')
}

const samplesOf = (set: SetResult, name: string): readonly Sample[] => set.samples.get(name) ?? []

export function setText(set: SetResult): string {
  const { load, samples } = set
  const bare = samplesOf(set, BARE)
  const hand = samplesOf(set, HAND)
  const head = [
    '',
    'req/s [min–max]',
    'x bare',
    'x hand-written',
    'CPU us/req',
    'front',
    'p50 ms',
    'p99 ms',
    'PSS MB',
    'RSS MB',
  ]
  const rows = [...samples].map(([name, taken]) => {
    const each = (figure: keyof Sample): Summary => figureOf(taken, figure)
    const rate = each('perSecond')
    const memory = set.memory.get(name)
    return [
      name,
      `${number(rate.median, 0)} [${number(rate.min, 0)}–${number(rate.max, 0)}]`,
      bare.length > 0 && name !== BARE ? spread(ratio(taken, bare)) : '',
      name === HAND ? '' : spread(ratio(taken, hand)),
      number(each('cpuMicrosPerRequest').median, 1),
      number(each('frontMicrosPerRequest').median, 1),
      number(each('p50Ms').median, 3),
      number(each('p99Ms').median, 2),
      number(memory?.pssMb ?? Number.NaN, 0),
      number(memory?.rssMb ?? Number.NaN, 0),
    ]
  })
  const all = [...samples.values()].flat()
  const errors = all.reduce((sum, sample) => sum + sample.errors, 0)
  const dirty = all.filter((sample) => sample.dirty).length
  const title = `${set.title}: ${load.rounds} rounds of ${load.ms / 1000} s`
  return `${title}; ${errors} errors; ${dirty} of ${all.length} samples disturbed\n${table([head, ...rows])}`
}

export function startsText(starts: ReadonlyMap<string, readonly Start[]>): string {
  const rows = [...starts].map(([name, taken]) => [
    name,
    spread(summarize(taken.map(({ ms }) => ms)), 0),
    number(summarize(taken.map(({ memory }) => memory.pssMb)).median, 0),
    number(summarize(taken.map(({ memory }) => memory.rssMb)).median, 0),
  ])
  const all = [...starts.values()].flat()
  const dirty = all.filter((start) => start.dirty).length
  const title = `spawn to the first 200 for the documented request; ${dirty} of ${all.length} starts disturbed`
  return `${title}\n${table([['', 'ms', 'PSS MB', 'RSS MB'], ...rows])}`
}

export function foreignText(sets: readonly SetResult[]): string {
  const samples = sets.flatMap((set) => [...set.samples.values()].flat())
  const { median, max } = summarize(samples.map(({ foreignCores }) => foreignCores))
  return `CPU of others during samples: median ${number(median, 2)}, at most ${number(max, 2)} of a core (clean: below ${FOREIGN_LIMIT})`
}

/** Share of its rate by which one server may differ from itself. */
const NOISE_LIMIT = 0.08
const SAMPLES_FOR_VERDICT = 5

export interface Goal {
  readonly name: string
  readonly wanted: string
  readonly measured: string
  readonly verdict: 'PASS' | 'FALLS SHORT' | 'INCONCLUSIVE'
}

export function goals(sets: readonly SetResult[], starts: ReadonlyMap<string, readonly Start[]>): Goal[] {
  const [first] = sets as readonly [SetResult]
  const again = ratio(samplesOf(first, AGAIN), samplesOf(first, ONE))
  const steady = Math.abs(again.median - 1) <= NOISE_LIMIT
  const rate = ratio(samplesOf(first, ONE), samplesOf(first, HAND))
  const taken = starts.get(ONE) ?? []
  const quiet = taken.filter(({ dirty }) => !dirty)
  const clean = quiet.length >= SAMPLES_FOR_VERDICT
  const started = { ...summarize((clean ? quiet : taken).map(({ ms }) => ms / 1000)), clean }
  return [
    {
      name: 'service / hand-written, documented request, 1 worker, 32 connections, unpinned',
      wanted: '>= 0.5',
      measured: spread(rate),
      verdict: steady ? verdict(rate, (value) => value >= 0.5) : 'INCONCLUSIVE',
    },
    {
      name: 'spawn to first 200, 1 worker',
      wanted: '<= 0.6 s',
      measured: `${spread(started)} s`,
      verdict: verdict(started, (value) => value <= 0.6),
    },
  ]
}

/** The quartiles must agree, over enough undisturbed samples. */
function verdict({ q1, q3, count, clean }: Ratio, isMet: (value: number) => boolean): Goal['verdict'] {
  if (!clean || count < SAMPLES_FOR_VERDICT || isMet(q1) !== isMet(q3)) return 'INCONCLUSIVE'
  return isMet(q1) ? 'PASS' : 'FALLS SHORT'
}

export function comparisonsText(sets: readonly SetResult[]): string {
  const [first] = sets as readonly [SetResult]
  const again = ratio(samplesOf(first, AGAIN), samplesOf(first, ONE))
  const noisy = Math.abs(again.median - 1) > NOISE_LIMIT
  const lines = [
    `the same server against itself: ${spread(again)}${noisy ? '; this run is too noisy to judge by' : ''}`,
  ]
  for (const set of sets.filter(({ samples }) => samples.has(OTHER))) {
    const [other, one] = [samplesOf(set, OTHER), samplesOf(set, ONE)]
    const cpu = ratio(other, one, 'cpuMicrosPerRequest')
    lines.push(`other build / this one, ${set.title}: req/s ${spread(ratio(other, one), 3)}, CPU ${spread(cpu, 3)}`)
  }
  return lines.join('\n')
}

export const goalsText = (list: readonly Goal[]): string =>
  list.map((goal) => `${goal.verdict}: ${goal.name} ${goal.wanted}: measured ${goal.measured}`).join('\n')
