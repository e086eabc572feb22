/** Is a file what it should be: its size, and each digest that somebody has published for it. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
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

/** What is wrong with the file, in words that name both digests; undefined when nothing is. */
export async function findMismatch(
  path: string,
  digests: readonly Digest[],
  size?: number,
): Promise<string | undefined> {
  const { size: actual } = await stat(path)
  if (size !== undefined && size !== actual) return `has ${actual} bytes, not ${size}`
  const hashes = { sha256: createHash('sha256'), 'git-sha1': createHash('sha1').update(`blob ${actual}\0`) }
  const needed = [...new Set(digests.map(({ algorithm }) => algorithm))]
  if (needed.length === 0) return undefined
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 }))
    for (const algorithm of needed) hashes[algorithm].update(piece as Buffer)
  const found = new Map(needed.map((algorithm) => [algorithm, hashes[algorithm].digest('hex')]))
  const wrong = digests.find(({ algorithm, hex }) => found.get(algorithm) !== hex)
  return wrong && `has the ${wrong.algorithm} ${found.get(wrong.algorithm)}, but ${wrong.from} says ${wrong.hex}`
}
