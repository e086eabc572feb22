/**
 * Converted models on disk: one file a plan, named by the hash of what it was made of. Files are written beside their
 * name and renamed, so that a reader sees a whole one or none; each carries the hash of its own content, and one that
 * does not fit it counts as absent. A cache that cannot be written does no harm: it is only slower.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Raised whenever the same file and signature convert to something else. */
const VERSION = 2
const SUFFIX = '.plan'
/** `ICPL`, then the length of the header. */
const MAGIC = 0x4c504349
const PREFIX_BYTES = 8
/** A file that was being written when its process died. */
const STALE_MS = 3600 * 1000

export interface StoredPlan {
  /** Plain JSON. */
  readonly header: unknown
  readonly model: Uint8Array
}

export class PlanCache {
  readonly #folder: string
  readonly #maxBytes: number

  /** @param maxBytes what all files together may take: the least recently used are removed */
  constructor(folder: string, maxBytes: number) {
    this.#folder = folder
    this.#maxBytes = maxBytes
  }

  /** A plan's name: of the content of its file, and of what it was made for. */
  static nameOf(content: string, signature: string): string {
    return (
      createHash('sha256')
        .update(JSON.stringify([VERSION, content, signature]))
        .digest('hex') + SUFFIX
    )
  }

  async read(name: string): Promise<StoredPlan | undefined> {
    const path = join(this.#folder, name)
    try {
      const plan = decode(await readFile(path))
      const now = new Date()
      if (plan) await utimes(path, now, now).catch(() => {})
      return plan
    } catch {
      return undefined
    }
  }

  async write(name: string, plan: StoredPlan): Promise<void> {
    const path = join(this.#folder, name)
    const part = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.part`
    try {
      await makeFolder(this.#folder)
      const bytes = encode(plan)
      if (bytes.length > this.#maxBytes) return
      await this.#makeRoom(bytes.length)
      await writeFile(part, bytes, { flag: 'wx', mode: 0o600 })
      await rename(part, path)
    } catch {
      await rm(part, { force: true }).catch(() => {})
    }
  }

  /** Removes the least recently used until there is room for `bytes`, and what dead processes left. */
  async #makeRoom(bytes: number): Promise<void> {
    const found: { path: string; size: number; usedMs: number }[] = []
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name)
      const stats = await stat(path).catch(() => undefined)
      if (!stats?.isFile()) continue
      if (name.endsWith('.part') && name.includes(SUFFIX) && Date.now() - stats.mtimeMs > STALE_MS)
        await rm(path, { force: true })
      else if (name.endsWith(SUFFIX)) found.push({ path, size: stats.size, usedMs: stats.mtimeMs })
    }
    let total = bytes + found.reduce((sum, { size }) => sum + size, 0)
    for (const { path, size } of found.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= this.#maxBytes) return
      await rm(path, { force: true })
      total -= size
    }
  }
}

/** Node's own `recursive` never ends where a folder says ENOENT for what is made in it, as /proc does. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    await makeFolder(dirname(folder))
    await mkdir(folder)
  }
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function encode({ header, model }: StoredPlan): Buffer {
  const head = Buffer.from(JSON.stringify({ sha256: hashOf(model), header }))
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32LE(MAGIC, 0)
  prefix.writeUInt32LE(head.length, 4)
  return Buffer.concat([prefix, head, model])
}

function decode(bytes: Buffer): StoredPlan | undefined {
  if (bytes.length < PREFIX_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const end = PREFIX_BYTES + bytes.readUInt32LE(4)
  if (end > bytes.length) return undefined
  const { sha256, header } = JSON.parse(bytes.toString('utf8', PREFIX_BYTES, end)) as {
    sha256: string
    header: unknown
  }
  const model = new Uint8Array(bytes.subarray(end))
  return hashOf(model) === sha256 ? { header, model } : undefined
}
