/** What can go wrong, by who has to act. `http/errors.ts` alone decides which status each code gets. */
export type ErrorCode =
  /** The caller's mistake: the message names the path and the value. */
  | 'bad_request'
  /** The body is larger than the configured limit. */
  | 'too_large'
  /** No such route. */
  | 'not_found'
  /** The route exists, the method does not. */
  | 'method_not_allowed'
  /** The body is encoded in a way that is not read. */
  | 'unsupported_media'
  /** The model file is missing, broken or of a kind that is not served. */
  | 'bad_model'
  /** No answer before the deadline. */
  | 'timeout'
  /** The server has no room, is not ready, or is stopping. */
  | 'unavailable'
  /** Our own fault; the cause is logged, never answered. */
  | 'internal'

/** An error whose message may be shown to the caller. Anything else thrown is `internal`. */
export class InferError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'InferError'
    this.code = code
  }
}

/** The message of whatever was thrown. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

const SHOWN_CHARS = 60

/** A value from outside as it may stand in a sentence: JSON, cut short, never a whole payload. */
export function show(value: unknown): string {
  const text = written(value)
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text
}

function written(value: unknown): string {
  try {
    return JSON.stringify(value, withBigints)?.replace(/"(-?\d+)n"/g, '$1') ?? String(value)
  } catch (error) {
    if (error instanceof RangeError) return 'nested too deep to be shown'
    throw error
  }
}

const withBigints = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value)
