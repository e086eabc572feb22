import { type ChildOptions, InferenceChild } from './child-process.ts'
import type { Dispatch } from './dispatch.ts'
import { encodeFrame } from './frames.ts'

/**
 * How much a child holds: about 4 ms of work, so that many small requests cross in one write, while a slow one leaves
 * the rest in the front, free to go to another child. Two, so that a child never waits for the front.
 */
const HELD = { least: 2, most: 64, workMs: 4 }
/** The smoothed time per request, before any is known, and how much the newest counts. */
const PACE = { firstMs: 1, weight: 0.1 }

/** A child, and the requests that it holds. */
export class Slot {
  readonly child: InferenceChild
  readonly startedAtMs = performance.now()
  ready = false
  /** Files of the models that it has open. */
  open: ReadonlySet<string> = new Set()
  /** Why it could not be set up, in its own words. */
  failure: string | undefined
  /**
   * In the order in which the child answers. No Map: the tables that one outgrows stay chained to each other, and keep
   * every request alive until a full collection (measured: the front took 1.4 times as much CPU).
   */
  readonly #held: Dispatch[] = []
  /** A suspect has this child to itself. */
  #alone = false
  /** When the child last answered, or was given work while idle. */
  #progressAtMs = performance.now()
  #paceMs = PACE.firstMs

  constructor(options: ChildOptions) {
    this.child = new InferenceChild(options)
  }

  get load(): number {
    return this.#held.length
  }

  get held(): Iterable<Dispatch> {
    return this.#held
  }

  hasRoomFor(dispatch: Dispatch): boolean {
    if (!this.ready || this.#alone) return false
    const room = Math.max(HELD.least, Math.min(HELD.most, Math.ceil(HELD.workMs / this.#paceMs)))
    return this.#held.length < (dispatch.suspect ? 1 : room)
  }

  send(dispatch: Dispatch): void {
    const { id, kind, request } = dispatch
    if (this.#held.length === 0) this.#progressAtMs = performance.now()
    this.#held.push(dispatch)
    this.#alone = dispatch.suspect
    this.child.sendBytes(encodeFrame({ id, kind, head: request.head, tensors: request.tensors }))
  }

  get(id: number): Dispatch | undefined {
    return this.#held.find((dispatch) => dispatch.id === id)
  }

  /** The child has answered: its request, unless it holds none of that id. */
  take(id: number): Dispatch | undefined {
    if (this.#held[0]?.id !== id) return undefined
    const dispatch = this.#held.shift()
    this.#alone = false
    const now = performance.now()
    this.#paceMs += PACE.weight * (now - this.#progressAtMs - this.#paceMs)
    this.#progressAtMs = now
    return dispatch
  }

  /** Whether the child has had work for so long without answering any. */
  isStuck(now: number, timeoutMs: number): boolean {
    return this.#held.length > 0 && now - this.#progressAtMs > timeoutMs
  }
}
