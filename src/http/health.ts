import type { Middleware } from 'koa'
import type { Readiness } from '../readiness.ts'
import type { Engine } from '../runtime/engine.ts'
import type { Resolver } from '../sources/resolver.ts'
import { errorBody } from './errors.ts'
import type { Metrics } from './metrics.ts'

/** `GET /`: what is served. */
export const index =
  (readiness: Readiness): Middleware =>
  (ctx) => {
    const served = readiness.current
    ctx.body = {
      message: served?.message ?? 'The workflow is being set up',
      ready: readiness.reason === undefined,
      ...(served && {
        workflow: served.workflow,
        ...(served.modelPath !== undefined && { model: served.modelPath.split('/').at(-1) }),
        inputs: served.inputs,
        outputs: served.outputs,
        ...(served.methods.length > 0 && { methods: served.methods }),
      }),
      ...(readiness.goldenDifference !== undefined && { golden_difference: readiness.goldenDifference }),
    }
  }

/** `GET /health`: the process is alive. */
export const health: Middleware = (ctx) => {
  ctx.body = { status: 'ok' }
}

/** `GET /ready`: the model is loaded and reproduces its golden samples, or why not. */
export const ready =
  (readiness: Readiness): Middleware =>
  (ctx) => {
    const { reason } = readiness
    ctx.type = 'application/json'
    ctx.status = reason === undefined ? 200 : 503
    ctx.body = reason === undefined ? JSON.stringify({ status: 'ready' }) : errorBody(503, reason)
  }

/** `GET /metrics`, for Prometheus. */
export const metricsText =
  (metrics: Metrics, engine: Engine, readiness: Readiness, resolver: Resolver): Middleware =>
  (ctx) => {
    ctx.type = 'text/plain; version=0.0.4'
    ctx.body = metrics.text(engine.status(), resolver.status(), readiness.goldenDifference)
  }
