/** What the environment says of where models come from. */
import { join } from 'node:path'
import { ConfigError } from '../config.ts'
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
 * @throws ConfigError
 */
export function readSourceSettings(env: Env, offline = false): SourceSettings {
  const text = (name: string): string | undefined => readEnvText(env[name])
  const home = text('HF_HOME') ?? join(text('XDG_CACHE_HOME') ?? '~/.cache', 'huggingface')
  const owners = list(text('ALLOWED_ARWEAVE_OWNERS')).map((owner) => `arweave/${owner}`)
  const endpoint = text('HF_ENDPOINT')
  const gateways = list(text('ARWEAVE_GATEWAYS'))
  return {
    offline: offline || (readBoolean(text('HF_HUB_OFFLINE') ?? 'false') ?? false),
    hubEndpoint: endpoint && address('HF_ENDPOINT', endpoint),
    hubToken: text('HF_TOKEN') ?? text('HUGGING_FACE_HUB_TOKEN') ?? text('HUGGINGFACE_TOKEN'),
    hubCache: expandPath(text('HF_HUB_CACHE') ?? text('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    arweaveGateways: gateways.length > 0 ? gateways.map((gateway) => address('ARWEAVE_GATEWAYS', gateway)) : undefined,
    allowed: [...list(text('ALLOWED_MODELS')).map(checkAllowed), ...owners.map(checkAllowed)],
    hosts: list(text('MODEL_HOSTS')).map((host) => address('MODEL_HOSTS', host)),
  }
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** A host alone is https. */
function address(name: string, text: string): string {
  const whole = text.includes('://') ? text : `https://${text}`
  const url = URL.canParse(whole) ? new URL(whole) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new ConfigError(`${name} is ${text}; say https://HOST`)
  return whole.replace(/\/+$/, '')
}

function checkAllowed(pattern: string): string {
  if (!/^(?:local|arweave|huggingface)\/[^/]+(?:\/[^/]+)?$/.test(pattern))
    throw new ConfigError(`ALLOWED_MODELS is ${pattern}; say storage/owner or storage/owner/name`)
  return pattern
}
