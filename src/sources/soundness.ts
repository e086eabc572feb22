/** Whether a cached file still is what it was when it came: a disk forgets, and a volume has many hands. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { InferError } from '../errors.ts'
import { isFile } from './cache.ts'
import { MANIFEST, manifestDigests, readManifest } from './manifest.ts'
import { readRecord } from './record.ts'
import { type Digest, Hashes, MAX_REMEMBERED, readEtag, sha256Digest, stateOf } from './verify.ts'

interface Rot {
  readonly path: string
  /** What is wrong with it, with both digests. */
  readonly wrong: string
}

export class Soundness {
  /** A file is read once in the life of this process, and again when its size or times have changed. */
  readonly #hashes = new Hashes()

  /** Models in the state in which they, and what belongs to them, were last found right. */
  readonly #right = new Map<string, string>()

  /** The first of a model's files that is not what somebody is known to have said; undefined when all are. */
  async findRot(path: string): Promise<Rot | undefined> {
    const state = stateOf(path)
    if (this.#right.get(path) === state) return undefined
    const others = (readRecord(path)?.together ?? []).map((name) => join(dirname(path), name)).filter(isFile)
    for (const file of [path, ...others]) {
      const wrong = await this.#hashes.findMismatch(file, knownDigests(file))
      if (wrong) return { path: file, wrong }
    }
    if (this.#right.size >= MAX_REMEMBERED) this.#right.clear()
    this.#right.set(path, state)
    return undefined
  }

  /** Just downloaded, and verified on the way. */
  trust(path: string): void {
    this.#hashes.trust(path, knownDigests(path))
  }

  /** @throws InferError bad_model when the file does not have the digest that its id wants */
  async checkPin(path: string, { sha256 }: { readonly sha256?: string }): Promise<void> {
    const wrong = sha256 && (await this.#hashes.findMismatch(path, [sha256Digest(sha256, 'the model id')]))
    if (wrong) throw new InferError('bad_model', `${path} ${wrong}`)
  }
}

/**
 * What it agreed with when it was downloaded; else what the manifest beside it says; else the name of the blob that a
 * link leads to, which in Hugging Face's cache is the digest.
 */
function knownDigests(path: string): readonly Digest[] {
  const record = readRecord(path)
  if (record) return record.digests
  const manifest = basename(path) === MANIFEST ? undefined : readManifest(dirname(path))
  if (manifest) return listedDigests(manifest, basename(path))
  const blob = basename(realpathSync(path))
  const digest = blob === basename(path) ? undefined : readEtag(blob, "the name in Hugging Face's cache")
  return digest ? [digest] : []
}

/** A volume that others filled is used as it is, so what is no digest in its manifest is none. */
function listedDigests(manifest: object, file: string): readonly Digest[] {
  try {
    return manifestDigests(manifest, file)
  } catch {
    return []
  }
}
