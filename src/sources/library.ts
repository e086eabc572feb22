/** A model id to a file on this machine: from a cache, or by a download into the one that Ritual's services share. */
import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { formatModelId, type ModelId } from '../codecs/model-id.ts'
import { InferError } from '../errors.ts'
import type { Log } from '../log.ts'
import { cachedDirectory, chooseModel, findCachedFile, isFile } from './cache.ts'
import type { Downloader } from './download.ts'
import { Breaker, Failures } from './failures.ts'
import type { Guard } from './guard.ts'
import { MANIFEST, manifestDigests, readManifest } from './manifest.ts'
import type { IdDetails } from './model-reference.ts'
import { httpOrigin } from './origin.ts'
import { keepRecorded, linkRecords, OWN_PREFIX, readRecord, removeRecorded } from './record.ts'
import type { Hub, RemoteFile } from './repository.ts'
import { everything, pick, type Wanted } from './selection.ts'
import { Soundness } from './soundness.ts'
import type { Usage } from './usage.ts'
import { findMismatch, sha256Digest } from './verify.ts'

/** A model id, and the digest that its file must have where somebody wrote one down. */
export interface PinnedModelId extends ModelId, IdDetails {}

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
  readonly usage: Usage
  readonly log?: Log | undefined
  /** What is looked up stays in the cache: the operator fetches it by name. */
  readonly keeps?: boolean | undefined
  /** How long a first failure is the answer to further requests, so that these do not hammer a hub. */
  readonly failureMs?: number | undefined
}

export class Library {
  readonly #options: LibraryOptions
  readonly #fetching = new Map<string, Promise<string>>()
  readonly #failures: Failures
  readonly #breakers = new Map<string, Breaker>()
  readonly #soundness = new Soundness()
  /** Files that a hub's list led to in this process. */
  readonly #settled = new Set<string>()
  /** Cached files that were found to be no longer what was downloaded. */
  rotted = 0

  constructor(options: LibraryOptions) {
    this.#options = options
    this.#failures = new Failures(options.failureMs)
  }

  /** Hubs that are left alone for now. */
  get resting(): number {
    return [...this.#breakers.values()].filter(({ isOpen }) => isOpen).length
  }

  /**
   * The file of a model. However many ask at a time, its hub is asked once.
   * @throws InferError bad_model when there is no such file or it is wrong, unavailable when it cannot be had now
   */
  async find(id: PinnedModelId): Promise<string> {
    const { cache, hubCache } = this.#options
    refuseOwn(id, id.files)
    const first = findCachedFile({ ...id, files: id.files.slice(0, 1) }, cache, hubCache)
    const path = await this.#sound(first ?? (await this.#other(id)), id)
    await this.#soundness.checkPin(path, id)
    return this.#used(path)
  }

  async #used(path: string): Promise<string> {
    const { usage, keeps } = this.#options
    await usage.use(path)
    if (keeps) await keepRecorded(path)
    return path
  }

  /** The file, if it still is what its known digests say; else a fresh one. */
  async #sound(path: string, id: PinnedModelId): Promise<string> {
    const rot = await this.#soundness.findRot(path)
    if (!rot) return path
    this.rotted++
    const { cache, hubs, offline, log } = this.#options
    const sentence = `${rot.path} ${rot.wrong}`
    const isOurs = readRecord(rot.path) !== undefined
    const isInCache = rot.path.startsWith(cachedDirectory(cache, id))
    if (!hubs[id.storage]) throw new InferError('bad_model', `${sentence}, and ${offline ?? 'it is in no hub'}`)
    if (isInCache && !isOurs)
      throw new InferError(
        'bad_model',
        `${sentence}; it was not downloaded by this server: remove it to have it fetched`,
      )
    log?.warn('a cached file is not what it was; fetching it anew', { reason: sentence })
    if (isOurs) await removeRecorded(rot.path)
    try {
      return await this.#fetch(id)
    } catch (error) {
      if (!(error instanceof InferError)) throw error
      throw new InferError(error.code, `${sentence}, and fetching it anew failed: ${error.message}`, { cause: error })
    }
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
    const target = join(cache, 'https', sha256, basename(url.pathname) || 'model')
    const digests = [sha256Digest(sha256, 'the model id')]
    const fetch = async (): Promise<string> => {
      if (!guard) throw new InferError('bad_model', `${label} is not in the cache (${target}), and ${offline}`)
      await downloader.download({ label, target, root: cache, digests, origins: [httpOrigin(guard, url)] })
      return target
    }
    if (isFile(target) && guard && (await this.#soundness.findRot(target))) {
      this.rotted++
      await removeRecorded(target)
    }
    if (!isFile(target)) await this.#once(`${label}#${sha256}`, url.host, fetch)
    await this.#soundness.checkPin(target, { sha256 })
    return this.#used(target)
  }

  async #fetch(id: PinnedModelId): Promise<string> {
    const hub = this.#options.hubs[id.storage]
    if (!hub) {
      const { cache, offline } = this.#options
      const why = offline !== undefined && id.storage !== 'local' ? `, and ${offline}` : ''
      throw new InferError(
        'bad_model',
        `${formatModelId(id)} is not in the cache (${cachedDirectory(cache, id)})${why}`,
      )
    }
    return this.#once(`${formatModelId(id)}#${id.sha256 ?? ''}`, id.storage, () => this.#download(id, hub))
  }

  /** Once for however many ask, not at all where it failed just now, nor of a hub that fails for all. */
  #once(key: string, hub: string, work: () => Promise<string>): Promise<string> {
    const running = this.#fetching.get(key)
    if (running) return running
    const failure = this.#failures.recall(key)
    if (failure) return Promise.reject(failure)
    const breaker = this.#breakers.get(hub) ?? new Breaker()
    this.#breakers.set(hub, breaker)
    const started = breaker.run(hub, work)
    this.#fetching.set(key, started)
    started
      .then(
        () => this.#failures.forget(key),
        (error: unknown) => this.#failures.remember(key, error),
      )
      .finally(() => this.#fetching.delete(key))
    return started
  }

  async #download(id: PinnedModelId, hub: Hub): Promise<string> {
    const { cache, usage } = this.#options
    const directory = cachedDirectory(cache, id)
    const listed = await hub.list(id)
    const manifest = await this.#manifest(id, listed)
    const wanted = id.files.length > 0 ? pick(id, listed) : everything(id, listed, manifest)
    const paths = wanted.map(({ name }) => join(directory, name))
    const held = paths.map((path) => usage.hold(path))
    try {
      // The model itself last: once it is there, so is all that belongs to it.
      for (const { name, file } of wanted.toReversed())
        await this.#file(id, { name, file, digests: manifestDigests(manifest, name) })
      const model = id.files.length > 0 && paths[0] ? paths[0] : chooseModel(id, cache)
      await linkRecords(model, paths)
      return model
    } finally {
      for (const release of held) release()
    }
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
    refuseOwn(id, [name])
    const located = await file.locate()
    const pin = id.sha256 !== undefined && name !== MANIFEST ? [sha256Digest(id.sha256, 'the model id')] : []
    await downloader.download({
      ...located,
      label: formatModelId({ ...id, files: [name] }),
      target,
      root: cache,
      digests: [...pin, ...digests, ...located.digests],
    })
    this.#soundness.trust(target)
  }
}

/** What we remember of downloads lies beside them, and must not come from a hub. @throws InferError bad_model */
function refuseOwn(id: ModelId, names: readonly string[]): void {
  const own = names.find((name) => basename(name).startsWith(OWN_PREFIX))
  if (own)
    throw new InferError('bad_model', `${formatModelId(id)} has a file ${own}, which is a name of this server's own`)
}
