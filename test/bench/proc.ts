/** What Linux says of processes and of the machine. Elsewhere everything is NaN or empty. */
import { readdirSync, readFileSync } from 'node:fs'

/** A process and all its descendants. */
export function tree(root: number): number[] {
  const pids = [root]
  for (let i = 0; i < pids.length; i++) {
    for (const task of list(`/proc/${pids[i]}/task`)) {
      const children = read(`/proc/${pids[i]}/task/${task}/children`)
      pids.push(...children.split(' ').filter(Boolean).map(Number))
    }
  }
  return pids
}

/** CPU time of all threads of these processes so far, in microseconds. */
export function cpuMicros(pids: readonly number[]): number {
  let nanos = 0
  for (const pid of pids) {
    for (const task of list(`/proc/${pid}/task`))
      nanos += Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0])
  }
  return nanos === 0 ? Number.NaN : nanos / 1000
}

export interface Memory {
  readonly pssMb: number
  readonly rssMb: number
}

/** Memory of these processes together; shared pages count once in PSS and in each process in RSS. */
export function memoryOf(pids: readonly number[]): Memory {
  const sum = (field: string): number => {
    const sizes = pids.map((pid) =>
      Number(new RegExp(`^${field}: +(\\d+)`, 'm').exec(read(`/proc/${pid}/smaps_rollup`))?.[1]),
    )
    return sizes.reduce((total, kb) => total + kb, 0) / 1024
  }
  return { pssMb: sum('Pss'), rssMb: sum('Rss') }
}

/** USER_HZ is 100 on every architecture that Node runs on. */
const TICK_MICROS = 10_000

/** CPU time that the whole machine has spent working, or the hypervisor elsewhere, in microseconds. */
function busyMicros(): number {
  const fields = read('/proc/stat').split('\n', 1)[0]?.split(/ +/).slice(1).map(Number) ?? []
  const [user = Number.NaN, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = fields
  return (user + nice + system + irq + softIrq + steal) * TICK_MICROS
}

/**
 * How many cores others than this bench and its children use, from now until the returned function is called.
 * No child may end in between.
 */
export function watchForeign(): () => number {
  const [startedAt, busy, own] = [performance.now(), busyMicros(), cpuMicros(tree(process.pid))]
  return () => {
    const elapsed = (performance.now() - startedAt) * 1000
    const foreign = busyMicros() - busy - (cpuMicros(tree(process.pid)) - own)
    return Math.max(0, foreign / elapsed)
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
