/**
 * Which downloaded files are in use, and room for more within a limit of bytes: what was unused for longest goes first.
 *
 * A record's time of change is both the clock and the lease: what any server used within LEASE_MS stays, and each server
 * renews it for what it has open. Only files with a record are counted or removed: the rest of the volume is not ours.
 */
import { lstatSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { InferError } from '../errors.ts'
import type { Log } from '../log.ts'
import {
  type DownloadRecord,
  isRecord,
  OWN_PREFIX,
  parseRecord,
  recordPath,
  removeRecorded,
  touchRecord,
} from './record.ts'

export interface UsageOptions {
  /** The cache. */
  readonly root: string
  /** What downloaded files may take together; 0: what the disk has. */
  readonly limitBytes: number
  /** Whether an inference process has the file open. */
  readonly isOpen?: ((path: string) => boolean) | undefined
  readonly log?: Log | undefined
}

/** From a request's look-up to its model's opening, and three missed renewals of another server. */
const LEASE_MS = 300_000
const RENEW_MS = 60_000
/** A record without its file is that of a download under way, or of one that was given up. */
const ORPHAN_MS = 24 * 3600 * 1000

interface Found extends DownloadRecord {
  readonly path: string
  readonly bytes: number
  readonly usedAtMs: number
}

export class Usage {
  readonly #options: UsageOptions
  /** The configured model, and what is being downloaded, with how often. */
  readonly #held = new Map<string, number>()
  readonly #used = new Map<string, number>()
  readonly #reserved = new Set<{ readonly bytes: number }>()
  #turn: Promise<unknown> = Promise.resolve()
  evicted = 0

  constructor(options: UsageOptions) {
    this.#options = options
    setInterval(() => this.#renew(), RENEW_MS).unref()
  }

  /** A file was looked up for somebody who will open it. */
  async use(path: string): Promise<void> {
    const now = Date.now()
    if (now - (this.#used.get(path) ?? 0) < RENEW_MS) return
    this.#used.set(path, now)
    await touchRecord(path)
  }

  /** Keeps a file, there or not yet, until the returned function is called. */
  hold(path: string): () => void {
    this.#held.set(path, (this.#held.get(path) ?? 0) + 1)
    return () => {
      const left = (this.#held.get(path) ?? 1) - 1
      if (left > 0) this.#held.set(path, left)
      else this.#held.delete(path)
    }
  }

  /**
   * Makes room for a download of so many bytes, and keeps it until the returned function is called.
   * @throws InferError unavailable when all that could go is in use
   */
  async reserve(bytes: number): Promise<() => void> {
    const reservation = { bytes }
    const turn = this.#turn.then(async () => {
      if (this.#options.limitBytes > 0) await this.#makeRoom(bytes)
      this.#reserved.add(reservation)
    })
    this.#turn = turn.catch(() => {})
    await turn
    return () => void this.#reserved.delete(reservation)
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { limitBytes, root, log } = this.#options
    if (bytes > limitBytes)
      throw new InferError('unavailable', `${bytes} bytes are more than the cache ${root} may take (${limitBytes})`)
    const reserved = [...this.#reserved].reduce((sum, reservation) => sum + reservation.bytes, 0)
    const { found, partBytes } = await this.#scan()
    let taken = partBytes + reserved + found.reduce((sum, file) => sum + file.bytes, 0)
    const groups = groupsOf(found)
      .filter((group) => !group.some((file) => this.#isInUse(file)))
      .map((files) => ({ files, usedAtMs: Math.max(...files.map(({ usedAtMs }) => usedAtMs)) }))
      .sort((a, b) => a.usedAtMs - b.usedAtMs)
    for (const { files, usedAtMs } of groups) {
      if (taken + bytes <= limitBytes) return
      if (files.some((file) => this.#isInUse({ ...file, usedAtMs: usedAt(file.path) }))) continue
      for (const file of files) {
        await removeRecorded(file.path)
        taken -= file.bytes
        this.#used.delete(file.path)
        this.evicted++
        const lastUse = new Date(usedAtMs).toISOString()
        log?.info('removed from the cache', { file: relative(root, file.path), bytes: file.bytes, lastUse })
      }
    }
    if (taken + bytes > limitBytes)
      throw new InferError(
        'unavailable',
        `the cache ${root} has no room for ${bytes} bytes more: ${taken} of ${limitBytes} (CACHE_LIMIT_BYTES) are in use`,
      )
  }

  #isInUse({ path, usedAtMs, kept }: Found): boolean {
    const { isOpen = () => false } = this.#options
    return kept || Date.now() - usedAtMs < LEASE_MS || this.#held.has(path) || isOpen(path)
  }

  /** Whatever our own limit is: another server on the cache may have one. */
  #renew(): void {
    const { isOpen = () => false } = this.#options
    for (const path of this.#held.keys()) void touchRecord(path)
    for (const path of [...this.#used.keys()]) {
      if (isOpen(path)) void touchRecord(path)
      else this.#used.delete(path)
    }
  }

  /** All records of the cache, and what downloads of other processes have on the disk so far. */
  async #scan(): Promise<{ found: Found[]; partBytes: number }> {
    const found: Found[] = []
    let partBytes = 0
    const entries = await readdir(this.#options.root, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (!entry.isFile() || !entry.name.startsWith(OWN_PREFIX)) continue
      const path = join(entry.parentPath, entry.name)
      if (entry.name.endsWith('.part') && !entry.name.includes(`-${process.pid}-`)) partBytes += sizeOf(path)
      const file = isRecord(entry.name) ? await readFound(path) : undefined
      if (file) found.push(file)
    }
    return { found, partBytes }
  }
}

async function readFound(ofRecord: string): Promise<Found | undefined> {
  const record = parseRecord(ofRecord)
  if (!record) return undefined
  const path = join(dirname(ofRecord), record.file)
  const usedAtMs = usedAt(path)
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats && Date.now() - usedAtMs > ORPHAN_MS) await removeRecorded(path)
  return stats?.isFile() ? { ...record, path, bytes: stats.size, usedAtMs } : undefined
}

/** A model and what it needs go together. */
function groupsOf(found: readonly Found[]): Found[][] {
  const byPath = new Map(found.map((file) => [file.path, file]))
  const neighbours = new Map<string, Set<string>>(found.map(({ path }) => [path, new Set()]))
  for (const { path, together } of found)
    for (const other of together.map((name) => join(dirname(path), name))) {
      if (!byPath.has(other)) continue
      neighbours.get(path)?.add(other)
      neighbours.get(other)?.add(path)
    }
  const groups: Found[][] = []
  for (const [start] of neighbours) {
    const group = new Set([start])
    for (const path of group) {
      for (const other of neighbours.get(path) ?? []) group.add(other)
      neighbours.delete(path)
    }
    groups.push([...group].flatMap((path) => byPath.get(path) ?? []))
  }
  return groups
}

const usedAt = (path: string): number => statSync(recordPath(path), { throwIfNoEntry: false })?.mtimeMs ?? 0

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
