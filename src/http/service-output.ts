import { Readable } from 'node:stream'
import type { Context, Middleware } from 'koa'
import { InferError } from '../errors.ts'
import { type JobOptions, readJob, runJob } from '../infernet/job.ts'
import type { Readiness } from '../readiness.ts'
import type { Engine, EngineRequest } from '../runtime/engine.ts'

export interface ServiceOutputOptions {
  readonly engine: Engine
  readonly readiness: Readiness
  readonly job: JobOptions
  readonly timeoutMs: number
}

/** `POST /service_output`: the Infernet door. */
export const serviceOutput =
  ({ engine, readiness, job: options, timeoutMs }: ServiceOutputOptions): Middleware =>
  async (ctx) => {
    const text = ctx.request.rawBody as string | undefined
    if (text === undefined)
      throw new InferError(
        'bad_request',
        `MIME type application/json expected; it is ${ctx.get('Content-Type') || 'missing'}`,
      )
    const served = readiness.open ?? (await readiness.served(timeoutMs))
    const job = await readJob(ctx.request.body, text, served, options)
    const abandoned = (): boolean => ctx.req.socket.destroyed
    if (job.stream) return stream(ctx, engine, { ...job.request, abandoned })
    const answer = await runJob(job, engine, abandoned)
    // By way of the response itself: Koa's delegated setters cost 2 us a request.
    ctx.response.set('Content-Type', 'application/json; charset=utf-8')
    ctx.response.body = answer
  }

/** The first chunk is awaited, so that a failure before it is still an error with its status. */
async function stream(ctx: Context, engine: Engine, request: EngineRequest): Promise<void> {
  const chunks = engine.stream(request)[Symbol.asyncIterator]()
  const first = await chunks.next()
  const all = async function* (): AsyncGenerator<string> {
    for (let chunk = first; !chunk.done; chunk = await chunks.next()) yield chunk.value
  }
  ctx.type = 'application/octet-stream'
  ctx.body = Readable.from(all(), { objectMode: false })
}
