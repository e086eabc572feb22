/** The models on this machine: the cache volume that Ritual's services fill and share, and Hugging Face's own cache. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { formatModelId, type ModelId } from '../codecs/model-id.ts'
import { InferError } from '../errors.ts'
import { findSnapshotFile, snapshotFiles } from './hugging-face-cache.ts'
import { MANIFEST, manifestFiles, readManifest } from './manifest.ts'
import { OWN_PREFIX } from './record.ts'

export const DEFAULT_CACHE_DIRECTORY = '~/.cache/ritual'

/** Which file of a repository is the model, where the id does not say: the first kind that there is one file of. */
const MODEL_SUFFIXES = ['.onnx', '.torch', '.pt', '.pth', '.skops', '.joblib', '.pkl', '.ubj', '.cbm', '.safetensors']

/** `<cache>/<storage>/<owner>/<name>/<version|default>/`, as the G3 services lay it out. */
export const cachedDirectory = (cache: string, { storage, owner, name, version }: ModelId): string =>
  join(cache, storage, owner, name, version ?? 'default')

/** The file of a model: an id's first file that is there; undefined when none is. `hubCache`: Hugging Face's own. */
export function findCachedFile(id: ModelId, cache: string, hubCache?: string): string | undefined {
  const directory = cachedDirectory(cache, id)
  const files = id.files.length > 0 ? id.files : modelsIn(directory)
  const file = files.map((name) => join(directory, name)).find(isFile)
  if (file !== undefined || hubCache === undefined) return file
  const names = id.files.length > 0 ? id.files : modelAmong(snapshotFiles(id, hubCache))
  return names.map((name) => findSnapshotFile(id, name, hubCache)).find((path) => path !== undefined)
}

/** A repository without a manifest that says what belongs to it may be half of one, so its model is not known. */
function modelsIn(directory: string): string[] {
  const manifest = readManifest(directory)
  const files = manifest ? manifestFiles(manifest) : []
  return files.every((file) => isFile(join(directory, file))) ? modelAmong(files) : []
}

const modelAmong = (files: readonly string[]): string[] => {
  const kinds = MODEL_SUFFIXES.map((suffix) => files.filter((file) => file.endsWith(suffix)))
  const [first = []] = kinds.filter(({ length }) => length > 0)
  return first.length === 1 ? first : []
}

/** The model in a repository that is here as a whole. @throws InferError bad_model when that is not to be told */
export function chooseModel(id: ModelId, cache: string): string {
  const directory = cachedDirectory(cache, id)
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name !== MANIFEST && !basename(name).startsWith(OWN_PREFIX) && isFile(join(directory, name)),
  )
  const [model] = modelAmong(names)
  if (model !== undefined) return join(directory, model)
  const some = names.slice(0, 10).join(', ')
  throw new InferError('bad_model', `the model id ${formatModelId(id)} names no file; append one of :${some}`)
}

export function checkFile(path: string): string {
  if (isFile(path)) return path
  const why = existsSync(path) ? 'is no file' : 'does not exist'
  throw new InferError('bad_model', `the model file ${path} ${why}`)
}

export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}
