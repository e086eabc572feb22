/**
 * `npm run fuzz -- [FORMAT...] [--minutes N] [--cases N] [--seed N]`: mutants of the fixtures, in turn over all formats
 * or those named, a line a minute. `--cases` counts over all formats. What crashes, or takes over two seconds, is saved
 * among the fixtures and fails the run; a batch that does not come back is told by its seed.
 */
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FRONT_ENDS } from '../convert/script/front-ends.ts'
import { FINDS, type FuzzFormat, type FuzzReport, fuzz } from './fuzz.ts'
import { FUZZ_FORMATS } from './fuzz-formats.ts'

const FORMATS = [...FUZZ_FORMATS, ...FRONT_ENDS]
const CHILD = 'FUZZ_CHILD'
const BATCH = 2000
/** A batch takes some seconds; this is no slow one, but one that hangs. */
const HUNG_MS = 300_000
const LINE_MS = 60_000

interface Batch {
  readonly format: number
  readonly seed: number
}

const total = { cases: 0, read: 0, refused: 0, finds: 0, slowestMs: 0, rssMb: 0 }
const casesOf = new Map<string, number>()
const started = performance.now()

function runBatch({ format, seed }: Batch): FuzzReport {
  return fuzz(FORMATS[format] as FuzzFormat, BATCH, seed)
}

function count(name: string, { read, refused, slowestMs, finds }: FuzzReport): void {
  total.cases += BATCH
  total.read += read
  total.refused += refused
  total.finds += finds.length
  total.slowestMs = Math.max(total.slowestMs, slowestMs)
  casesOf.set(name, (casesOf.get(name) ?? 0) + BATCH)
  for (const { bytes, fault } of finds) {
    mkdirSync(FINDS, { recursive: true })
    const file = `${name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}.bin`
    writeFileSync(FINDS + file, bytes)
    print(`${file}: ${fault}`)
  }
}

function line(): string {
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  const { cases, read, refused, finds, slowestMs, rssMb } = total
  return `${minutes} min  ${cases} mutants  ${read} read  ${refused} refused  ${finds} finds  slowest ${slowestMs.toFixed(0)} ms  ${rssMb} MB`
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '10' },
      cases: { type: 'string', default: 'Infinity' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    },
  })
  const unknown = positionals.find((name) => !FORMATS.some((format) => format.name === name))
  if (unknown !== undefined) {
    const known = FORMATS.map(({ name }) => name).join(', ')
    process.stderr.write(`fuzz: ${unknown} is no format; there are ${known}\n`)
    process.exit(2)
  }
  const chosen = [...FORMATS.keys()].filter(
    (i) => positionals.length === 0 || positionals.includes(FORMATS[i]?.name ?? ''),
  )
  print(`seed ${values.seed}`)
  drive(chosen, Number(values.seed), { minutes: Number(values.minutes), cases: Number(values.cases) })
}

/** Gives a child one batch after the other: one that hangs, or dies, can be told by its seed. */
function drive(chosen: readonly number[], firstSeed: number, limit: { minutes: number; cases: number }): void {
  const child = fork(fileURLToPath(import.meta.url), {
    serialization: 'advanced',
    env: { ...process.env, [CHILD]: '1' },
  })
  let next = 0
  let batch: Batch
  let hung: NodeJS.Timeout
  const end = (): void => {
    print(line())
    for (const [name, cases] of casesOf) print(`  ${name.padEnd(14)}${cases}`)
    child.removeAllListeners('exit').kill('SIGKILL')
    process.exit(total.finds > 0 ? 1 : 0)
  }
  const lost = (what: string): void => {
    child.kill('SIGKILL')
    print(`${FORMATS[batch.format]?.name}: the batch of seed ${batch.seed} ${what}`)
    process.exit(1)
  }
  const send = (): void => {
    batch = { format: chosen[next % chosen.length] as number, seed: firstSeed + next++ }
    hung = setTimeout(() => lost('does not end'), HUNG_MS)
    child.send(batch)
  }
  child.on('exit', (code, signal) => lost(`ended the process (${signal ?? code})`))
  child.on('message', (message) => {
    const { report, rssMb } = message as { report: FuzzReport; rssMb: number }
    clearTimeout(hung)
    total.rssMb = rssMb
    count(FORMATS[batch.format]?.name ?? '', report)
    if (total.cases >= limit.cases || performance.now() - started >= limit.minutes * 60_000) end()
    else send()
  })
  setInterval(() => print(line()), LINE_MS)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
  send()
}

if (process.env[CHILD] === undefined) main()
else {
  process.on('message', (batch: Batch) => {
    const rssMb = (): number => Math.round(process.resourceUsage().maxRSS / 1024)
    process.send?.({ report: runBatch(batch), rssMb: rssMb() })
  })
}
