/** Trying again: which failures may pass by themselves, and how long to wait for that. */
import { setTimeout as sleep } from 'node:timers/promises'
import { InferError } from '../errors.ts'
import { type GuardedResponse, NetworkError } from './guard.ts'

export interface RetryPolicy {
  /** Tries in all. */
  readonly attempts: number
  /** The longest wait before the second try; it doubles with each. */
  readonly baseMs: number
  readonly capMs: number
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 6, baseMs: 500, capMs: 20_000 }

/** The longest that a server may make us wait by Retry-After. */
const MAX_RETRY_AFTER_MS = 60_000
const PASSING = [408, 425, 429, 500, 502, 503, 504]

/** Another server answered, but not with what was asked for. */
export class AnswerError extends Error {
  readonly status: number
  readonly retryAfterMs: number

  constructor({ url, status, headers }: Pick<GuardedResponse, 'url' | 'status' | 'headers'>) {
    super(`${url.host} answers ${status} for ${url.pathname}`)
    this.status = status
    this.retryAfterMs = readRetryAfter(headers['retry-after'])
  }
}

/** A server did not answer, or not as it should, in all the tries that it was given: it may be asked again later. */
export class Unreachable extends InferError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options)
  }
}

/** Seconds, or a date; no more than a minute. */
function readRetryAfter(value: string | undefined): number {
  if (value === undefined) return 0
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS)
}

export const mayPass = (error: unknown): boolean =>
  error instanceof NetworkError || (error instanceof AnswerError && PASSING.includes(error.status))

/** Full jitter: anything up to the bound, so that those who failed together do not come back together. */
export function waitBefore(attempt: number, error: unknown, { baseMs, capMs }: RetryPolicy, signal?: AbortSignal) {
  const jitter = Math.random() * Math.min(capMs, baseMs * 2 ** (attempt - 1))
  const asked = error instanceof AnswerError ? error.retryAfterMs : 0
  return sleep(asked + jitter, undefined, { signal })
}

/** Tries until it works, or fails in a way that will not pass. @throws InferError unavailable after the last try */
export async function retrying<T>(policy: RetryPolicy, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!mayPass(error)) throw error
      if (attempt >= policy.attempts) throw gaveUp(attempt, error)
      await waitBefore(attempt, error, policy)
    }
  }
}

export const gaveUp = (attempts: number, error: unknown): Unreachable =>
  new Unreachable(`${(error as Error).message}, after ${attempts} tries`, { cause: error })
