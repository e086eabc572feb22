/** `ritual_manifest.json`, which Ritual's tools put beside a model's files: their names and their digests. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { InferError } from '../errors.ts'
import { type Digest, sha256Digest } from './verify.ts'

export const MANIFEST = 'ritual_manifest.json'
/** A manifest lists a repository's files; what is larger is none. */
const MAX_MANIFEST_BYTES = 1 << 20

/** As `/service-resources` shows it; undefined when there is none that can be read. */
export function readManifest(directory: string): object | undefined {
  const path = join(directory, MANIFEST)
  try {
    if (statSync(path).size > MAX_MANIFEST_BYTES) return undefined
    const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof manifest === 'object' && manifest !== null ? manifest : undefined
  } catch {
    return undefined
  }
}

/** The files that it lists, but for those that no model id could name. */
export function manifestFiles(manifest: object): string[] {
  const { files } = manifest as { files?: unknown }
  return Array.isArray(files)
    ? files.filter((file): file is string => typeof file === 'string' && isNameable(file))
    : []
}

/** A comma or a colon would end the name in an id: such a file stays where it is, and the rest of its repository comes. */
export const isNameable = (file: string): boolean => !/[,:]/.test(file)

/** What it says of one file. @throws InferError bad_model when that is no sha256 */
export function manifestDigests(manifest: object | undefined, file: string): Digest[] {
  const { file_hashes: hashes } = (manifest ?? {}) as { file_hashes?: unknown }
  if (typeof hashes !== 'object' || hashes === null || !Object.hasOwn(hashes, file)) return []
  const hex: unknown = (hashes as Record<string, unknown>)[file]
  if (typeof hex !== 'string' || !/^[0-9a-f]{64}$/i.test(hex))
    throw new InferError('bad_model', `${MANIFEST} has no sha256 for ${file} in file_hashes`)
  return [sha256Digest(hex, MANIFEST)]
}
