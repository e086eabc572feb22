import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { formatModelId, type ModelId, parseModelId } from '../codecs/model-id.ts'
import { InferError, show } from '../errors.ts'
import type { Log } from '../log.ts'
import { Arweave } from './arweave.ts'
import { checkFile, DEFAULT_CACHE_DIRECTORY, findCachedFile } from './cache.ts'
import { type DownloadCounts, Downloader } from './download.ts'
import { Examiner } from './examiner.ts'
import { Guard } from './guard.ts'
import { HuggingFace } from './hugging-face.ts'
import { isInside } from './hugging-face-cache.ts'
import { Library, type PinnedModelId } from './library.ts'
import {
  expandPath,
  type IdDetails,
  type Keywords,
  type ModelReference,
  readModelReference,
  splitPin,
} from './model-reference.ts'
import type { RetryPolicy } from './retry.ts'
import type { SourceSettings } from './settings.ts'
import { judgeName, type Support } from './support.ts'
import type { TransferOptions } from './transfer.ts'
import { Usage } from './usage.ts'

/** Where the front looks models up: for workflows, which may name anything, and for requests, which may not. */
export interface Resolver {
  /** A reference in a workflow's own words (JSON: a string, or keyword arguments) to a file. @throws InferError bad_model */
  forWorkflow(reference: string): Promise<string>
  /**
   * A model id in a request to a file.
   * @throws InferError bad_request when it is not allowed or not there, unavailable when it cannot be had now
   */
  forRequest(id: PinnedModelId): Promise<string>
  readonly cacheDirectory: string
  /**
   * Whether a model of this id (a request's) can be served: by its file, where that is here, else by its name. Asks no
   * other server, and takes no longer than `KNOWN_MS`.
   * @throws InferError bad_request when it is no id
   */
  supports(id: string): Promise<Support>
  /** For whoever watches. */
  status(): SupplyStatus
}

/** How the supply of models goes, in this process. */
export interface SupplyStatus extends Readonly<DownloadCounts> {
  /** Files that made room for others. */
  readonly evicted: number
  /** Cached files that were no longer what had been downloaded. */
  readonly rotted: number
  /** Hubs that failed so often that they are left alone for now. */
  readonly resting: number
}

export interface ResolverOptions {
  /** The configured workflow's keyword arguments. */
  readonly keywords: Keywords
  /** The file to serve when nothing is configured at all. */
  readonly defaultModel: string
  /** Whether that file may be served: nobody named a workflow. */
  readonly useDefault: boolean
  /** Where models come from; without it, from this machine only. */
  readonly sources?: SourceSettings
  readonly log?: Log
  /** What downloads may take of the cache; 0: as much as there is. */
  readonly cacheLimitBytes?: number
  /** What is looked up is never removed to make room: the operator fetches it by name. */
  readonly keeps?: boolean
  /** Whether a file is open in an inference process. */
  readonly isOpen?: (path: string) => boolean
  /** Is told of downloads, instead of the log. */
  readonly onProgress?: TransferOptions['onProgress'] | undefined
  /** The process that judges whether cached files can be served: `support-process.ts`. */
  readonly supportModule: string
  /** For tests: shorter waits. */
  readonly guard?: Guard
  readonly retry?: RetryPolicy
  readonly failureMs?: number
}

const NO_NETWORK: SourceSettings = { offline: true, allowed: [], hosts: [] }

/** An absolute path; a number is a folder's name, too. @throws InferError bad_model */
function readCacheDirectory(value: unknown): string {
  if (value === undefined) return expandPath(DEFAULT_CACHE_DIRECTORY)
  if (typeof value === 'string' || typeof value === 'number') return expandPath(String(value))
  throw new InferError('bad_model', `cache_dir is ${show(value)}; say a folder`)
}

/** A request may name models of the configured model's owner, and those that the operator allows. */
export function createResolver(options: ResolverOptions): Resolver {
  const { keywords, defaultModel, useDefault, sources = NO_NETWORK } = options
  const cacheDirectory = readCacheDirectory(keywords.cache_dir)
  const examiner = new Examiner(options.supportModule)
  const { library, usage, downloader } = createLibrary(options, cacheDirectory, sources)
  let hold = (path: string): void => {
    usage.hold(path)
    hold = () => {}
  }
  const find = async (reference: ModelReference): Promise<string> =>
    'path' in reference
      ? checkFile(reference.path)
      : 'url' in reference
        ? library.findUrl(reference)
        : library.find(withDetails(reference))
  return {
    cacheDirectory,
    async forWorkflow(text) {
      const reference: unknown = JSON.parse(text)
      const named = readModelReference(
        typeof reference === 'string' ? { model_id: reference } : (reference as Keywords),
      )
      if (named) {
        const path = await find(named)
        if (isDeepStrictEqual(named, readModelReference(keywords))) hold(path)
        return path
      }
      if (useDefault) return defaultModel
      throw new InferError(
        'bad_model',
        `no model is configured by ${show(reference)}: name one with model_id, model_path, model_name, or model_source and load_args`,
      )
    },
    async forRequest(id) {
      const configured = readModelReference(keywords)
      const owner = configured && 'id' in configured ? [`${configured.id.storage}/${configured.id.owner}`] : []
      checkAllowed(id, [...owner, ...sources.allowed])
      try {
        const path = await library.find(id)
        if (isInCaches(path, cacheDirectory, sources)) return path
        throw new InferError('bad_request', `${path} is a link out of the cache`)
      } catch (error) {
        throw error instanceof InferError && error.code === 'bad_model'
          ? new InferError('bad_request', error.message, { cause: error })
          : error
      }
    },
    supports: async (text) => supports(readRequestModelId(text), cacheDirectory, sources, examiner),
    status: () => ({
      ...downloader.counts,
      evicted: usage.evicted,
      rotted: library.rotted,
      resting: library.resting,
    }),
  }
}

function createLibrary(options: ResolverOptions, cache: string, sources: SourceSettings) {
  const { log, retry, failureMs, keeps, cacheLimitBytes: limitBytes = 0, isOpen, onProgress } = options
  const { hubEndpoint: endpoint, hubToken: token, hubCache, hosts, arweaveGateways: gateways, offline } = sources
  const trusted = [...hosts, ...(gateways ?? []), ...(endpoint ? [endpoint] : [])]
  const guard = options.guard ?? new Guard({ trusted })
  const usage = new Usage({ root: cache, limitBytes, isOpen, log })
  const downloader = new Downloader({ log, retry, usage, keeps, onProgress })
  const library = new Library({
    cache,
    hubCache,
    hubs: offline
      ? {}
      : {
          huggingface: new HuggingFace({ guard, endpoint, token, retry }),
          arweave: new Arweave({ guard, gateways, retry }),
        },
    guard: offline ? undefined : guard,
    hosts,
    offline: offline ? 'this server is offline' : undefined,
    downloader,
    usage,
    log,
    keeps,
    failureMs,
  })
  return { library, usage, downloader }
}

/** The node's own callers wait a second for all containers together; with the rest of an answer it is under 100 ms. */
const KNOWN_MS = 50

async function supports(
  id: ModelId,
  cache: string,
  { offline, hubCache }: SourceSettings,
  examiner: Examiner,
): Promise<Support> {
  const path = findCachedFile(id, cache, hubCache)
  const [file] = id.files
  const byName = (): Support =>
    file === undefined
      ? { supported: false, reason: `the model id ${formatModelId(id)} names no file` }
      : judgeName(file)
  if (path !== undefined && isInCaches(path, cache, { hubCache })) {
    const wait = sleep(examiner.isAwake ? KNOWN_MS : 0, undefined, { ref: false })
    return Promise.race([examiner.examine(path), wait.then(() => judgeName(path))])
  }
  if (!offline && id.storage !== 'local') return byName()
  const why = id.storage === 'local' ? '' : ', and this server is offline'
  return { supported: false, reason: `${formatModelId(id)} is not in the cache${why}` }
}

const isInCaches = (path: string, cache: string, { hubCache }: Pick<SourceSettings, 'hubCache'>): boolean =>
  [cache, ...(hubCache ? [hubCache] : [])].some((root) => isInside(path, root))

const withDetails = ({ id, ...details }: IdDetails & { readonly id: ModelId }): PinnedModelId => ({ ...id, ...details })

/** @throws InferError bad_request */
function checkAllowed({ storage, owner, name, owners = [owner] }: PinnedModelId, allowed: readonly string[]): void {
  for (const repository of [...owners, owner].map((each) => `${storage}/${each}`)) {
    if (allowed.some((pattern) => pattern === repository || pattern === `${repository}/${name}`)) continue
    throw new InferError('bad_request', `model_id names ${repository}, which this server does not serve`)
  }
}

/** A request's `model_id`. @throws InferError bad_request */
export const readRequestModelId = (value: unknown): PinnedModelId => {
  if (typeof value !== 'string')
    throw new InferError('bad_request', `model_id is ${show(value)}; say a string such as huggingface/owner/name:file`)
  try {
    const { id, ...pin } = splitPin(value)
    return { ...parseModelId(id), ...pin }
  } catch (error) {
    throw error instanceof InferError ? new InferError('bad_request', error.message) : error
  }
}
