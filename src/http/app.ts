import Router from '@koa/router'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import { InferError } from '../errors.ts'
import type { JobOptions } from '../infernet/job.ts'
import type { Log } from '../log.ts'
import type { Readiness } from '../readiness.ts'
import type { Engine } from '../runtime/engine.ts'
import type { Resolver } from '../sources/resolver.ts'
import { answerErrors } from './errors.ts'
import { health, index, metricsText, ready } from './health.ts'
import { Metrics } from './metrics.ts'
import { requests } from './requests.ts'
import { serviceOutput } from './service-output.ts'
import { serviceResources } from './service-resources.ts'

export interface AppOptions {
  readonly engine: Engine
  readonly readiness: Readiness
  readonly log: Log
  readonly job: JobOptions
  readonly bodyLimitBytes: number
  readonly timeoutMs: number
  readonly accessLog: boolean
  readonly resolver: Resolver
}

const NOT_FOUND =
  'The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.'
const NOT_ALLOWED = 'The method is not allowed for the requested URL.'

/** The HTTP service over an engine; it listens to nothing by itself. */
export function createApp(options: AppOptions): Koa {
  const { engine, readiness, log, job, bodyLimitBytes, timeoutMs, accessLog, resolver } = options
  const metrics = new Metrics()
  const router = new Router()
  router.get('/', index(readiness))
  router.get('/health', health)
  router.get('/ready', ready(readiness))
  router.get('/metrics', metricsText(metrics, engine, readiness, resolver))
  router.get('/service-resources', serviceResources(readiness, resolver))
  router.post('/service_output', readJson(bodyLimitBytes), serviceOutput({ engine, readiness, job, timeoutMs }))

  const app = new Koa()
  // `answerErrors` has answered and logged by the time Koa would print; what is left is a client that hung up.
  app.silent = true
  app.use(requests({ log, metrics, readiness, accessLog }))
  app.use(answerErrors(log))
  app.use(router.routes())
  app.use(allow(router))
  return app
}

/** Any JSON document; what it must be, the envelope says. */
const readJson = (limitBytes: number): Koa.Middleware =>
  bodyParser({
    enableTypes: ['json'],
    extendTypes: { json: ['application/json', 'application/*+json'] },
    jsonLimit: `${limitBytes}b`,
    strict: false,
  })

/** What no route has taken: OPTIONS, another method of a known path, or an unknown path. */
const allow =
  (router: Router): Koa.Middleware =>
  async (ctx) => {
    if (ctx.body !== undefined || ctx.status !== 404) return
    const methods = router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods)
    if (methods.length === 0) throw new InferError('not_found', NOT_FOUND)
    ctx.set('Allow', [...new Set([...methods, 'OPTIONS'])].join(', '))
    if (ctx.method !== 'OPTIONS') throw new InferError('method_not_allowed', NOT_ALLOWED)
    ctx.status = 200
    ctx.body = ''
  }
