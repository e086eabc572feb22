import { InferError, messageOf } from './errors.ts'
import { type Comparison, checkSamples, samplesPath } from './infernet/golden.ts'
import type { JobOptions } from './infernet/job.ts'
import type { Log } from './log.ts'
import type { Engine, Served } from './runtime/engine.ts'

/** Whether requests may be run: the workflow is set up, and its model gives what its golden samples say. */
export class Readiness {
  #served: Served | undefined
  #refusal: InferError | undefined
  #difference: number | undefined
  #draining = false
  readonly #decided: Promise<void>
  readonly #engine: Engine

  constructor(engine: Engine, options: JobOptions, log: Log) {
    this.#engine = engine
    this.#decided = this.#decide(engine, options, log)
  }

  /**
   * What is served. Requests that come before that is known wait here.
   * @throws InferError unavailable when the golden samples are not reproduced, or after `timeoutMs`
   */
  async served(timeoutMs: number): Promise<Served> {
    if (!this.#served && !this.#refusal) await this.#wait(timeoutMs)
    if (this.#refusal) throw this.#refusal
    return this.#served as Served
  }

  /** What is served, where requests need not wait. */
  get open(): Served | undefined {
    return this.#refusal ? undefined : this.#served
  }

  /** For `GET /ready`: undefined when ready. */
  get reason(): string | undefined {
    if (this.#draining) return 'the server is stopping'
    if (this.#refusal) return this.#refusal.message
    return this.#served
      ? this.#engine.status().reason
      : (this.#engine.status().reason ?? 'the golden samples are being checked')
  }

  /** What is served, or undefined until that is known. */
  get current(): Served | undefined {
    return this.#served
  }

  /** The largest difference from the golden samples; undefined where there are none. */
  get goldenDifference(): number | undefined {
    return this.#difference
  }

  get draining(): boolean {
    return this.#draining
  }

  drain(): void {
    this.#draining = true
  }

  async #wait(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new InferError('unavailable', `not ready: ${this.reason}`)), timeoutMs)
    })
    await Promise.race([this.#decided, late]).finally(() => clearTimeout(timer))
  }

  async #decide(engine: Engine, options: JobOptions, log: Log): Promise<void> {
    const served = await engine.served()
    try {
      const path = served.modelPath === undefined ? undefined : samplesPath(served.modelPath)
      const comparisons = path === undefined ? [] : await checkSamples(path, engine, options)
      if (comparisons.length > 0) this.#difference = Math.max(...comparisons.map(({ difference }) => difference))
      const failed = comparisons.find(({ failure }) => failure !== undefined)
      if (failed) this.#refusal = notReproduced(failed, path as string)
    } catch (error) {
      this.#refusal = new InferError('unavailable', messageOf(error))
    }
    if (this.#refusal) log.error('not ready', { reason: this.#refusal.message })
    else log.info('ready', { workflow: served.workflow, model: served.modelPath, goldenDifference: this.#difference })
    this.#served = served
  }
}

const notReproduced = ({ sample, method, failure }: Comparison, path: string): InferError =>
  new InferError(
    'unavailable',
    `the model does not reproduce its golden samples (${path}, sample ${sample}, ${method}): ${failure}`,
  )
