/**
 * The inference children, seen from the front: who is up, who has what, what waits.
 *
 * A child works off its requests in order. When one dies, what it had not answered is dispatched once more; and since
 * one of those may be what killed it, each then has a child to itself, so that a second death names the culprit and
 * nobody else's answer is lost with it.
 */
import { InferError } from '../errors.ts'
import type { Log } from '../log.ts'
import { chunksOf, Dispatch, type Waiting } from './dispatch.ts'
import type { Engine, EngineReply, EngineRequest, EngineStatus, ErrorHead, Served } from './engine.ts'
import type { Frame, Kind } from './frames.ts'
import { Slot } from './slot.ts'

export interface PoolOptions {
  /** The child's module, a file path. */
  readonly module: string
  readonly workers: number
  readonly env: NodeJS.ProcessEnv
  /** The head of the `init` frame: what the child is to set up. */
  readonly init: string
  /** From arrival to answer. A child that has answered nothing for so long is killed. */
  readonly timeoutMs: number
  /** Requests that may wait for a child; beyond it they are refused. */
  readonly queueLimit: number
  readonly log: Log
  /** Finds the file of a model that a workflow asks for; runs in the front, where the network is. */
  readonly resolve: (reference: string) => Promise<string>
  /** The first set-up failed for a reason that a second try would not mend. */
  readonly onFatal: (error: InferError) => void
}

const SWEEP_MS = 100
const BACKOFF_MS = { first: 100, most: 5000 }
/** A child that lived this long died of a request, not of its set-up. */
const HEALTHY_MS = 2000

export class Pool implements Engine {
  readonly #options: PoolOptions
  readonly #slots = new Set<Slot>()
  readonly #queue: Dispatch[] = []
  #nextId = 1
  #served: Served | undefined
  readonly #whenServed: Promise<Served>
  #announce!: (served: Served) => void
  #reason: string | undefined = 'the workflow is being set up'
  #restarts = 0
  #failures = 0
  #closing = false
  readonly #sweeper: NodeJS.Timeout

  constructor(options: PoolOptions) {
    this.#options = options
    this.#whenServed = new Promise((resolve) => {
      this.#announce = resolve
    })
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
    this.#sweeper.unref()
    for (let i = 0; i < options.workers; i++) this.#start()
  }

  served(): Promise<Served> {
    return this.#whenServed
  }

  infer(request: EngineRequest): Promise<EngineReply> {
    return new Promise((resolve, reject) => this.#accept('infer', request, { resolve, reject }))
  }

  stream(request: EngineRequest): AsyncGenerator<string> {
    return chunksOf((waiting) => this.#accept('stream', request, waiting))
  }

  status(): EngineStatus {
    const slots = [...this.#slots]
    const running = slots.reduce((sum, slot) => sum + slot.load, 0)
    const workersReady = slots.filter((slot) => slot.ready).length
    const { workers } = this.#options
    const reason = workersReady > 0 ? undefined : this.#reason
    return { workersReady, workers, queued: this.#queue.length, running, restarts: this.#restarts, reason }
  }

  /** Whether any child has the file of a model open. */
  hasOpen(path: string): boolean {
    return [...this.#slots].some((slot) => slot.open.has(path))
  }

  /** Process ids of the children, for whoever watches or tests them. */
  pids(): number[] {
    return [...this.#slots].flatMap((slot) => slot.child.pid ?? [])
  }

  async close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#sweeper)
    const stopping = new InferError('unavailable', 'the server is stopping')
    for (const dispatch of this.#queue.splice(0)) dispatch.fail(stopping)
    for (const slot of this.#slots) {
      for (const dispatch of slot.held) dispatch.fail(stopping)
      slot.child.kill()
    }
  }

  #accept(kind: Dispatch['kind'], request: EngineRequest, waiting: Waiting): void {
    const refusal = this.#refusal()
    if (refusal) {
      waiting.reject(refusal)
      return
    }
    const id = this.#nextId++ >>> 0
    const expiresAtMs = request.expiresAtMs ?? performance.now() + this.#options.timeoutMs
    const dispatch = new Dispatch({ id, kind, request, expiresAtMs }, waiting)
    const slot = this.#queue.length === 0 ? this.#freest(dispatch) : undefined
    if (slot) slot.send(dispatch)
    else this.#queue.push(dispatch)
  }

  #refusal(): InferError | undefined {
    if (this.#closing) return new InferError('unavailable', 'the server is stopping')
    const waiting = this.#queue.length
    if (waiting < this.#options.queueLimit) return undefined
    return new InferError('unavailable', `${waiting} requests are waiting; try again later`)
  }

  #freest(dispatch: Dispatch): Slot | undefined {
    let best: Slot | undefined
    for (const slot of this.#slots) if (slot.hasRoomFor(dispatch) && (!best || slot.load < best.load)) best = slot
    return best
  }

  /** Sends what can go. A suspect that finds no idle child does not hold up the rest. */
  #drain(): void {
    for (let i = 0; i < this.#queue.length; ) {
      const dispatch = this.#queue[i] as Dispatch
      if (dispatch.settled || dispatch.request.abandoned?.()) {
        this.#queue.splice(i, 1)
        dispatch.fail(new InferError('unavailable', 'the client went away'))
        continue
      }
      const slot = this.#freest(dispatch)
      if (slot) {
        this.#queue.splice(i, 1)
        slot.send(dispatch)
      } else if (dispatch.suspect) i++
      else break
    }
  }

  #start(): void {
    const { module, env, init } = this.#options
    const slot: Slot = new Slot({
      module,
      env,
      onFrame: (frame) => this.#receivers[frame.kind]?.(slot, frame),
      onExit: (reason) => this.#buried(slot, reason),
    })
    this.#slots.add(slot)
    slot.child.send({ id: 0, kind: 'init', head: init, tensors: [] })
  }

  readonly #receivers: { readonly [kind in Kind]?: (slot: Slot, frame: Frame) => void } = {
    ready: (slot, frame) => {
      slot.ready = true
      this.#served ??= JSON.parse(frame.head) as Served
      this.#announce(this.#served)
      this.#drain()
    },
    failed: (slot, frame) => {
      const { code, message } = JSON.parse(frame.head) as ErrorHead
      slot.failure = message
      this.#reason = message
      this.#options.log.error('the workflow cannot be set up', { reason: message })
      // A hub that does not answer now may answer later; a file that is broken stays so.
      if (!this.#served && code !== 'unavailable') this.#options.onFatal(new InferError(code, message))
      else slot.child.kill()
    },
    result: (slot, frame) => {
      slot.take(frame.id)?.answer(frame)
      if (this.#queue.length > 0) this.#drain()
    },
    error: (slot, frame) => {
      const { code, message } = JSON.parse(frame.head) as ErrorHead
      slot.take(frame.id)?.fail(new InferError(code, message))
      if (this.#queue.length > 0) this.#drain()
    },
    shelf: (slot, frame) => {
      slot.open = new Set(JSON.parse(frame.head) as string[])
    },
    chunk: (slot, frame) => slot.get(frame.id)?.chunk(frame.head),
    resolve: (slot, frame) => {
      const { id } = frame
      this.#options.resolve(frame.head).then(
        (path) => slot.child.send({ id, kind: 'resolved', head: path, tensors: [] }),
        (error: unknown) => {
          const { code, message } = error instanceof InferError ? error : new InferError('internal', String(error))
          slot.child.send({ id, kind: 'refused', head: JSON.stringify({ code, message }), tensors: [] })
        },
      )
    },
  }

  /** A child is gone: what it held comes back, and another takes its place. */
  #buried(slot: Slot, reason: string): void {
    this.#slots.delete(slot)
    if (this.#closing) return
    this.#restarts++
    const unanswered = [...slot.held].filter((dispatch) => !dispatch.settled)
    const { log } = this.#options
    log.error('an inference process ended', { reason, pid: slot.child.pid, unanswered: unanswered.length })
    if (!slot.ready) this.#reason = slot.failure ?? `the inference process ended before it was ready (${reason})`
    this.#recover(unanswered)
    const lived = performance.now() - slot.startedAtMs
    this.#failures = slot.ready && lived > HEALTHY_MS ? 0 : this.#failures + 1
    const wait = this.#failures <= 1 ? 0 : Math.min(BACKOFF_MS.first * 2 ** (this.#failures - 2), BACKOFF_MS.most)
    setTimeout(() => {
      if (!this.#closing) this.#start()
    }, wait)
    this.#drain()
  }

  #recover(dispatches: readonly Dispatch[]): void {
    const again: Dispatch[] = []
    for (const dispatch of dispatches) {
      const why = dispatch.begun
        ? 'the inference process ended in the middle of the answer'
        : 'this request ended the inference process twice'
      if (dispatch.begun || dispatch.suspect) dispatch.fail(new InferError('internal', why))
      else again.push(dispatch)
    }
    for (const dispatch of again) dispatch.suspect = true
    this.#queue.unshift(...again)
  }

  /** Fails what is past its deadline, and ends a child that is stuck. */
  #sweep(): void {
    const now = performance.now()
    const { timeoutMs } = this.#options
    const late = new InferError('timeout', `no answer within ${timeoutMs} ms`)
    const failLate = (dispatches: Iterable<Dispatch>): void => {
      for (const dispatch of dispatches) if (now > dispatch.expiresAtMs) dispatch.fail(late)
    }
    failLate(this.#queue)
    if (this.#queue.length > 0) this.#drain()
    for (const slot of this.#slots) {
      failLate(slot.held)
      if (slot.isStuck(now, timeoutMs)) slot.child.kill()
    }
  }
}
