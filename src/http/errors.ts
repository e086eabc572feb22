import { STATUS_CODES } from 'node:http'
import type { Middleware } from 'koa'
import { type ErrorCode, InferError, messageOf } from '../errors.ts'
import type { Log } from '../log.ts'

// A new ErrorCode does not compile until it has a status here.
const STATUS = {
  bad_request: 400,
  not_found: 404,
  method_not_allowed: 405,
  too_large: 413,
  unsupported_media: 415,
  internal: 500,
  bad_model: 500,
  unavailable: 503,
  timeout: 504,
} as const satisfies Record<ErrorCode, number>

/**
 * The one shape of every answer that is no success: the node takes an object whose `code` is a string other than "200"
 * for a failure, and delivers anything else.
 */
export const errorBody = (status: number, description: string): string =>
  JSON.stringify({ code: `${status}`, name: STATUS_CODES[status] ?? 'Unknown Error', description })

const SURPRISE =
  'The server encountered an internal error and was unable to complete your request. Its log has the cause under this request id.'

/** Turns whatever is thrown below into that shape; what was not foreseen is logged and not told. */
export const answerErrors =
  (log: Log): Middleware =>
  async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const known = knownError(error)
      if (!known)
        log.error('a request failed unexpectedly', {
          requestId: ctx.state.requestId,
          stack: (error as Error)?.stack ?? String(error),
        })
      const status = known ? STATUS[known.code] : 500
      ctx.status = status
      ctx.type = 'application/json'
      ctx.body = errorBody(status, known?.message ?? SURPRISE)
      ctx.state.problem = known?.message ?? messageOf(error)
      if (status === 503) ctx.set('Retry-After', '1')
      // What is left of the body would be read as the next request.
      if (status === 413) ctx.set('Connection', 'close')
    }
  }

/** Ours, or the body parser's, which carry a 4xx status. */
function knownError(error: unknown): InferError | undefined {
  if (error instanceof InferError) return error
  const { status } = error as { status?: number }
  if (status === 413) return new InferError('too_large', 'the body is larger than this server reads (BODY_LIMIT_BYTES)')
  if (status === 415) return new InferError('unsupported_media', messageOf(error))
  if (status === undefined || status < 400 || status >= 500) return undefined
  return new InferError('bad_request', `the body cannot be read: ${messageOf(error).slice(0, 200)}`)
}
