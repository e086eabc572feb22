/** What the environment says of where models come from. */
import { join } from 'node:path'
import { ConfigError, Mistakes } from '../config.ts'
import { readBoolean, readEnvText } from '../env-value.ts'
import { expandPath } from './model-reference.ts'

export interface SourceSettings {
  /** Never ask the network. */
  readonly offline: boolean
  readonly hubEndpoint?: string | undefined
  readonly hubToken?: string | undefined
  /** Where Hugging Face's own library keeps its files. */
  readonly hubCache?: string | undefined
  readonly arweaveGateways?: readonly string[] | undefined
  /** `storage/owner` or `storage/owner/name`, which requests may name beside the configured model's owner. */
  readonly allowed: readonly string[]
  /** Origins that may be private or plain http, and serve models by their address. */
  readonly hosts: readonly string[]
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * HF_ENDPOINT, HF_TOKEN (or its older names), HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE as Hugging Face has them;
 * ARWEAVE_GATEWAYS, MODEL_HOSTS and ALLOWED_MODELS are ours: lists, by commas. `offline`: whatever the environment says.
 * @throws ConfigError that lists every mistake, a line each
 */
export function readSourceSettings(env: Env, offline = false): SourceSettings {
  const text = (name: string): string | undefined => readEnvText(env[name])
  const home = text('HF_HOME') ?? join(text('XDG_CACHE_HOME') ?? '~/.cache', 'huggingface')
  const mistakes = new Mistakes()
  /** Each item of a variable; of wrong ones nothing is left, since the whole is refused. */
  const each = (name: string, read: (name: string, item: string) => string): string[] =>
    list(text(name)).flatMap((item) => mistakes.collect(() => read(name, item)) ?? [])
  const endpoint = text('HF_ENDPOINT')
  const gateways = each('ARWEAVE_GATEWAYS', address)
  const settings = {
    offline: offline || mistakes.collect(() => flag('HF_HUB_OFFLINE', text('HF_HUB_OFFLINE'))) === true,
    hubEndpoint: endpoint && mistakes.collect(() => address('HF_ENDPOINT', endpoint)),
    hubToken: text('HF_TOKEN') ?? text('HUGGING_FACE_HUB_TOKEN') ?? text('HUGGINGFACE_TOKEN'),
    hubCache: expandPath(text('HF_HUB_CACHE') ?? text('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    arweaveGateways: gateways.length > 0 ? gateways : undefined,
    allowed: [...each('ALLOWED_MODELS', allowed), ...each('ALLOWED_ARWEAVE_OWNERS', allowedOwner)],
    hosts: each('MODEL_HOSTS', address),
  }
  mistakes.end()
  return settings
}

function flag(name: string, value = 'false'): boolean {
  const read = readBoolean(value)
  if (read === undefined) throw new ConfigError(`${name} is ${value}; say true or false`)
  return read
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** Without a scheme it is https, and must look like a host: a name with a dot, or with a port. */
const BARE_HOST = /^(?:localhost|[\w-]+(?:\.[\w-]+)+|[\w.-]+:\d+)(?:\/|$)/i

function address(name: string, text: string): string {
  const whole = text.includes('://') ? text : `https://${text}`
  const url = URL.canParse(whole) ? new URL(whole) : undefined
  const isPlain = url && !url.username && !url.password && !url.search && !url.hash && !url.pathname.includes('//')
  if (!isPlain || !/^https?:$/.test(url.protocol) || (whole !== text && !BARE_HOST.test(text)))
    throw new ConfigError(`${name} is ${text}; say https://HOST`)
  return whole.replace(/\/+$/, '')
}

function allowed(name: string, pattern: string): string {
  if (!/^(?:local|arweave|huggingface)\/[^/]+(?:\/[^/]+)?$/.test(pattern))
    throw new ConfigError(`${name} is ${pattern}; say storage/owner or storage/owner/name`)
  return pattern
}

function allowedOwner(name: string, owner: string): string {
  if (owner.includes('/')) throw new ConfigError(`${name} is ${owner}; say wallet addresses, by commas`)
  return `arweave/${owner}`
}
