/** Is a file what it should be: its size, and each digest that somebody has published for it. */
import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'

export interface Digest {
  /** `git-sha1` is git's name of a blob: the sha1 of a head with the length, and the bytes. */
  readonly algorithm: 'sha256' | 'git-sha1'
  readonly hex: string
  /** Who says so, for the sentence when it does not match. */
  readonly from: string
}

/** What a hub's etag says: 64 digits name an LFS file by sha256, 40 a small one as git does; others say nothing. */
export function readEtag(etag: string | undefined, from: string): Digest | undefined {
  const hex = /^(?:W\/)?"?([0-9a-f]{64}|[0-9a-f]{40})"?$/.exec(etag ?? '')?.[1]
  return hex === undefined ? undefined : { algorithm: hex.length === 64 ? 'sha256' : 'git-sha1', hex, from }
}

export const sha256Digest = (hex: string, from: string): Digest => ({
  algorithm: 'sha256',
  hex: hex.toLowerCase(),
  from,
})

type Hasher = (path: string, algorithm: Digest['algorithm']) => Promise<string>

const hashFile: Hasher = async (path, algorithm) => {
  const hash =
    algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${(await stat(path)).size}\0`)
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) hash.update(piece as Buffer)
  return hash.digest('hex')
}

/** What is wrong with the file, in words that name both digests; undefined when nothing is. */
export async function findMismatch(
  path: string,
  digests: readonly Digest[],
  size?: number,
  hash: Hasher = hashFile,
): Promise<string | undefined> {
  const { size: actual } = await stat(path)
  if (size !== undefined && size !== actual) return `has ${actual} bytes, not ${size}`
  for (const { algorithm, hex, from } of digests) {
    const found = await hash(path, algorithm)
    if (found !== hex) return `has the ${algorithm} ${found}, but ${from} says ${hex}`
  }
  return undefined
}

/** Paths are those of a cache's files; a server that has seen so many starts anew. */
export const MAX_REMEMBERED = 10_000

/** Reads each file once for each state that it is in, however often and by however many it is asked for. */
export class Hashes {
  readonly #known = new Map<string, { state: string; hex: Promise<string> }>()

  /** As the free function, without reading anew what has the size and times that it had. */
  findMismatch(path: string, digests: readonly Digest[]): Promise<string | undefined> {
    return findMismatch(path, digests, undefined, (file, algorithm) => this.#hash(file, algorithm))
  }

  /** The file was verified on its way here. */
  trust(path: string, digests: readonly Digest[]): void {
    for (const { algorithm, hex } of digests)
      this.#known.set(`${algorithm} ${path}`, { state: stateOf(path), hex: Promise.resolve(hex) })
  }

  #hash(path: string, algorithm: Digest['algorithm']): Promise<string> {
    const key = `${algorithm} ${path}`
    const state = stateOf(path)
    const known = this.#known.get(key)
    if (known?.state === state) return known.hex
    const hex = hashFile(path, algorithm)
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    this.#known.set(key, { state, hex })
    hex.catch(() => this.#known.delete(key))
    return hex
  }
}

/** What changes when a file does. */
export function stateOf(path: string): string {
  const { size, mtimeMs, ino } = statSync(path)
  return `${size} ${mtimeMs} ${ino}`
}
