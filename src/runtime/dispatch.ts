import type { InferError } from '../errors.ts'
import type { EngineReply, EngineRequest } from './engine.ts'

/** Who waits for the answer. */
export interface Waiting {
  readonly resolve: (reply: EngineReply) => void
  readonly reject: (error: Error) => void
  readonly onChunk?: (text: string) => void
}

interface Question {
  readonly id: number
  readonly kind: 'infer' | 'stream'
  readonly request: EngineRequest
  readonly expiresAtMs: number
}

/** A request on its way to a child, and back. It is settled once, whatever arrives later. */
export class Dispatch {
  readonly id: number
  readonly kind: 'infer' | 'stream'
  readonly request: EngineRequest
  readonly expiresAtMs: number
  /** A child died while it held this request: it may be the one that killed it. */
  suspect = false
  /** Something of the answer has left for the client, so it cannot begin again. */
  begun = false
  #settled = false
  readonly #waiting: Waiting

  constructor({ id, kind, request, expiresAtMs }: Question, waiting: Waiting) {
    this.id = id
    this.kind = kind
    this.request = request
    this.expiresAtMs = expiresAtMs
    this.#waiting = waiting
  }

  get settled(): boolean {
    return this.#settled
  }

  answer(reply: EngineReply): void {
    if (this.#settled) return
    this.#settled = true
    this.#waiting.resolve(reply)
  }

  fail(error: InferError): void {
    if (this.#settled) return
    this.#settled = true
    this.#waiting.reject(error)
  }

  chunk(text: string): void {
    if (this.#settled) return
    this.begun = true
    this.#waiting.onChunk?.(text)
  }
}

/** Chunks as they come, for `for await`; `start` is handed who waits for them. */
export async function* chunksOf(start: (waiting: Waiting) => void): AsyncGenerator<string> {
  const chunks: string[] = []
  let wake = (): void => {}
  let ended = false
  let failure: Error | undefined
  const end = (error?: Error): void => {
    ended = true
    failure = error
    wake()
  }
  const onChunk = (text: string): void => {
    chunks.push(text)
    wake()
  }
  start({ resolve: () => end(), reject: end, onChunk })
  while (true) {
    while (chunks.length > 0) yield chunks.shift() as string
    if (failure) throw failure
    if (ended) return
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}
