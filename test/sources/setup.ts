import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createLog, type Log } from '../../src/log.ts'
import { Guard, type GuardOptions } from '../../src/sources/guard.ts'
import { isRecord } from '../../src/sources/record.ts'
import { createResolver, type Resolver, type ResolverOptions } from '../../src/sources/resolver.ts'
import type { SourceSettings } from '../../src/sources/settings.ts'
import { SUPPORT_MODULE } from '../support/paths.ts'
import { FakeHub } from './fake-hub.ts'

export const QUICK = { attempts: 6, baseMs: 1, capMs: 4 }
export const TIMEOUTS = { connectMs: 1000, firstByteMs: 500, stallMs: 300, paceMs: 60_000 }

export interface Stage {
  readonly hub: FakeHub
  readonly cache: string
  readonly resolver: Resolver
  readonly logs: string[]
  /** Another resolver on the same cache, with other settings. */
  another(settings?: Partial<SourceSettings>, guard?: GuardOptions, more?: Partial<ResolverOptions>): Resolver
  /** Names in the folder that o/n's files land in, without what we remember of them. */
  landed(version?: string): string[]
  end(): Promise<void>
}

/** A resolver that is configured for `o/n` on a hub, and waits no longer than a test may. */
export const resolverFor = (
  hub: string,
  cache: string,
  settings: Partial<SourceSettings> = {},
  guard: GuardOptions = {},
  log: Log = createLog('error', () => {}),
  more: Partial<ResolverOptions> = {},
): Resolver =>
  createResolver({
    supportModule: SUPPORT_MODULE,
    keywords: { cache_dir: cache, model_id: 'huggingface/o/n:model.onnx' },
    defaultModel: '/none',
    useDefault: false,
    sources: { offline: false, allowed: [], hosts: [], hubEndpoint: hub, hubToken: 'hf_secret', ...settings },
    log,
    guard: new Guard({ trusted: [hub, ...(settings.hosts ?? [])], timeouts: TIMEOUTS, ...guard }),
    retry: QUICK,
    failureMs: 0,
    ...more,
  })

/** A hub with one file `model.onnx` in `o/n`, an empty cache, and a resolver that is configured for the hub. */
export async function stage(
  file: Buffer = Buffer.from('a model'),
  settings: Partial<SourceSettings> = {},
): Promise<Stage> {
  const hub = await new FakeHub().start()
  hub.files.set('model.onnx', file)
  const cache = mkdtempSync(join(tmpdir(), 'sources-'))
  const logs: string[] = []
  const log = createLog('debug', (line) => logs.push(line))
  const another: Stage['another'] = (more = {}, guard = {}, options = {}) =>
    resolverFor(hub.url, cache, more, guard, log, options)
  return {
    hub,
    cache,
    logs,
    another,
    resolver: another(settings),
    landed: (version = 'default') => {
      try {
        const names = readdirSync(join(cache, 'huggingface/o/n', version))
        return names.filter((name) => !isRecord(name)).sort()
      } catch {
        return []
      }
    },
    async end() {
      await hub.stop()
      rmSync(cache, { recursive: true, force: true })
    },
  }
}

/** Runs a test's body on a stage that is torn down whatever happens. */
export const on =
  (body: (stage: Stage) => Promise<void>, file?: Buffer, settings?: Partial<SourceSettings>) =>
  async (): Promise<void> => {
    const set = await stage(file, settings)
    try {
      await body(set)
    } finally {
      await set.end()
    }
  }

export const ID = JSON.stringify('huggingface/o/n:model.onnx')

/** A model id as a workflow names it. */
export const id = (text: string): string => JSON.stringify(text)

export const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

export const text = (path: string): string => readFileSync(path, 'utf8')

/** A `ritual_manifest.json` of files and their digests. */
export const manifest = (files: Record<string, string>): Buffer =>
  Buffer.from(
    JSON.stringify({ files: Object.keys(files), file_hashes: files, artifact_type: 'ModelArtifact', metadata: {} }),
  )
