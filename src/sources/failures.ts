/** What failed lately, so that a hub that is slow or gone is not asked again for every request. */
import type { InferError } from '../errors.ts'
import { Unreachable } from './retry.ts'

/** A failure is the answer to further requests for so long; twice as long each time in a row. */
const REMEMBER = { firstMs: 5000, mostMs: 60_000 }
/** Requests may name what they like; what is beyond this many was asked for once and is not missed. */
const MAX_REMEMBERED = 1000

/** The last failure of each model, while it is fresh. */
export class Failures {
  readonly #firstMs: number
  readonly #known = new Map<string, { error: unknown; count: number; untilMs: number }>()

  constructor(firstMs: number = REMEMBER.firstMs) {
    this.#firstMs = firstMs
  }

  /** Why it failed just now; undefined when it may be tried. */
  recall(key: string): unknown {
    const known = this.#known.get(key)
    return known && performance.now() < known.untilMs ? known.error : undefined
  }

  remember(key: string, error: unknown): void {
    const count = (this.#known.get(key)?.count ?? 0) + 1
    const waitMs = Math.min(this.#firstMs * 2 ** (count - 1), REMEMBER.mostMs)
    this.#known.delete(key)
    this.#known.set(key, { error, count, untilMs: performance.now() + waitMs })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest)
  }

  forget(key: string): void {
    this.#known.delete(key)
  }
}

export interface BreakerOptions {
  /** Failures in a row, each after all its tries, until the hub is left alone. */
  readonly failures: number
  /** For how long; twice as long each time that it still fails then. */
  readonly restMs: number
  readonly mostMs: number
}

const DEFAULT_BREAKER: BreakerOptions = { failures: 5, restMs: 30_000, mostMs: 300_000 }

/** Leaves a hub alone that fails again and again; then one question is let through to see whether it is back. */
export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #openUntilMs = 0
  #probing = false
  #last = ''

  constructor(options: BreakerOptions = DEFAULT_BREAKER) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#failures >= this.#options.failures
  }

  /** @throws InferError unavailable, without doing the work, while the hub is left alone */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const probes = this.isOpen
    if (probes) {
      this.#refuse(name)
      this.#probing = true
    }
    try {
      const result = await work()
      this.#failures = 0
      return result
    } catch (error) {
      this.#note(error as InferError)
      throw error
    } finally {
      if (probes) this.#probing = false
    }
  }

  #refuse(name: string): void {
    const waitMs = this.#openUntilMs - performance.now()
    if (waitMs <= 0 && !this.#probing) return
    const when = waitMs > 0 ? `in ${Math.ceil(waitMs / 1000)} s` : 'just now'
    throw new Unreachable(`${name} failed ${this.#failures} times in a row and is asked again ${when}: ${this.#last}`)
  }

  /** A refusal is an answer; a full disk of ours says nothing of the hub. */
  #note(error: InferError): void {
    if (!(error instanceof Unreachable)) {
      if (error.code === 'bad_model') this.#failures = 0
      return
    }
    this.#failures++
    this.#last = error.message
    const { failures, restMs, mostMs } = this.#options
    if (!this.isOpen) return
    this.#openUntilMs = performance.now() + Math.min(restMs * 2 ** (this.#failures - failures), mostMs)
  }
}
