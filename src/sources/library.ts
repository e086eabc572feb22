/** A model id to a file on this machine: from a cache, or by a download into the one that Ritual's services share. */
import { rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { formatModelId, type ModelId } from '../codecs/model-id.ts'
import { InferError } from '../errors.ts'
import { cachedDirectory, chooseModel, findCachedFile, isFile } from './cache.ts'
import type { Downloader } from './download.ts'
import type { Guard } from './guard.ts'
import { MANIFEST, manifestDigests, readManifest } from './manifest.ts'
import { expandPath } from './model-reference.ts'
import { httpOrigin } from './origin.ts'
import type { Hub, RemoteFile } from './repository.ts'
import { everything, pick, type Wanted } from './selection.ts'
import { findMismatch, sha256Digest } from './verify.ts'

/** A model id, and the digest that its file must have where somebody wrote one down. */
export interface PinnedModelId extends ModelId {
  readonly sha256?: string
}

/** An address, and the digest that what is there must have. */
export interface PinnedUrl {
  readonly url: URL
  readonly sha256?: string
}

export interface LibraryOptions {
  readonly cache: string
  /** Hugging Face's own cache, used as it is where a file is there. */
  readonly hubCache?: string | undefined
  /** Undefined: a storage that is not asked, since it is local or the server is offline. */
  readonly hubs: Readonly<Partial<Record<ModelId['storage'], Hub>>>
  /** Why there is no hub, for the sentence when a file is missing. */
  readonly offline: string | undefined
  /** Fetches what is named by its address; undefined when offline. */
  readonly guard?: Guard | undefined
  /** Origins that may be named so. */
  readonly hosts: readonly string[]
  readonly downloader: Downloader
  /** How long a failure is the answer to further requests, so that these do not hammer a hub. */
  readonly failureMs?: number | undefined
}

const FAILURE_MS = 5000

export class Library {
  readonly #options: LibraryOptions
  readonly #fetching = new Map<string, Promise<string>>()
  /** Files that a hub's list led to in this process. */
  readonly #settled = new Set<string>()
  /** Path to the state and digest in which it was last found right. */
  readonly #verified = new Map<string, string>()

  constructor(options: LibraryOptions) {
    this.#options = options
  }

  /**
   * The file of a model. However many ask at a time, its hub is asked once.
   * @throws InferError bad_model when there is no such file or it is wrong, unavailable when it cannot be had now
   */
  async find(id: PinnedModelId): Promise<string> {
    const { cache, hubCache } = this.#options
    const first = findCachedFile({ ...id, files: id.files.slice(0, 1) }, cache, hubCache)
    return this.#pinned(first ?? (await this.#other(id)), id)
  }

  /** Another of the id's files is the model only if the hub does not have the first, or cannot be asked. */
  async #other(id: PinnedModelId): Promise<string> {
    const { cache, hubCache, hubs } = this.#options
    const other = id.files.length > 1 ? findCachedFile(id, cache, hubCache) : undefined
    if (other !== undefined && (!hubs[id.storage] || this.#settled.has(other))) return other
    try {
      const found = await this.#fetch(id)
      this.#settled.add(found)
      return found
    } catch (error) {
      if (other !== undefined && error instanceof InferError && error.code === 'unavailable') return other
      throw error
    }
  }

  /**
   * The file at an address of a host that the operator allows; it needs a pin, since nobody else says what it should be.
   * @throws InferError bad_model, unavailable
   */
  async findUrl({ url, sha256 }: PinnedUrl): Promise<string> {
    const { cache, hosts, guard, downloader, offline } = this.#options
    const label = `${url.origin}${url.pathname}`
    if (!hosts.some((host) => new URL(host).origin === url.origin))
      throw new InferError('bad_model', `${label} is at a host that MODEL_HOSTS does not list`)
    if (sha256 === undefined) throw new InferError('bad_model', `${label} cannot be verified; append #sha256=DIGEST`)
    const target = join(expandPath(cache), 'https', sha256, basename(url.pathname) || 'model')
    if (!isFile(target)) {
      if (!guard) throw new InferError('bad_model', `${label} is not in the cache (${target}), and ${offline}`)
      const digests = [sha256Digest(sha256, 'the model id')]
      await downloader.download({ label, target, root: expandPath(cache), digests, origins: [httpOrigin(guard, url)] })
    }
    return this.#pinned(target, { sha256 })
  }

  #fetch(id: PinnedModelId): Promise<string> {
    const key = `${formatModelId(id)}#${id.sha256 ?? ''}`
    const running = this.#fetching.get(key)
    if (running) return running
    const started = this.#download(id)
    this.#fetching.set(key, started)
    started.then(
      () => this.#fetching.delete(key),
      () => setTimeout(() => this.#fetching.delete(key), this.#options.failureMs ?? FAILURE_MS).unref(),
    )
    return started
  }

  async #download(id: PinnedModelId): Promise<string> {
    const { cache, hubs, offline } = this.#options
    const hub = hubs[id.storage]
    const directory = cachedDirectory(cache, id)
    if (!hub) {
      const why = offline !== undefined && id.storage !== 'local' ? `, and ${offline}` : ''
      throw new InferError('bad_model', `${formatModelId(id)} is not in the cache (${directory})${why}`)
    }
    const listed = await hub.list(id)
    const manifest = await this.#manifest(id, listed)
    const wanted = id.files.length > 0 ? pick(id, listed) : everything(id, listed, manifest)
    // The model itself last: once it is there, so is all that belongs to it.
    for (const { name, file } of wanted.toReversed())
      await this.#file(id, { name, file, digests: manifestDigests(manifest, name) })
    const first = wanted[0]
    return id.files.length > 0 && first ? join(directory, first.name) : chooseModel(id, cache)
  }

  /** Always the one that the hub has now: what an old one says of new files is wrong. */
  async #manifest(id: ModelId, listed: readonly RemoteFile[]): Promise<object | undefined> {
    const file = listed.find(({ path }) => path === MANIFEST)
    if (!file) return undefined
    const directory = cachedDirectory(this.#options.cache, id)
    const target = join(directory, MANIFEST)
    const { digests, size } = await file.locate()
    if (isFile(target) && (await findMismatch(target, digests, size))) rmSync(target, { force: true })
    await this.#file(id, { name: MANIFEST, file, digests: [] })
    return readManifest(directory)
  }

  async #file(
    id: PinnedModelId,
    { name, file, digests }: Wanted & Pick<Awaited<ReturnType<RemoteFile['locate']>>, 'digests'>,
  ) {
    const { cache, downloader } = this.#options
    const target = join(cachedDirectory(cache, id), name)
    if (isFile(target)) return
    const located = await file.locate()
    const pin = id.sha256 !== undefined && name !== MANIFEST ? [sha256Digest(id.sha256, 'the model id')] : []
    await downloader.download({
      ...located,
      label: formatModelId({ ...id, files: [name] }),
      target,
      root: expandPath(cache),
      digests: [...pin, ...digests, ...located.digests],
    })
  }

  /** Read once for each state of the file, however often it is asked for. */
  async #pinned(path: string, { sha256 }: { readonly sha256?: string }): Promise<string> {
    if (sha256 === undefined) return path
    const { size, mtimeMs } = statSync(path)
    const state = `${size} ${mtimeMs} ${sha256}`
    if (this.#verified.get(path) === state) return path
    const wrong = await findMismatch(path, [sha256Digest(sha256, 'the model id')])
    if (wrong) throw new InferError('bad_model', `${path} ${wrong}`)
    this.#verified.set(path, state)
    return path
  }
}
