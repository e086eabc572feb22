/** What operators and requests say to name a model, in every generation's spelling, as one of three things. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createModelId, type ModelId, parseModelId } from '../codecs/model-id.ts'
import { InferError, messageOf, show } from '../errors.ts'

export type ModelReference =
  | { readonly path: string }
  | (IdDetails & { readonly id: ModelId })
  | { readonly url: URL; readonly sha256?: string }

/** What may be said of a model beside its id. */
export interface IdDetails {
  /** The digest that its file must have. */
  readonly sha256?: string
  /** Wallets that may have uploaded it to Arweave, where it is not the id's owner alone. */
  readonly owners?: readonly string[]
  /** The name that its uploads are tagged with, where it is not the id's name alone. */
  readonly repo?: string
}

export type Keywords = Readonly<Record<string, unknown>>

/** The services' names and numbers for a source; a name may come in any case. */
const SOURCES = new Map<string, ModelId['storage']>([
  ['0', 'local'],
  ['local', 'local'],
  ['1', 'arweave'],
  ['arweave', 'arweave'],
  ['2', 'huggingface'],
  ['huggingface_hub', 'huggingface'],
  ['huggingface', 'huggingface'],
])

/** The file that the classic services took from a repository, unless TORCH_MODEL_FILE_NAME named another. */
const DEFAULT_FILE_NAME = 'model.torch'

/**
 * The model that keyword arguments name: `model_id`; `model_source` with `model_args` or `load_args`; `model_name`; or
 * `model_path`. Undefined when they name none.
 * @throws InferError bad_model that says which keyword has which value
 */
export function readModelReference(keywords: Keywords): ModelReference | undefined {
  if (keywords.model_id !== undefined) return readModelId(keywords.model_id)
  if (keywords.model_source !== undefined || keywords.load_args !== undefined || keywords.model_args !== undefined) {
    return readSourceAndArguments(keywords)
  }
  if (keywords.model_path !== undefined) return { path: readPath('model_path', keywords.model_path) }
  if (keywords.model_name !== undefined) return readModelName(keywords.model_name, keywords.model_file_name)
  return undefined
}

function readModelId(value: unknown): ModelReference {
  if (typeof value !== 'string')
    throw new InferError('bad_model', `model_id is ${show(value)}; say storage/owner/name:file`)
  if (/^(?:[/~.]|file:)/.test(value)) return { path: expandPath(value) }
  const { id, ...pin } = splitPin(value)
  if (/^https?:/.test(id) && URL.canParse(id)) return { url: new URL(id), ...pin }
  return { id: asModelError(() => parseModelId(id), SPELLINGS), ...pin }
}

const SPELLINGS = 'say storage/owner/name[/version]:file, or a path that begins with / or ./'

function readPath(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '')
    throw new InferError('bad_model', `${name} is ${show(value ?? null)}; say the path of a file`)
  return expandPath(value)
}

/**
 * `storage/owner/name:file#sha256=…`: the digest that the file must have, behind the id.
 * @throws InferError bad_model when what is there is no digest
 */
export function splitPin(text: string): { id: string; sha256?: string } {
  const [, id, sha256] = /^(.*)#sha256=([0-9a-f]{64})$/i.exec(text) ?? []
  const [wrong] = id === undefined ? (/#sha256=.*$/i.exec(text) ?? []) : []
  if (wrong !== undefined) throw new InferError('bad_model', `the model id ends in ${show(wrong)}; say 64 hex digits`)
  return id === undefined || sha256 === undefined ? { id: text } : { id, sha256: sha256.toLowerCase() }
}

function readSourceAndArguments(keywords: Keywords): ModelReference {
  const given = keywords.load_args ?? keywords.model_args
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InferError('bad_model', `load_args (or model_args) is ${show(given ?? null)}; say a JSON object`)
  }
  const args = given as Keywords
  const path = args.model_path ?? args.path
  const named = keywords.model_source ?? (path === undefined ? 'huggingface' : 'local')
  const storage = SOURCES.get(
    String(named)
      .toLowerCase()
      .replace(/^modelsource\./, ''),
  )
  if (!storage)
    throw new InferError(
      'bad_model',
      `model_source is ${show(named)}; say local, arweave or huggingface_hub (or 0, 1, 2)`,
    )
  if (storage === 'local') {
    if (typeof path !== 'string' || path === '')
      throw new InferError('bad_model', `load_args of a local model is ${show(args)}; it needs model_path`)
    return { path: expandPath(path) }
  }
  if (args.repo_id === undefined)
    throw new InferError('bad_model', `load_args is ${show(args)}; it needs repo_id and filename`)
  if (storage === 'arweave' && args.owners !== undefined && args.owners !== null) return fromOwners(args)
  return { id: fromRepo(storage, args.repo_id, args.filename, args.version) }
}

/** The first Arweave uploads: `repo_id` is a tag and says nothing of the wallet, which `owners` does. */
function fromOwners({ repo_id: repo, filename, version, owners: given }: Keywords): ModelReference {
  const owners = typeof given === 'string' ? [given] : given
  if (!Array.isArray(owners) || owners.length === 0 || !owners.every(isText))
    throw new InferError('bad_model', `owners is ${show(given)}; say a list of wallet addresses`)
  if (typeof repo !== 'string' || repo === '')
    throw new InferError('bad_model', `repo_id is ${show(repo ?? null)}; say the name that the model was uploaded by`)
  const id = fromRepo('arweave', `${owners[0]}/${repo.replaceAll('/', '--')}`, filename, version)
  return { id, owners, repo }
}

const isText = (value: unknown): value is string => typeof value === 'string'

function readModelName(value: unknown, fileName: unknown): ModelReference {
  const text = String(value)
  if (/^[/~.]/.test(text)) return { path: expandPath(text) }
  return { id: fromRepo('huggingface', text, fileName ?? DEFAULT_FILE_NAME, undefined) }
}

function fromRepo(storage: ModelId['storage'], repo: unknown, file: unknown, version: unknown): ModelId {
  const [owner = '', name = '', ...more] = String(repo ?? '').split('/')
  if (!owner || !name || more.length > 0)
    throw new InferError('bad_model', `repo_id is ${show(repo ?? null)}; say owner/name`)
  if (typeof file !== 'string' || file === '')
    throw new InferError('bad_model', `filename is ${show(file ?? null)}; say the file in ${owner}/${name}`)
  return asModelError(() =>
    createModelId({ storage, owner, name, files: [file], ...(version ? { version: String(version) } : {}) }),
  )
}

/** Id mistakes are the operator's here, not a caller's. */
function asModelError(read: () => ModelId, hint = ''): ModelId {
  try {
    return read()
  } catch (error) {
    throw error instanceof InferError ? new InferError('bad_model', `${error.message}${hint && `; ${hint}`}`) : error
  }
}

/** `~` and `file:` as a shell and a browser read them; else relative to the working directory. */
export function expandPath(path: string): string {
  if (path.startsWith('file:')) return fromAddress(path)
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : resolve(path)
}

function fromAddress(address: string): string {
  try {
    return fileURLToPath(address)
  } catch (error) {
    throw new InferError('bad_model', `${address} names no file of this machine: ${messageOf(error)}`)
  }
}
