/** One file on its way to a part on this disk: what is there of it, who is asked next, and is it right. */
import type { FileHandle } from 'node:fs/promises'
import type { Log } from '../log.ts'
import { NetworkError, TooSlow } from './guard.ts'
import { checkSize, type Origin, refusal } from './origin.ts'
import { AnswerError, DEFAULT_RETRY, gaveUp, mayPass, type RetryPolicy, waitBefore } from './retry.ts'
import { type Digest, findMismatch } from './verify.ts'

export interface Job {
  /** What it is, for sentences: `huggingface/owner/name:file`. */
  readonly label: string
  readonly target: string
  /** The folder that the target must be in, links resolved. */
  readonly root: string
  readonly size?: number | undefined
  /** Known before the download; what the servers say in their answers comes in addition. */
  readonly digests: readonly Digest[]
  /** Tried in turn; never empty. */
  readonly origins: readonly Origin[]
}

export interface Progress {
  readonly label: string
  readonly bytes: number
  readonly of: number | undefined
  /** The last that is told of this file: it is there, or it failed. */
  readonly ended: boolean
}

export interface TransferOptions {
  readonly log?: Log | undefined
  readonly retry?: RetryPolicy | undefined
  /** Instead of a log line, and once at the end. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly progressMs?: number | undefined
}

/** A connection that breaks again and again, but moves on each time, is used so often. */
const MAX_TRIES = 100

/** As often as an eye can follow, and as a log is worth reading. */
const BAR_MS = 100
const LOG_MS = 5000

export class WrongFile extends Error {}

export class Transfer {
  readonly #job: Job
  readonly #file: FileHandle
  readonly #retry: RetryPolicy
  readonly #ticker: NodeJS.Timeout
  readonly #onProgress: TransferOptions['onProgress']
  #origins: readonly Origin[]
  #answered: readonly Digest[] = []
  bytes: number

  constructor(job: Job, file: FileHandle, bytes: number, { retry, log, onProgress, progressMs }: TransferOptions) {
    this.#job = job
    this.#file = file
    this.#retry = retry ?? DEFAULT_RETRY
    this.#origins = job.origins
    this.bytes = bytes
    this.#onProgress = onProgress
    const tick = (): void => {
      if (onProgress) onProgress(this.#progress(false))
      else log?.info('downloading', { label: job.label, bytes: this.bytes, of: job.size })
    }
    this.#ticker = setInterval(tick, progressMs ?? (onProgress ? BAR_MS : LOG_MS))
    this.#ticker.unref()
  }

  end(): void {
    clearInterval(this.#ticker)
    this.#onProgress?.(this.#progress(true))
  }

  #progress(ended: boolean): Progress {
    return { label: this.#job.label, bytes: this.bytes, of: this.#job.size, ended }
  }

  /** From the first byte, and from another server where there is one. */
  async again(): Promise<void> {
    const [first, ...others] = this.#origins
    if (first) this.#origins = [...others, first]
    await this.restart()
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0)
    this.bytes = 0
  }

  /** Until all bytes are there. A try that brought bytes is no failed one, unless they trickled. */
  async run(): Promise<void> {
    const { size } = this.#job
    if (size !== undefined && this.bytes > size) await this.restart()
    let failures = 0
    for (let tries = 1; size === undefined || this.bytes !== size || size === 0; tries++) {
      const before = this.bytes
      const origin = this.#origins[(tries - 1) % this.#origins.length] as Origin
      try {
        return await this.#pull(origin)
      } catch (error) {
        if (!mayPass(error)) this.#drop(origin, error)
        failures = this.bytes > before && !(error instanceof TooSlow) ? 1 : failures + 1
        if (failures >= this.#retry.attempts || tries >= MAX_TRIES) throw gaveUp(tries, error)
        await waitBefore(failures, error, this.#retry)
      }
    }
  }

  /** One that refuses is not asked again; the last one's refusal is the answer. */
  #drop(origin: Origin, error: unknown): void {
    this.#origins = this.#origins.filter((other) => other !== origin)
    if (this.#origins.length > 0) return
    throw error instanceof AnswerError ? refusal(error, this.#job.label) : error
  }

  async #pull(origin: Origin): Promise<void> {
    const { size } = this.#job
    const piece = await origin.read(this.bytes)
    checkSize(piece, size, origin.label)
    if (piece.at !== this.bytes) await this.restart()
    this.#answered = piece.digests
    for await (const chunk of piece.body) {
      if (size !== undefined && this.bytes + chunk.length > size)
        throw new WrongFile(`${this.#job.label} has more than the ${size} bytes that it should have`)
      await this.#write(chunk)
    }
    const whole = size ?? piece.size
    if (whole !== undefined && this.bytes < whole)
      throw new NetworkError(`${origin.label} sent ${this.bytes} bytes of ${whole}`)
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await this.#file.write(chunk, at, chunk.length - at, this.bytes)
      at += bytesWritten
      this.bytes += bytesWritten
    }
  }

  /** What the job and the server that sent it say that the file must be, each once. */
  get digests(): readonly Digest[] {
    const all = [...this.#job.digests, ...this.#answered]
    return all.filter(({ hex }, i) => all.findIndex((other) => other.hex === hex) === i)
  }

  /** @throws WrongFile when nobody has said what the file should be */
  async mismatch(part: string): Promise<string | undefined> {
    const { label, size } = this.#job
    const known = this.digests
    if (known.length === 0)
      throw new WrongFile(`${label} cannot be verified: no digest of it is published; append #sha256=DIGEST`)
    const wrong = await findMismatch(part, known, size)
    return wrong && `${label} ${wrong}`
  }
}
