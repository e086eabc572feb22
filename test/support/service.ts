import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readConfig } from '../../src/config.ts'
import { createApp } from '../../src/http/app.ts'
import { listen } from '../../src/http/server.ts'
import { createLog } from '../../src/log.ts'
import { Readiness } from '../../src/readiness.ts'
import type { Pool } from '../../src/runtime/pool.ts'
import { startServing } from '../../src/serving.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body. */
  readonly body: Record<string, unknown>
}

export interface Service {
  readonly url: string
  readonly engine: Pool
  readonly logs: string[]
  /** Waits until GET /ready says so. */
  ready(): Promise<Service>
  post(body: unknown, headers?: Record<string, string>): Promise<Answer>
  get(path: string): Promise<Answer>
  fetch(path: string, init?: RequestInit): Promise<Answer>
  close(): Promise<void>
}

/** The whole service on an ephemeral port of this process, with its inference children. */
export async function startService(
  env: NodeJS.ProcessEnv = {},
  onFatal: (error: Error) => void = () => {},
): Promise<Service> {
  const config = readConfig(env)
  const logs: string[] = []
  const log = createLog('info', (line) => logs.push(line))
  const { engine, job, resolver } = startServing(config, { PATH: process.env.PATH, ...env }, { log, onFatal })
  const readiness = new Readiness(engine, job, log)
  const app = createApp({
    engine,
    readiness,
    log,
    job,
    bodyLimitBytes: config.BODY_LIMIT_BYTES,
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    accessLog: config.accessLog,
    resolver,
  })
  const [server] = (await listen(app, [{ host: '127.0.0.1', port: 0 }])) as [Server]
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const request = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(url + path, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: parsed(text) }
  }
  const service: Service = {
    url,
    engine,
    async ready() {
      await readiness.served(30_000)
      return service
    },
    logs,
    fetch: request,
    get: (path) => request(path),
    post: (body, headers = { 'Content-Type': 'application/json' }) =>
      request('/service_output', {
        method: 'POST',
        headers,
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await engine.close()
    },
  }
  return service
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
