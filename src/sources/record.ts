/**
 * What is remembered of a download: a hidden file beside it. Its text says what the file must be, its time of change
 * when the file was last used; so all servers on a cache know both, and what has no record is not ours to remove.
 */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { rename, rm, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { Digest } from './verify.ts'

export interface DownloadRecord {
  /** The name of the file beside it. */
  readonly file: string
  /** Everything that it was found to agree with. */
  readonly digests: readonly Digest[]
  /** What makes a model only together with it, as paths from its folder. */
  readonly together: readonly string[]
  /** The operator fetched it by name: it stays. */
  readonly kept: boolean
}

/** What stands before the names that are ours in a folder of a cache; no file of a repository may have such a one. */
export const OWN_PREFIX = '.download-'
const RECORD = /^\.download-[0-9a-f]{16}\.json$/
/** A record of a repository with as many files as a hub's may have; what is larger is none. */
const MAX_RECORD_BYTES = 4 << 20

export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

export const recordPath = (file: string): string =>
  join(dirname(file), `${OWN_PREFIX}${shortHash(basename(file))}.json`)

export const isRecord = (name: string): boolean => RECORD.test(name)

/** The record of a file; undefined where there is none, or none that can be read. */
export const readRecord = (file: string): DownloadRecord | undefined => parseRecord(recordPath(file))

/** As `readRecord`, by the record's own path, which must be the one that its file has. */
export function parseRecord(path: string): DownloadRecord | undefined {
  try {
    if (statSync(path).size > MAX_RECORD_BYTES) return undefined
    const { file, digests, together, kept } = Object(JSON.parse(readFileSync(path, 'utf8')))
    if (typeof file !== 'string' || basename(file) !== file) return undefined
    if (recordPath(join(dirname(path), file)) !== path) return undefined
    return { file, digests: listOf(digests, isDigest), together: listOf(together, isText), kept: kept === true }
  } catch {
    return undefined
  }
}

const listOf = <T>(value: unknown, is: (item: unknown) => item is T): T[] =>
  Array.isArray(value) ? value.filter(is) : []

const isText = (value: unknown): value is string => typeof value === 'string'

function isDigest(value: unknown): value is Digest {
  const { algorithm, hex, from } = Object(value)
  return (algorithm === 'sha256' || algorithm === 'git-sha1') && typeof hex === 'string' && typeof from === 'string'
}

/** Writes a file's record, whole or not at all. */
export async function writeRecord(file: string, record: Omit<DownloadRecord, 'file'>): Promise<void> {
  const path = recordPath(file)
  const fresh = path.replace(/\.json$/, `-record-${process.pid}-${Math.random().toString(36).slice(2)}.part`)
  await writeFile(fresh, JSON.stringify({ file: basename(file), ...record }))
  await rename(fresh, path)
}

/** Says that the file was used just now; a read-only cache forgets it. */
export const touchRecord = (file: string): Promise<void> =>
  utimes(recordPath(file), new Date(), new Date()).catch(() => {})

/** Removes a downloaded file and then its record, so that no file is left without one. */
export async function removeRecorded(file: string): Promise<void> {
  await rm(file, { force: true })
  await rm(recordPath(file), { force: true })
}

/** Says of a model's files that they belong together: each names the model, which names them all. */
export async function linkRecords(model: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const record = readRecord(file)
    if (!record) continue
    const others = (file === model ? files : [model]).filter((other) => other !== file)
    const names = others.map((other) => relative(dirname(file), other))
    const together = [...new Set([...record.together, ...names])]
    if (together.length > record.together.length) await writeRecord(file, { ...record, together })
  }
}

/** Marks a file, and all that belongs to it, as one that stays; what has no record stays anyhow. */
export async function keepRecorded(file: string): Promise<void> {
  const record = readRecord(file)
  for (const path of [file, ...(record?.together ?? []).map((name) => join(dirname(file), name))]) {
    const found = readRecord(path)
    if (found && !found.kept) await writeRecord(path, { ...found, kept: true })
  }
}
