import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readManifest } from './manifest.ts'

/** storage / owner / name / version. */
const DEPTH = 4
/** The answer must come within the node's second, so a cache of more is listed in part. */
const MAX_MODELS = 1000

/** The repositories in a cache volume that have a manifest, as `/service-resources` lists them. */
export function cachedModels(cacheDirectory: string): object[] {
  const found: object[] = []
  const visit = (directory: string, path: readonly string[]): void => {
    if (found.length >= MAX_MODELS) return
    if (path.length === DEPTH) {
      const manifest = readManifest(directory)
      if (manifest) found.push({ type: 'ModelArtifact', manifest, repo_id: repoId(path) })
      return
    }
    for (const entry of entries(directory))
      if (entry.isDirectory()) visit(join(directory, entry.name), [...path, entry.name])
  }
  visit(cacheDirectory, [])
  return found
}

const repoId = (path: readonly string[]): string => (path[DEPTH - 1] === 'default' ? path.slice(0, -1) : path).join('/')

function entries(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}
