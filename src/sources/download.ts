/** Files from other servers to this disk: resumed, retried, verified, and under their final name only when whole. */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { InferError } from '../errors.ts'
import { checkRoom, discard, inWords, openPart, prepareDirectory, publish, type WorkFiles, workFiles } from './disk.ts'
import { DEFAULT_LOCK, type LockOptions, withLock } from './lock.ts'
import { writeRecord } from './record.ts'
import { type Job, Transfer, type TransferOptions, WrongFile } from './transfer.ts'
import type { Usage } from './usage.ts'

export interface DownloaderOptions extends TransferOptions {
  readonly lock?: LockOptions | undefined
  /** Keeps room in the cache; undefined: as much as the disk has. */
  readonly usage?: Usage | undefined
  /** What is downloaded stays: the operator fetches it by name. */
  readonly keeps?: boolean | undefined
}

export interface DownloadCounts {
  downloads: number
  failures: number
  bytes: number
}

/** Downloads at a time, however many are asked for. */
const PARALLEL = 4

export class Downloader {
  /** Of this process so far. */
  readonly counts: DownloadCounts = { downloads: 0, failures: 0, bytes: 0 }
  readonly #options: DownloaderOptions
  readonly #running = new Map<string, Promise<void>>()
  readonly #waiting: (() => void)[] = []
  #free = PARALLEL

  constructor(options: DownloaderOptions = {}) {
    this.#options = options
  }

  /**
   * Resolves when the target is there. However many ask for it meanwhile, here or in other processes, it is downloaded
   * once.
   * @throws InferError bad_model when the file cannot be had or is wrong, unavailable when a server or the disk is at fault
   */
  download(job: Job): Promise<void> {
    const running = this.#running.get(job.target)
    if (running) return running
    const started = this.#inTurn(() => this.#run(job)).finally(() => this.#running.delete(job.target))
    this.#running.set(job.target, started)
    return started
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#free--
    try {
      await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  async #run(job: Job): Promise<void> {
    const directory = dirname(job.target)
    const files = workFiles(job.target, job.digests.map(({ hex }) => hex).join() || Math.random().toString())
    const isMoot = (): boolean => existsSync(job.target)
    try {
      if (isMoot()) return
      await prepareDirectory(directory, job.root)
      const work = async (): Promise<void> => (isMoot() ? undefined : this.#fetch(job, files))
      await withLock(files.lock, { isMoot, work }, this.#options.lock ?? DEFAULT_LOCK)
    } catch (error) {
      const worded = inWords(error, directory)
      this.counts.failures++
      this.#options.log?.error('a download failed', { label: job.label, reason: (worded as Error).message })
      throw worded
    }
  }

  async #fetch(job: Job, files: WorkFiles): Promise<void> {
    const startedAt = performance.now()
    const { file, size } = await openPart(files)
    const transfer = new Transfer(job, file, size, this.#options)
    const { usage, keeps: kept = false } = this.#options
    let release = (): void => {}
    try {
      release = (await usage?.reserve(job.size ?? 0)) ?? release
      if (job.size !== undefined) await checkRoom(dirname(job.target), job.size - size)
      await this.#whole(transfer, files.part)
      if (job.size === undefined) (await usage?.reserve(transfer.bytes))?.()
      await writeRecord(job.target, { digests: transfer.digests, together: [], kept })
      await publish(file, files.part, job.target)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      const useless = error instanceof WrongFile || transfer.bytes === 0
      if (useless || code === 'ENOSPC' || code === 'EDQUOT') await discard(files.part)
      throw error instanceof WrongFile ? new InferError('bad_model', error.message) : error
    } finally {
      release()
      transfer.end()
      await file.close()
    }
    this.counts.downloads++
    this.counts.bytes += transfer.bytes
    const ms = Math.round(performance.now() - startedAt)
    this.#options.log?.info('downloaded', { label: job.label, bytes: transfer.bytes, ms })
  }

  /** A wrong file is fetched once more from its beginning: what was wrong may have been the way here, or an old part. */
  async #whole(transfer: Transfer, part: string): Promise<void> {
    for (const last of [false, true]) {
      await transfer.run()
      const wrong = await transfer.mismatch(part)
      if (wrong === undefined) return
      if (last) throw new WrongFile(wrong)
      this.#options.log?.warn('a downloaded file is wrong; trying once more', { reason: wrong })
      await transfer.again()
    }
  }
}
