import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Bounds {
  readonly timeoutMs: number
  /** Of the whole process, what it starts with included. */
  readonly memoryBytes: number
  readonly outputBytes: number
}

export type BoundedResult =
  | { readonly kind: 'done'; readonly output: Buffer }
  | { readonly kind: 'over'; readonly limit: 'time' | 'memory' | 'output' }
  | { readonly kind: 'failed'; readonly how: string; readonly stderr: string }

const POLL_MS = 20
const PAGE_BYTES = 4096
const MAX_STDERR = 4096

/**
 * Runs a module of ours in a process of its own, with a file as its standard input, and kills it when it takes more
 * than it may. It has no environment, so no secrets. Memory is watched where the system tells it (Linux); elsewhere
 * only the heap is bounded.
 */
export function runBounded(module: string, input: number, bounds: Bounds): Promise<BoundedResult> {
  const heapMb = Math.ceil(bounds.memoryBytes / 1024 / 1024)
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, ...process.execArgv, module], {
    env: {},
    stdio: [input, 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  let size = 0
  let stderr = ''
  let over: 'time' | 'memory' | 'output' | undefined
  const kill = (limit: 'time' | 'memory' | 'output'): void => {
    over ??= limit
    child.kill('SIGKILL')
  }
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > bounds.outputBytes) kill('output')
    else chunks.push(chunk)
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < MAX_STDERR) stderr += chunk.toString()
  })
  const timer = setTimeout(() => kill('time'), bounds.timeoutMs)
  const poll = setInterval(() => {
    if (residentBytes(child.pid) > bounds.memoryBytes) kill('memory')
  }, POLL_MS)
  return new Promise((done) => {
    const end = (result: BoundedResult): void => {
      clearTimeout(timer)
      clearInterval(poll)
      done(over === undefined ? result : { kind: 'over', limit: over })
    }
    child.on('error', (error) => end({ kind: 'failed', how: error.message, stderr }))
    child.on('close', (code, signal) => {
      if (code === 0) end({ kind: 'done', output: Buffer.concat(chunks) })
      // V8 ends the process so when its heap is full.
      else if (/heap out of memory|Array buffer allocation failed/.test(stderr)) end({ kind: 'over', limit: 'memory' })
      else end({ kind: 'failed', how: signal === null ? `exit code ${code}` : `signal ${signal}`, stderr })
    })
  })
}

/** 0 where it is not told. */
function residentBytes(pid: number | undefined): number {
  try {
    const [, resident = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return Number(resident) * PAGE_BYTES
  } catch {
    return 0
  }
}
