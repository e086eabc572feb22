/**
 * The load: a process that keeps N connections busy, each with one request in flight (closed loop), over bare sockets.
 * It knows just enough HTTP for answers with a Content-Length, and compares every answer with the one expected.
 */
import { connect, type Socket } from 'node:net'
import { quantile } from './stats.ts'

export interface LoadJob {
  readonly port: number
  readonly connections: number
  /** Requests of this time are sent and not measured. */
  readonly warmMs: number
  readonly ms: number
  readonly body: string
  /** The body of every right answer. */
  readonly expected: string
}

export interface LoadResult {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the whole run, the warm-up included: what the server's CPU time is divided by. */
  readonly requests: number
  readonly errors: number
  readonly firstError?: string
}

const CONNECT_MS = 3000
/** How long the last answers may take. */
const TAIL_MS = 5000

class Run {
  readonly request: Buffer
  readonly expected: Buffer
  readonly latencies: number[] = []
  requests = 0
  errors = 0
  firstError: string | undefined
  measureFrom = 0
  measureTo = 0
  open = 0

  constructor(job: LoadJob) {
    const head = [
      'POST /service_output HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(job.body)}`,
    ]
    this.request = Buffer.from(`${head.join('\r\n')}\r\n\r\n${job.body}`)
    this.expected = Buffer.from(job.expected)
  }

  fail(message: string): void {
    this.errors++
    this.firstError ??= message
  }
}

class Connection {
  readonly #run: Run
  readonly #socket: Socket
  #sentAt = 0
  #held: Buffer | undefined

  constructor(run: Run, socket: Socket) {
    this.#run = run
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('close', () => this.#closed())
    socket.on('error', (error) => run.fail(error.message))
  }

  send(): void {
    this.#sentAt = performance.now()
    this.#socket.write(this.#run.request)
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk
    const headEnd = bytes.indexOf('\r\n\r\n')
    const head = headEnd < 0 ? '' : bytes.toString('latin1', 0, headEnd)
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (headEnd < 0 || bytes.length < headEnd + 4 + length) {
      this.#held = bytes
      return
    }
    this.#held = undefined
    this.#answered(head, bytes.subarray(headEnd + 4))
  }

  #answered(head: string, body: Buffer): void {
    const run = this.#run
    const now = performance.now()
    run.requests++
    if (!head.startsWith('HTTP/1.1 200 ')) run.fail(`${head.split('\r\n')[0]}: ${body.toString().slice(0, 200)}`)
    else if (!body.equals(run.expected)) run.fail(`another answer: ${body.toString().slice(0, 200)}`)
    else if (now >= run.measureFrom && now < run.measureTo) run.latencies.push(now - this.#sentAt)
    if (now < run.measureTo) this.send()
    else this.#socket.destroy()
  }

  #closed(): void {
    this.#run.open--
    if (performance.now() < this.#run.measureTo) this.#run.fail('the server closed a connection')
  }
}

async function load(job: LoadJob): Promise<LoadResult> {
  const run = new Run(job)
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => open(job.port)))
  run.open = sockets.length
  run.measureFrom = performance.now() + job.warmMs
  run.measureTo = run.measureFrom + job.ms
  for (const socket of sockets) new Connection(run, socket).send()
  while (run.open > 0 && performance.now() < run.measureTo + TAIL_MS) await new Promise((wake) => setTimeout(wake, 5))
  if (run.open > 0) run.fail(`${run.open} requests were never answered`)
  for (const socket of sockets) socket.destroy()
  const sorted = Float64Array.from(run.latencies).sort()
  return {
    perSecond: sorted.length / (job.ms / 1000),
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    requests: run.requests,
    errors: run.errors,
    ...(run.firstError !== undefined && { firstError: run.firstError }),
  }
}

const open = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const timer = setTimeout(() => socket.destroy(new Error('no connection in time')), CONNECT_MS)
    socket.once('error', reject)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', reject)
      resolve(socket)
    })
  })

process.on('message', (job: LoadJob) => {
  load(job).then(
    (result) => process.send?.(result),
    (error: Error) =>
      process.send?.({ perSecond: 0, p50Ms: 0, p99Ms: 0, requests: 0, errors: 1, firstError: error.message }),
  )
})
process.on('disconnect', () => process.exit(0))
