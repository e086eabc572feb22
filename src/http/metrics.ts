import type { EngineStatus } from '../runtime/engine.ts'
import type { SupplyStatus } from '../sources/resolver.ts'

/** Upper bounds in seconds: from a small model's answer to the node's own time-out. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180]

/** Counts of this process, in Prometheus' text format. */
export class Metrics {
  readonly #requests = new Map<number, number>()
  readonly #buckets = new Array<number>(BUCKETS.length + 1).fill(0)
  #seconds = 0

  /** One answered request to `/service_output`. */
  count(status: number, seconds: number): void {
    this.#requests.set(status, (this.#requests.get(status) ?? 0) + 1)
    let bucket = 0
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] as number)) bucket++
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1
    this.#seconds += seconds
  }

  text(engine: EngineStatus, supply: SupplyStatus, goldenDifference: number | undefined): string {
    const lines: string[] = []
    const family = (
      name: string,
      type: string,
      help: string,
      samples: readonly (readonly [labels: string, value: number])[],
    ): void => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
      for (const [labels, value] of samples) lines.push(`${name}${labels} ${value}`)
    }
    const requests = [...this.#requests].map(([status, count]) => [`{status="${status}"}`, count] as const)
    family('infernet_requests_total', 'counter', 'Answers of /service_output by HTTP status.', requests)
    lines.push(...this.#histogram())
    family('infernet_inference_running', 'gauge', 'Requests that an inference process holds.', [['', engine.running]])
    family('infernet_inference_queued', 'gauge', 'Requests that wait for an inference process.', [['', engine.queued]])
    family('infernet_workers', 'gauge', 'Inference processes configured.', [['', engine.workers]])
    family('infernet_workers_ready', 'gauge', 'Inference processes that can take work.', [['', engine.workersReady]])
    family('infernet_worker_restarts_total', 'counter', 'Inference processes that ended and were replaced.', [
      ['', engine.restarts],
    ])
    family('infernet_resident_memory_bytes', 'gauge', 'Resident memory of the front process.', [
      ['', process.memoryUsage.rss()],
    ])
    family('infernet_downloads_total', 'counter', 'Downloads of model files that ended.', [
      ['{result="whole"}', supply.downloads],
      ['{result="failed"}', supply.failures],
    ])
    family('infernet_download_bytes_total', 'counter', 'Bytes of model files that were downloaded.', [
      ['', supply.bytes],
    ])
    family('infernet_cache_removed_total', 'counter', 'Cached files that made room (CACHE_LIMIT_BYTES).', [
      ['', supply.evicted],
    ])
    family('infernet_cache_rotten_total', 'counter', 'Cached files that were no longer what had been downloaded.', [
      ['', supply.rotted],
    ])
    family('infernet_hubs_resting', 'gauge', 'Hubs that failed so often that they are left alone for now.', [
      ['', supply.resting],
    ])
    if (goldenDifference !== undefined) {
      family('infernet_golden_difference', 'gauge', 'Largest absolute difference from the golden samples.', [
        ['', goldenDifference],
      ])
    }
    return `${lines.join('\n')}\n`
  }

  #histogram(): string[] {
    const name = 'infernet_request_seconds'
    let total = 0
    const counts = this.#buckets.map((count, i) => {
      total += count
      return `${name}_bucket{le="${BUCKETS[i] ?? '+Inf'}"} ${total}`
    })
    const head = [`# HELP ${name} Time from a request's arrival to its answer.`, `# TYPE ${name} histogram`]
    return [...head, ...counts, `${name}_sum ${this.#seconds}`, `${name}_count ${total}`]
  }
}
