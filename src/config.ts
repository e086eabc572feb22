/** The environment and the command line to one typed, frozen configuration; all mistakes in one message. */
import { z } from 'zod'
import { readBoolean, readEnvText, readEnvValue } from './env-value.ts'

export type Bind = { readonly host: string; readonly port: number } | { readonly path: string }

interface WorkflowChoice {
  readonly class: string
  readonly args: readonly unknown[]
  /** Keyword arguments, with what the environment says of the model filled in. */
  readonly kwargs: Readonly<Record<string, unknown>>
  /** Nobody named a workflow or a model: the embedded one is served. */
  readonly isDefault: boolean
}

export interface Config extends z.infer<typeof Env> {
  readonly bind: readonly Bind[]
  readonly workers: number
  readonly accessLog: boolean
  /** Models come from this machine only. */
  readonly offline: boolean
  readonly workflow: WorkflowChoice
}

/** What the command line may say beside the environment. */
export interface Overrides {
  readonly bind?: readonly string[]
  readonly workers?: string
  readonly accessLog?: boolean
  readonly offline?: boolean
}

export class ConfigError extends Error {}

const text = z.string().optional().transform(readEnvText)
const choice = <T extends string>(values: readonly [T, ...T[]], byDefault: T) =>
  text.transform((value, context) => {
    const found = value === undefined ? byDefault : values.find((one) => one === value.toLowerCase())
    if (found === undefined) context.addIssue({ code: 'custom', message: `is ${value}; say ${listed(values)}` })
    return found ?? byDefault
  })
const listed = (values: readonly string[]): string => `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
const whole = (byDefault: number, least: number, most: number) =>
  text.transform((value, context) => {
    const number = value === undefined ? byDefault : Number(value)
    if (Number.isInteger(number) && number >= least && number <= most) return number
    context.addIssue({ code: 'custom', message: `is ${value}; say a whole number from ${least} to ${most}` })
    return byDefault
  })
const flag = (byDefault: boolean) =>
  text.transform((value, context) => {
    const read = value === undefined ? byDefault : readBoolean(value)
    if (read === undefined) context.addIssue({ code: 'custom', message: `is ${value}; say true or false` })
    return read ?? byDefault
  })

/** Every variable that is not about the workflow or its model. A day in ms bounds the times. */
const Env = z.object({
  PORT: whole(3000, 0, 65535),
  WORKERS: whole(1, 1, 256),
  LOG_LEVEL: choice(['debug', 'info', 'warn', 'error'], 'info'),
  REQUEST_TIMEOUT_MS: whole(150_000, 1, 86_400_000),
  DRAIN_TIMEOUT_MS: whole(55_000, 0, 86_400_000),
  QUEUE_LIMIT: whole(10_000, 1, 1_000_000),
  BODY_LIMIT_BYTES: whole(64 * 2 ** 20, 1024, 2 ** 30),
  REQUEST_PROFILE: choice(['auto', 'classic', 'v1', 'v2', 'starter', 'onnx'], 'auto'),
  CLASSIC_OUTPUT: choice(['data', 'witness'], 'data'),
  TORCH_CAST: choice(['none', 'auto'], 'none'),
  CHAIN_ARRAY: choice(['sd59x18', 'starter'], 'sd59x18'),
  STARTER_DECIMALS: whole(6, 0, 77),
  CHAIN_HEX_PREFIX: choice(['mirror', '0x', 'none'], 'mirror'),
  CHAIN_ECHO_INPUT: flag(false),
  CACHE_LIMIT_BYTES: whole(0, 0, Number.MAX_SAFE_INTEGER),
  OPEN_MODELS_LIMIT_BYTES: whole(0, 0, Number.MAX_SAFE_INTEGER),
})

/** The class prefixes that the services and their documents have used; the first that is set counts. */
const WORKFLOW_PREFIXES = ['CLASSIC_INF_', 'TORCH_INF_', 'ONNX_INF_', 'SKLEARN_INF_', 'FLASK_']
const ONNX = 'ONNXInferenceWorkflow'
const TORCH = 'TorchInferenceWorkflow'
const SKLEARN = 'SklearnInferenceWorkflow'

/** Mistakes, so that all can be told at once. */
export class Mistakes {
  readonly #lines: string[] = []

  add(line: string): void {
    this.#lines.push(line)
  }

  /** What is read, or undefined when that was a mistake. */
  collect<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      this.add(error.message)
      return undefined
    }
  }

  /** @throws ConfigError that lists every mistake, a line each */
  end(): void {
    if (this.#lines.length > 0) throw new ConfigError(this.#lines.join('\n'))
  }
}

/** @throws ConfigError that lists every mistake, a line each */
export function readConfig(env: NodeJS.ProcessEnv, overrides: Overrides = {}): Config {
  const mistakes = new Mistakes()
  const parsed = Env.safeParse(env)
  for (const issue of parsed.error?.issues ?? []) mistakes.add(`${issue.path.join('.')} ${issue.message}`)
  const workflow = mistakes.collect(() => readWorkflow(env))
  const values = parsed.data
  const binds = overrides.bind ?? [`0.0.0.0:${values?.PORT ?? 3000}`]
  const bind = mistakes.collect(() => binds.map((address) => readBind(address, values?.PORT ?? 3000)))
  const workers = mistakes.collect(() => readWorkers(overrides.workers, values?.WORKERS ?? 1))
  mistakes.end()
  return Object.freeze({
    ...(values as z.infer<typeof Env>),
    bind: bind as Bind[],
    workers: workers as number,
    workflow: workflow as WorkflowChoice,
    accessLog: overrides.accessLog ?? false,
    offline: overrides.offline ?? false,
  })
}

/** HOST:PORT, HOST, :PORT, [IPv6]:PORT or unix:PATH. */
function readBind(address: string, defaultPort: number): Bind {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) }
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(address)
  const port = Number(match?.[3] ?? defaultPort)
  // A number alone is meant for a port, and would be an address: 70000 is 0.1.17.112.
  if (!match || port > 65535 || /^\d+$/.test(match[2] ?? ''))
    throw new ConfigError(`--bind is ${address}; say HOST:PORT, [IPv6]:PORT or unix:PATH`)
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
}

function readWorkers(flagged: string | undefined, fromEnv: number): number {
  if (flagged === undefined) return fromEnv
  const workers = Number(flagged)
  if (!Number.isInteger(workers) || workers < 1 || workers > 256)
    throw new ConfigError(`--workers is ${flagged}; say a whole number from 1 to 256`)
  return workers
}

function readWorkflow(env: NodeJS.ProcessEnv): WorkflowChoice {
  const prefix =
    WORKFLOW_PREFIXES.find((p) => readEnvText(env[`${p}WORKFLOW_CLASS`]) !== undefined) ?? argumentsPrefix(env)
  const args = readEnvValue(env[`${prefix}WORKFLOW_POSITIONAL_ARGS`]) ?? []
  const named = readEnvValue(env[`${prefix}WORKFLOW_KW_ARGS`]) ?? {}
  if (!Array.isArray(args))
    throw new ConfigError(
      `${prefix}WORKFLOW_POSITIONAL_ARGS is ${env[`${prefix}WORKFLOW_POSITIONAL_ARGS`]}; say a JSON list`,
    )
  if (typeof named !== 'object' || Array.isArray(named)) {
    throw new ConfigError(`${prefix}WORKFLOW_KW_ARGS is ${env[`${prefix}WORKFLOW_KW_ARGS`]}; say a JSON object`)
  }
  const kwargs = {
    ...modelKeywords(env),
    ...withoutNulls(named as object),
    ...nested(env, `${prefix}WORKFLOW_KW_ARGS__`),
  }
  const className = readEnvText(env[`${prefix}WORKFLOW_CLASS`])
  const isDefault = className === undefined && !NAMES_A_MODEL.some((keyword) => keyword in kwargs)
  return { class: className ?? classFor(env, kwargs), args, kwargs, isDefault }
}

const NAMES_A_MODEL = ['model_id', 'model_name', 'model_source', 'model_args', 'load_args', 'model_path']

const argumentsPrefix = (env: NodeJS.ProcessEnv): string =>
  WORKFLOW_PREFIXES.find((p) => env[`${p}WORKFLOW_KW_ARGS`] || env[`${p}WORKFLOW_POSITIONAL_ARGS`]) ??
  (WORKFLOW_PREFIXES[0] as string)

const withoutNulls = (named: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(named).filter(([, value]) => value !== null && value !== ''))

/** `PREFIX__a__b=1` is `{a: {b: 1}}`. */
function nested(env: NodeJS.ProcessEnv, prefix: string): Record<string, unknown> {
  const found: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(prefix)) continue
    const path = name.slice(prefix.length).split('__')
    const last = path.pop() as string
    let at = found
    for (const key of path) {
      at[key] ??= Object.create(null)
      at = at[key] as Record<string, unknown>
    }
    at[last] = readEnvValue(value)
  }
  return found
}

/** The variables that name a model, as the keyword arguments that they stand for; every generation's, section 4.6. */
const MODEL_VARIABLES = [
  ['ONNX_DEFAULT_MODEL_ID', 'model_id'],
  ['TORCH_DEFAULT_MODEL_ID', 'model_id'],
  ['SKLEARN_DEFAULT_MODEL_ID', 'model_id'],
  ['MODEL_SOURCE', 'model_source'],
  ['MODEL_ARGS', 'model_args'],
  ['LOAD_ARGS', 'load_args'],
  ['TORCH_MODEL_FILE_NAME', 'model_file_name'],
  ['ONNX_CACHE_DIR', 'cache_dir'],
  ['TORCH_CACHE_DIR', 'cache_dir'],
  ['SKLEARN_CACHE_DIR', 'cache_dir'],
  ['ONNX_OUTPUT_NAMES', 'output_names'],
  ['ONNX_MODEL_LRU_CACHE_SIZE', 'open_models'],
  ['TORCH_MODEL_LRU_CACHE_SIZE', 'open_models'],
  ['SKLEARN_MODEL_LRU_CACHE_SIZE', 'open_models'],
  ['USE_JIT', 'use_jit'],
  ['TORCH_USE_JIT', 'use_jit'],
  ['TORCH_CLASS_PATH', 'class_path'],
] as const

function modelKeywords(env: NodeJS.ProcessEnv): Record<string, unknown> {
  const keywords: Record<string, unknown> = {}
  for (const [variable, keyword] of MODEL_VARIABLES) {
    const value = readEnvValue(env[variable])
    if (value !== undefined) keywords[keyword] = value
  }
  if (keywords.open_models !== undefined && !Number.isInteger(keywords.open_models)) {
    const [variable] = MODEL_VARIABLES.findLast(([name, keyword]) => keyword === 'open_models' && env[name]) ?? ['']
    throw new ConfigError(`${variable} is ${env[variable]}; say a whole number`)
  }
  const names = keywords.output_names
  if (typeof names === 'string') keywords.output_names = names.split(',').map((name) => name.trim())
  return keywords
}

/** Without a class, the variable that names the model tells, or the model's own name. */
function classFor(env: NodeJS.ProcessEnv, kwargs: Readonly<Record<string, unknown>>): string {
  if (readEnvText(env.TORCH_DEFAULT_MODEL_ID)) return TORCH
  if (readEnvText(env.ONNX_DEFAULT_MODEL_ID) || env.ONNX_INF_WORKFLOW_KW_ARGS) return ONNX
  if (readEnvText(env.SKLEARN_DEFAULT_MODEL_ID) || env.SKLEARN_INF_WORKFLOW_KW_ARGS) return SKLEARN
  const names = JSON.stringify(kwargs).toLowerCase()
  if (names.includes('.onnx"')) return ONNX
  return /\.(joblib|pkl|pickle)"/.test(names) ? SKLEARN : TORCH
}
