import { existsSync } from 'node:fs'
import os from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, Mistakes, type Overrides, readConfig } from './config.ts'
import { InferError } from './errors.ts'
import type { JobOptions } from './infernet/job.ts'
import type { Log } from './log.ts'
import type { ChildInit } from './runtime/heads.ts'
import { Pool } from './runtime/pool.ts'
import { readModelReference } from './sources/model-reference.ts'
import { createResolver, type Resolver, type ResolverOptions, readRequestModelId } from './sources/resolver.ts'
import { readSourceSettings } from './sources/settings.ts'

/** The parts that every door needs: where inferences run, and how Infernet's requests are read. */
export interface Serving {
  readonly engine: Pool
  readonly job: JobOptions
  readonly resolver: Resolver
}

/** Never passed on: inference processes fetch nothing, and a user's workflow needs none of ours. */
const SECRETS = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HUGGINGFACE_TOKEN']

const DEFAULT_OPEN_MODELS = 64

/** The configuration, with the mistakes of all who read the environment in one message. @throws ConfigError */
export function readSettings(env: NodeJS.ProcessEnv, overrides: Overrides): Config {
  const mistakes = new Mistakes()
  const config = mistakes.collect(() => readConfig(env, overrides))
  mistakes.collect(() => readSourceSettings(env))
  mistakes.end()
  return config as Config
}

/** Where models are looked up, in the cache and beyond it. @throws ConfigError when a source's variable is not usable */
export const resolverFor = (
  { workflow, offline, CACHE_LIMIT_BYTES: cacheLimitBytes }: Config,
  env: NodeJS.ProcessEnv,
  options: Pick<ResolverOptions, 'log' | 'keeps' | 'isOpen' | 'onProgress'>,
): Resolver =>
  createResolver({
    keywords: workflow.kwargs,
    defaultModel: defaultModelPath(),
    useDefault: workflow.isDefault,
    sources: readSourceSettings(env, offline),
    cacheLimitBytes,
    supportModule: moduleFile('support-process'),
    ...options,
  })

export interface ServingOptions {
  readonly log: Log
  /** The inference processes cannot be set up, and another try is no use. */
  readonly onFatal: (error: InferError) => void
  /** Is told of downloads, instead of the log. */
  readonly onProgress?: ResolverOptions['onProgress']
}

/** Starts the inference processes for a configuration. @throws ConfigError when a source's variable is not usable */
export function startServing(config: Config, env: NodeJS.ProcessEnv, options: ServingOptions): Serving {
  const { workflow } = config
  const { log, onFatal, onProgress } = options
  const resolver = resolverFor(config, env, { log, onProgress, isOpen: (path) => engine.hasOpen(path) })
  const init: ChildInit = {
    workflow,
    openModels: openModels(workflow.kwargs),
    openModelsBytes: config.OPEN_MODELS_LIMIT_BYTES || openModelsBytes(config.workers),
    logLevel: config.LOG_LEVEL,
    plansFolder: join(resolver.cacheDirectory, '.plans'),
    answerLimitBytes: config.BODY_LIMIT_BYTES,
  }
  const engine: Pool = new Pool({
    module: moduleFile('child'),
    workers: config.workers,
    env: childEnvironment(env),
    init: JSON.stringify(init),
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    queueLimit: config.QUEUE_LIMIT,
    log,
    resolve: resolver.forWorkflow,
    onFatal,
  })
  return { engine, job: jobOptions(config, resolver), resolver }
}

/** A module of ours that is a process: beside this one, TypeScript in the sources and JavaScript when built. */
const moduleFile = (name: string): string =>
  fileURLToPath(new URL(`./${name}${extname(fileURLToPath(import.meta.url))}`, import.meta.url))

/** ONNX Runtime reports usage to its makers unless this is set before it loads. */
function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const child: NodeJS.ProcessEnv = { ...env, ORT_DISABLE_TELEMETRY: '1' }
  for (const name of SECRETS) delete child[name]
  return child
}

const jobOptions = (config: Config, resolver: Resolver): JobOptions => ({
  profile: config.REQUEST_PROFILE,
  classicOutput: config.CLASSIC_OUTPUT,
  classicCast: config.TORCH_CAST === 'auto' ? 'any' : 'none',
  chainArray: config.CHAIN_ARRAY,
  starterDecimals: config.STARTER_DECIMALS,
  hexPrefix: config.CHAIN_HEX_PREFIX,
  echoInput: config.CHAIN_ECHO_INPUT,
  findModel: (model) => findRequested(model, resolver),
  timeoutMs: config.REQUEST_TIMEOUT_MS,
})

/** A request's words for a model: an id (already read, when it came from a chain), or G2's source and arguments. */
async function findRequested(model: Readonly<Record<string, unknown>>, resolver: Resolver): Promise<string> {
  const { model_id: id } = model
  if (typeof id === 'object' && id !== null) return resolver.forRequest(id as never)
  if (id !== undefined) return resolver.forRequest(readRequestModelId(id))
  const reference = asRequest(() => readModelReference(model))
  if (reference && 'id' in reference) return resolver.forRequest({ ...reference, ...reference.id })
  throw new InferError('bad_request', 'data.load_args names a local path; a request may name a model id only')
}

function asRequest<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof InferError ? new InferError('bad_request', `data: ${error.message}`) : error
  }
}

/** A session takes about what its file does: half of the memory, and the rest is for tensors and the processes. */
const openModelsBytes = (workers: number): number =>
  Math.floor(Math.min(process.constrainedMemory() || Number.MAX_SAFE_INTEGER, os.totalmem()) / 2 / workers)

/** The services took 0 for none at all; here the model that runs has to be open. */
function openModels(kwargs: Readonly<Record<string, unknown>>): number {
  const limit = Number(kwargs.open_models ?? DEFAULT_OPEN_MODELS)
  return Number.isInteger(limit) ? Math.max(limit, 1) : DEFAULT_OPEN_MODELS
}

/** The embedded model: beside `src/` in the sources, one up from it when built. */
function defaultModelPath(): string {
  const paths = ['../workflows/default/model.onnx', '../../workflows/default/model.onnx']
  const found = paths.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path))
  if (!found) throw new InferError('bad_model', 'the embedded default model is missing from this installation')
  return found
}
