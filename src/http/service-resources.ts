/** `GET /service-resources`: what the node tells the network about this container (contract, section 5). */
import { readFileSync, statfsSync } from 'node:fs'
import os from 'node:os'
import type { Middleware } from 'koa'
import { messageOf } from '../errors.ts'
import type { Readiness } from '../readiness.ts'
import type { Dialect } from '../runtime/engine.ts'
import { cachedModels } from '../sources/inventory.ts'
import type { Resolver } from '../sources/resolver.ts'

const VERSION = '0.1.0'
const KIB = 1024

/** Always 200, and never the network: the node waits a second in all. */
export const serviceResources =
  (readiness: Readiness, resolver: Resolver): Middleware =>
  async (ctx) => {
    const asked = ctx.query.model_id
    const id = Array.isArray(asked) ? asked[0] : asked
    ctx.body = id
      ? await supports(id, resolver)
      : resources(readiness.current?.dialect ?? 'torch', resolver.cacheDirectory)
  }

async function supports(id: string, resolver: Resolver): Promise<object> {
  try {
    const { supported, reason } = await resolver.supports(id)
    return supported ? { supported } : { supported, error: reason }
  } catch (error) {
    return { supported: false, error: messageOf(error) }
  }
}

const resources = (dialect: Dialect, cacheDirectory: string): object => ({
  version: VERSION,
  service_id: `${dialect}-inference-service`,
  hardware_capabilities: [
    { capability_id: 'base', os_info: { name: os.type(), version: os.version() }, cpu_info: cpu(), disk_info: disks() },
  ],
  compute_capability: [
    {
      id: 'ml',
      type: dialect,
      task: [],
      models: [],
      cached_models: cachedModels(cacheDirectory),
      inference_engine: null,
      inference_engine_version: null,
    },
  ],
})

function cpu(): object {
  const cores = os.cpus()
  return {
    model: cores[0]?.model ?? 'unknown',
    architecture: os.machine(),
    byte_order: os.endianness() === 'LE' ? 'Little Endian' : 'Big Endian',
    vendor_id: /^vendor_id\s*:\s*(.+)$/m.exec(fileText('/proc/cpuinfo'))?.[1] ?? 'unknown',
    num_cores: cores.length,
    cores: cores.map(({ speed }, id) => ({ id, frequency: speed, max_frequency: null, min_frequency: null })),
  }
}

/** As `df` counts: blocks of 1 KiB, of what is backed by a device, and of the root. */
function disks(): object[] {
  const mounts = fileText('/proc/mounts')
    .split('\n')
    .map((line) => line.split(' '))
  const shown = mounts.filter(
    ([device = '', point], i) =>
      (device.startsWith('/') || point === '/') && mounts.findIndex((m) => m[0] === device) === i,
  )
  return shown.flatMap(([filesystem, mount_point = '/']) => {
    try {
      const { blocks, bfree, bavail, bsize } = statfsSync(mount_point)
      const kib = (count: number): number => Math.round((count * bsize) / KIB)
      return [{ filesystem, mount_point, size: kib(blocks), used: kib(blocks - bfree), available: kib(bavail) }]
    } catch {
      return []
    }
  })
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
