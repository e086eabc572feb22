import { randomBytes } from 'node:crypto'
import type { Middleware } from 'koa'
import type { Log } from '../log.ts'
import type { Readiness } from '../readiness.ts'
import type { Metrics } from './metrics.ts'

export interface RequestsOptions {
  readonly log: Log
  readonly metrics: Metrics
  readonly readiness: Readiness
  /** Whether every request is logged, not only what failed. */
  readonly accessLog: boolean
}

/** Refused requests may come thousands of times a second; more lines than this tell nothing new. */
const REFUSALS_LOGGED_PER_SECOND = 20

/** Gives every request an id, counts it, and logs it: failures always, the rest when asked. Never its body. */
export function requests({ log, metrics, readiness, accessLog }: RequestsOptions): Middleware {
  const prefix = randomBytes(4).toString('hex')
  let count = 0
  let second = 0
  let logged = 0
  const mayLog = (): boolean => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) [second, logged] = [now, 0]
    return ++logged <= REFUSALS_LOGGED_PER_SECOND
  }
  return async (ctx, next) => {
    const startedAtMs = performance.now()
    const given = ctx.get('X-Request-Id')
    const requestId = /^[\w.:-]{1,64}$/.test(given) ? given : `${prefix}-${(++count).toString(36)}`
    ctx.state.requestId = requestId
    ctx.set('X-Request-Id', requestId)
    await next()
    if (readiness.draining) ctx.set('Connection', 'close')
    const { method, path, status } = ctx
    const elapsedMs = performance.now() - startedAtMs
    if (path === '/service_output' && method === 'POST') metrics.count(status, elapsedMs / 1000)
    const failed = status >= 400
    if (!accessLog && !(failed && (status >= 500 || mayLog()))) return
    const fields = { requestId, method, path, status, elapsedMs: Math.round(elapsedMs * 1000) / 1000 }
    const level = status >= 500 && status !== 503 ? 'error' : 'info'
    log[level](failed ? 'a request was refused' : 'a request was answered', fields)
    // The sentence may quote the request, so it is for those who ask for it.
    if (failed) log.debug('why a request was refused', { requestId, problem: ctx.state.problem })
  }
}
