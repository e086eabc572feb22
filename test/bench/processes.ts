/** The processes of a run: servers and the loader, all ended when this one ends, however it ends. */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { LoadJob, LoadResult } from './loader.ts'
import { tree } from './proc.ts'
import { sleep } from './stats.ts'

/** How to start a server. `{port}` in an argument becomes its port. */
export interface Launch {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Running {
  readonly port: number
  /** From the spawn to the first answer with status 200. */
  readonly startedMs: number
  pids(): number[]
  stop(): Promise<void>
}

const START_MS = 20_000
/** How often a client that waits for the server tries again. */
const RETRY_MS = 3

const children = new Set<ChildProcess>()

function killAll(): void {
  for (const child of children) {
    if (child.pid === undefined) continue
    for (const pid of tree(child.pid)) kill(pid)
  }
  children.clear()
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

process.on('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

/** Starts a server and waits until it answers `body` with 200. It sees none of our environment but the path. */
export async function start({ args, env }: Launch, body: string): Promise<Running> {
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn(
    process.execPath,
    args.map((arg) => arg.replace('{port}', `${port}`)),
    { cwd: tmpdir(), env: { PATH: process.env.PATH, HOME: tmpdir(), ...env }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  children.add(child)
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk}`.slice(-2000)
  })
  const pid = child.pid as number
  while ((await statusOf(port, body)) !== 200) {
    if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended: ${complaint}`)
    if (performance.now() - startedAt > START_MS) throw new Error(`${args.join(' ')} does not answer: ${complaint}`)
    await sleep(RETRY_MS)
  }
  return { port, startedMs: performance.now() - startedAt, pids: () => tree(pid), stop: () => stop(child, pid) }
}

async function stop(child: ChildProcess, pid: number): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  for (const each of tree(pid)) kill(each)
  await ended
  children.delete(child)
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

export interface Answer {
  readonly status: number
  readonly text: string
}

/** On a connection of its own. */
export const post = (port: number, body: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/service_output',
      agent: false,
      timeout: START_MS,
    }
    const sent = request({ ...options, headers: { 'Content-Type': 'application/json' } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.on('error', reject)
    sent.end(body)
  })

const statusOf = (port: number, body: string): Promise<number> =>
  post(port, body).then(
    ({ status }) => status,
    () => 0,
  )

export interface Loader {
  readonly pid: number
  run(job: LoadJob): Promise<LoadResult>
}

export function startLoader(): Loader {
  const child = fork(fileURLToPath(new URL('loader.ts', import.meta.url)))
  children.add(child)
  child.unref()
  child.channel?.unref()
  const run = (job: LoadJob): Promise<LoadResult> =>
    new Promise((resolve, reject) => {
      child.channel?.ref()
      child.once('exit', (code) => reject(new Error(`the loader ended with ${code}`)))
      child.once('message', (result) => {
        child.channel?.unref()
        child.removeAllListeners('exit')
        resolve(result as LoadResult)
      })
      child.send(job)
    })
  return { pid: child.pid as number, run }
}

/** Keeps all threads of these processes on one core. False where `taskset` is not to be had. */
export function pin(pids: readonly number[], core: number): boolean {
  try {
    for (const pid of pids) execFileSync('taskset', ['-acp', `${core}`, `${pid}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
