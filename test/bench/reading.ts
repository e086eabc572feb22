/**
 * How long reading a model file takes, as a ratio against Python's own `pickle.load`, `joblib.load`, `torch.load` of
 * the same file. Rounds of both in turn; of each round the best of three, as the first ones warm up.
 *
 *   BENCH_PYTHON=/path/to/python node --import tsx test/bench/reading.ts
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJoblib } from '../../src/formats/joblib.ts'
import { readTorch } from '../../src/formats/torch.ts'
import { contiguous } from '../../src/formats/torch-tensor.ts'
import { isTensor } from '../../src/formats/values.ts'
import { spread, table } from './report.ts'
import { summarize } from './stats.ts'

const SCRIPT = fileURLToPath(new URL('./reading.py', import.meta.url))
const TIMES = 3

function read(path: string): unknown {
  const bytes = readFileSync(path)
  if (!path.endsWith('.torch')) return readJoblib(bytes)
  const { value } = readTorch(bytes)
  return value instanceof Map ? [...value.values()].map((item) => (isTensor(item) ? contiguous(item) : item)) : value
}

function best(path: string): number {
  read(path)
  const each = Array.from({ length: TIMES }, () => {
    const start = performance.now()
    read(path)
    return performance.now() - start
  })
  return Math.min(...each)
}

/** A table, or why there is none. @param python from the variable BENCH_PYTHON */
export function readingText(python: string | undefined, rounds: number): string {
  if (!python) return 'reading is left out: BENCH_PYTHON names no Python with numpy, joblib, scikit-learn and torch'
  const folder = mkdtempSync(join(tmpdir(), 'reading-'))
  try {
    return `reading / Python's own, ${rounds} rounds in turn\n${table(measure(python, folder, rounds))}`
  } catch (error) {
    return `reading is left out: ${error instanceof Error ? error.message.trim().split('\n').at(-1) : error}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function measure(python: string, folder: string, rounds: number): string[][] {
  const call = (command: string): string => execFileSync(python, [SCRIPT, command, folder], { encoding: 'utf8' })
  call('make')
  const files = readdirSync(folder).sort()
  const ratios = new Map<string, number[]>(files.map((name) => [name, []]))
  const taken = new Map<string, number[]>(files.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const theirs = JSON.parse(call('time')) as Record<string, number>
    for (const name of files) {
      const ours = best(join(folder, name))
      ratios.get(name)?.push(ours / (theirs[name] as number))
      taken.get(name)?.push(ours)
    }
  }
  const row = (name: string): string[] => [
    name,
    (statSync(join(folder, name)).size / 1e6).toFixed(1),
    summarize(taken.get(name) ?? []).median.toFixed(1),
    spread(summarize(ratios.get(name) ?? [])),
  ]
  return [['', 'MB', 'ms', 'x Python'], ...files.map(row)]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${readingText(process.env.BENCH_PYTHON, 5)}\n`)
}
