/**
 * One process at a time, among those that share a volume: a file that only one can create. A holder that died is known
 * by its process (same machine) or by a heartbeat that stopped (another container's processes cannot be seen).
 */
import { readFileSync } from 'node:fs'
import { link, open, readFile, rename, stat, unlink, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

export interface LockOptions {
  readonly heartbeatMs: number
  /** A lock that was not touched for so long belongs to nobody. */
  readonly staleMs: number
  readonly pollMs: number
}

export const DEFAULT_LOCK: LockOptions = { heartbeatMs: 5_000, staleMs: 30_000, pollMs: 100 }

/** Runs `work` while holding the lock; until then, `isMoot` may end the wait. False: it was moot. */
export async function withLock(
  path: string,
  { isMoot, work }: { isMoot: () => boolean; work: () => Promise<void> },
  options: LockOptions = DEFAULT_LOCK,
): Promise<boolean> {
  const mine = JSON.stringify({ pid: process.pid, started: startTime(process.pid), host: hostname(), at: Date.now() })
  while (!(await create(path, mine))) {
    if (isMoot()) return false
    if (!(await removeIfStale(path, options))) await sleep(options.pollMs)
  }
  const beat = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), options.heartbeatMs)
  try {
    await work()
    return true
  } finally {
    clearInterval(beat)
    if ((await readFile(path, 'utf8').catch(() => '')) === mine) await unlink(path).catch(() => {})
  }
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    await file.writeFile(text).finally(() => file.close())
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Moved aside first: of several that find it stale, one gets it, and whoever took a fresh one by mistake returns it. */
async function removeIfStale(path: string, { staleMs }: LockOptions): Promise<boolean> {
  const seen = await stat(path).catch(() => undefined)
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (seen === undefined || text === undefined) return true
  if (Date.now() - seen.mtimeMs < staleMs && !isDead(text)) return false
  const aside = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  try {
    await rename(path, aside)
    if ((await readFile(aside, 'utf8')) !== text) await link(aside, path).catch(() => {})
    await unlink(aside)
  } catch {
    // Another was faster.
  }
  return true
}

/** Certainly dead; an empty lock is one that is just being written, or whose writer died: the heartbeat decides. */
function isDead(text: string): boolean {
  try {
    const { pid, started, host } = JSON.parse(text) as { pid: number; started: string; host: string }
    return host === hostname() && startTime(pid) !== started
  } catch {
    return false
  }
}

/** When a process started, in the kernel's ticks, so that a pid that was given out again is told apart; '' when gone. */
function startTime(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return isAlive(pid) ? 'alive' : ''
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
