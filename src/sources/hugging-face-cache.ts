/** The cache that Python's huggingface_hub keeps, read as it is: `models--owner--name/{refs,snapshots}`. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { ModelId } from '../codecs/model-id.ts'

const COMMIT = /^[0-9a-f]{40}$/

/**
 * The folder of the commit that the id's version stands for, by what the cache last knew; undefined when there is none.
 * `cache`: HF_HUB_CACHE, or `hub` in HF_HOME.
 */
function snapshotOf({ owner, name, version = 'main' }: ModelId, cache: string): string | undefined {
  const repository = join(cache, `models--${owner}--${name}`)
  const commit = COMMIT.test(version) ? version : textOf(join(repository, 'refs', version))?.trim()
  return commit !== undefined && COMMIT.test(commit) ? join(repository, 'snapshots', commit) : undefined
}

/** A file of the id in such a cache: its links lead to `blobs`, and must lead no further than the cache. */
export function findSnapshotFile(id: ModelId, file: string, cache: string): string | undefined {
  const snapshot = snapshotOf(id, cache)
  if (id.storage !== 'huggingface' || snapshot === undefined) return undefined
  const path = join(snapshot, file)
  return isInside(path, cache) && statSync(path).isFile() ? path : undefined
}

/** The names of the files that lie in the snapshot itself. */
export function snapshotFiles(id: ModelId, cache: string): string[] {
  const snapshot = id.storage === 'huggingface' ? snapshotOf(id, cache) : undefined
  try {
    return snapshot === undefined ? [] : readdirSync(snapshot)
  } catch {
    return []
  }
}

/** Whether a path, its links followed, is under a folder; false when it is not there. */
export function isInside(path: string, root: string): boolean {
  try {
    return realpathSync(path).startsWith(realpathSync(root) + sep)
  } catch {
    return false
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
