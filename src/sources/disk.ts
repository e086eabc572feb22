/** The folder of a cache that downloads land in: temporary files beside the final name, and a disk's refusals in words. */
import { randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import {
  access,
  type FileHandle,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { InferError } from '../errors.ts'
import { OWN_PREFIX, shortHash } from './record.ts'

/** What a crashed process left is taken up again for so long, then removed. */
const KEEP_PARTS_MS = 24 * 3600 * 1000
const PART = /^\.download-[0-9a-f]{16}-.*\.part$/

/** The names that a download uses beside `target`. `content` tells one content of it from another. */
export interface WorkFiles {
  readonly lock: string
  readonly part: string
  /** Parts of the same content by other, dead processes begin so. */
  readonly kin: string
}

export function workFiles(target: string, content: string): WorkFiles {
  const directory = dirname(target)
  const own = `${OWN_PREFIX}${shortHash(basename(target))}`
  const kin = `${own}-${shortHash(content)}-`
  const lock = join(directory, `${own}.lock`)
  return { lock, kin, part: join(directory, `${kin}${process.pid}-${randomBytes(4).toString('hex')}.part`) }
}

/** Makes the folder, and makes sure before that no link leads it out of `root`. */
export async function prepareDirectory(directory: string, root: string): Promise<void> {
  await makeDirectory(root)
  const [real, realRoot] = await Promise.all([realpath(nearest(directory)), realpath(root)])
  if (real !== realRoot && !real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep))
    throw new InferError('bad_model', `${directory} is a link out of the cache ${root}`)
  await makeDirectory(directory)
  await sweep(directory)
}

/** Node says ENOENT where a folder cannot be made on a read-only disk; the nearest one that is there knows better. */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    await access(nearest(directory), constants.W_OK)
    throw error
  }
}

/** The folder, or the first above it that is there. */
const nearest = (directory: string): string => (existsSync(directory) ? directory : nearest(dirname(directory)))

async function sweep(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    if (!PART.test(name)) continue
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > KEEP_PARTS_MS) await unlink(path).catch(() => {})
  }
}

/** The part to write to: what a dead process had of the same content, or an empty one. The caller holds the lock. */
export async function openPart({ part, kin }: WorkFiles): Promise<{ file: FileHandle; size: number }> {
  for (const name of await readdir(dirname(part)))
    if (name.startsWith(kin) && name.endsWith('.part')) await rename(join(dirname(part), name), part).catch(() => {})
  const file = await open(part, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644)
  return { file, size: (await file.stat()).size }
}

/** The file under its final name, once it is on the disk itself. */
export async function publish(file: FileHandle, part: string, target: string): Promise<void> {
  await file.sync()
  await rename(part, target)
  const directory = await open(dirname(target), 'r')
  await directory
    .sync()
    .catch(() => {})
    .finally(() => directory.close())
}

export const discard = (path: string): Promise<void> => rm(path, { force: true }).catch(() => {})

/** @throws InferError unavailable when the disk has no room for so much more */
export async function checkRoom(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  if (bavail * bsize < bytes)
    throw new InferError(
      'unavailable',
      `the cache ${directory} is full: ${bytes} bytes are needed, ${bavail * bsize} are free`,
    )
}

const DISK_ERRORS = new Map([
  ['ENOSPC', 'is full'],
  ['EDQUOT', 'is full: its quota is used up'],
  ['EROFS', 'is read-only'],
  ['EACCES', 'may not be written by this user'],
  ['EPERM', 'may not be written by this user'],
  ['ENOTDIR', 'has a file where a folder should be'],
  ['EEXIST', 'has a file where a folder should be'],
  ['EMFILE', 'cannot be opened: too many files are open'],
  ['ELOOP', 'has a link where a file should be'],
  ['ENOENT', 'was removed meanwhile'],
  ['EIO', 'cannot be read or written'],
])

/** A disk's refusal as a sentence; anything else as it was. */
export function inWords(error: unknown, directory: string): unknown {
  const why = DISK_ERRORS.get((error as NodeJS.ErrnoException)?.code ?? '')
  return why === undefined || error instanceof InferError
    ? error
    : new InferError('unavailable', `the cache ${directory} ${why}`, { cause: error })
}
