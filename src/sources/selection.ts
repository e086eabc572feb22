/** Which of a hub's files are wanted for a model id. */
import { createModelId, formatModelId, type ModelId } from '../codecs/model-id.ts'
import { InferError, messageOf } from '../errors.ts'
import { isNameable, MANIFEST, manifestFiles } from './manifest.ts'
import type { RemoteFile } from './repository.ts'

/** A file of a repository, and the name that it gets here. */
export interface Wanted {
  readonly name: string
  readonly file: RemoteFile
}

/** Those of the id's files that the repository has, by path or, as Ritual's services look them up, by base name. */
export function pick(id: ModelId, listed: readonly RemoteFile[]): Wanted[] {
  const found = id.files.flatMap((name) => {
    const file = listed.find(({ path }) => path === name) ?? listed.find(({ path }) => path.endsWith(`/${name}`))
    return file ? [{ name, file }] : []
  })
  if (found.length > 0) return found
  const some = listed.slice(0, 10).map(({ path }) => path)
  throw new InferError(
    'bad_model',
    `${formatModelId(id)} does not exist; the repository has ${some.join(', ') || 'no files'}`,
  )
}

/**
 * What the manifest lists; without one, all but hidden files. Every name is checked before any is used; one with
 * a comma or a colon is left out.
 */
export function everything(id: ModelId, listed: readonly RemoteFile[], manifest: object | undefined): Wanted[] {
  const names = manifest ? manifestFiles(manifest) : listed.map(({ path }) => path).filter(isNameable)
  for (const name of names) checkName(id, name)
  return names
    .filter((name) => manifest || !name.startsWith('.'))
    .map((name) => {
      const file = listed.find(({ path }) => path === name)
      if (file) return { name, file }
      throw new InferError('bad_model', `${formatModelId(id)} lists ${name} in ${MANIFEST}, but does not have it`)
    })
}

/** A repository's own names must be such as an id could name. */
function checkName(id: ModelId, name: string): void {
  try {
    createModelId({ ...id, version: id.version, files: [name] })
  } catch (error) {
    throw new InferError('bad_model', `${formatModelId(id)} has a file that is not taken: ${messageOf(error)}`)
  }
}
