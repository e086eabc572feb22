/**
 * Which model: `{storage}/{owner}/{name}[/{version}][:{file}[,{file}]]`, and its ABI form (infernet contract 3.4, 4.4).
 *
 * Limits on untrusted input: every part becomes a folder, a file name or a piece of an address, so no part may leave
 * its place (`..`, slashes, `%2e`), look like an option (`-x`), hide (control and formatting characters) or be longer
 * than a file name may be; the list of files is bounded too.
 */
import { show } from '../errors.ts'
import * as abi from './abi.ts'
import { notA, refusal } from './refusal.ts'

/** By number, in G2 and G3. */
export const STORAGES = ['local', 'arweave', 'huggingface'] as const
export type Storage = (typeof STORAGES)[number]

export interface ModelId {
  readonly storage: Storage
  readonly owner: string
  readonly name: string
  readonly version?: string
  /** What to take of the repository, first match first; empty when the id does not say. */
  readonly files: readonly string[]
}

/** A model id in parts that nobody has looked at; an empty version is none. */
interface ModelIdParts {
  readonly storage: string
  readonly owner: string
  readonly name: string
  readonly version?: string | undefined
  readonly files: readonly string[]
}

const MAX_FILES = 100
const MAX_PART_BYTES = 255
const WHAT = 'a model id'

/** What follows a second colon is dropped, as upstream does. */
export function parseModelId(text: string): ModelId {
  const [repo = '', files = ''] = text.split(':', 2)
  const [storage = '', owner = '', name = '', version, ...rest] = repo.split('/', 6)
  if (name === '' || rest.length > 0) throw refusal(`Invalid unique id: ${bare(text)}`)
  if (version === '') throw refusal(`the version of model id ${show(text)} is empty`)
  return createModelId({ storage, owner, name, version, files: filesOf(files) })
}

export function formatModelId({ storage, owner, name, version, files }: ModelId): string {
  const repo = [storage, owner, name, version].filter((part) => part !== undefined).join('/')
  return files.length === 0 ? repo : `${repo}:${files.join(',')}`
}

/** Checks every part. */
export function createModelId({ storage, owner, name, version, files }: ModelIdParts): ModelId {
  const known = STORAGES.find((candidate) => candidate === storage)
  if (known === undefined) throw refusal(`'${bare(storage)}' is not a valid StorageId`)
  if (files.length > MAX_FILES) throw refusal(`a model id names more than ${MAX_FILES} files`)
  checkPart('owner', owner)
  checkPart('name', name)
  if (version) checkPart('version', version)
  for (const file of files) checkFile(file)
  return { storage: known, owner, name, ...(version ? { version } : {}), files }
}

/** `(bytes repo, string "file1,file2")`. */
export const encodeModelId = (id: ModelId): string =>
  abi.encode(['bytes', 'string'], [encodeRepoId(id), id.files.join(',')])

/** `(uint8 storage, string owner, string name, string version)`. */
export const encodeRepoId = ({ storage, owner, name, version }: ModelId): string =>
  abi.encode(['uint8', 'string', 'string', 'string'], [BigInt(STORAGES.indexOf(storage)), owner, name, version ?? ''])

export function decodeModelId(hex: string): ModelId {
  const [repo, files] = abi.decode(['bytes', 'string'], hex, WHAT)
  const [number, owner, name, version] = abi.decode(['uint8', 'string', 'string', 'string'], repo, WHAT)
  const storage = STORAGES[Number(number)]
  if (storage === undefined) throw notA(WHAT, `its storage is ${number}, not 0 to 2`)
  return createModelId({ storage, owner, name, version, files: filesOf(files) })
}

/** One more than allowed at most, so that a list of a million is not built only to be refused. */
const filesOf = (text: string): string[] => (text === '' ? [] : text.split(',', MAX_FILES + 1))

/** A file may lie in a folder of the repository, as `onnx/model.onnx` does. */
function checkFile(file: string): void {
  for (const part of file.split('/')) checkPart('file', part, file)
  if (Buffer.byteLength(file) > MAX_PART_BYTES) throw tooLong('file', file)
}

function checkPart(what: string, part: string, shown = part): void {
  const refuse = (why: string) => refusal(`the ${what} ${show(shown)} of a model id ${why}`)
  if (part === '' || part === '.' || part === '..') throw refuse('has an empty, "." or ".." part')
  if (part.startsWith('-')) throw refuse('starts with "-"')
  if (/[/\\%:,]|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(part)) throw refuse('has a character that is not allowed in it')
  if (Buffer.byteLength(part) > MAX_PART_BYTES) throw tooLong(what, shown)
}

const tooLong = (what: string, part: string) =>
  refusal(`the ${what} ${show(part)} of a model id is longer than ${MAX_PART_BYTES} bytes`)

/** As `show`, without its quotes: the sentences upstream has for these do not quote. */
const bare = (text: string): string => show(text).replace(/^"|"$/g, '')
