/** The models on this machine: files by path, and the cache volume that Ritual's services fill and share. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { formatModelId, type ModelId } from '../codecs/model-id.ts'
import { InferError } from '../errors.ts'
import { expandPath, type ModelReference } from './model-reference.ts'

export const DEFAULT_CACHE_DIRECTORY = '~/.cache/ritual'

/** `<cache>/<storage>/<owner>/<name>/<version|default>/`, as the G3 services lay it out. */
const cachedDirectory = (cache: string, { storage, owner, name, version }: ModelId): string =>
  join(expandPath(cache), storage, owner, name, version ?? 'default')

/**
 * The file of a model: an id's first file that is in the cache.
 * @throws InferError bad_model that names the path looked at
 */
export function findModelFile(reference: ModelReference, cache: string): string {
  if ('path' in reference) {
    if (!isFile(reference.path)) throw new InferError('bad_model', `the model file ${reference.path} does not exist`)
    return reference.path
  }
  const { id } = reference
  const directory = cachedDirectory(cache, id)
  if (id.files.length === 0)
    throw new InferError('bad_model', `the model id ${formatModelId(id)} names no file; append :FILE`)
  const file = id.files.map((name) => join(directory, name)).find(isFile)
  if (file === undefined) {
    throw new InferError(
      'bad_model',
      `${formatModelId(id)} is not in the cache (${directory}); downloading is not built yet`,
    )
  }
  return file
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
