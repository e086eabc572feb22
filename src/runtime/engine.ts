import type { ErrorCode } from '../errors.ts'
import type { NamedTensor } from '../tensor/tensor.ts'

/** One inference, as a door hands it over: JSON text for what is no tensor, and the tensors. */
export interface EngineRequest {
  readonly head: string
  readonly tensors: readonly NamedTensor[]
  /** Whether the caller has gone: what has not been started is then dropped. */
  readonly abandoned?: () => boolean
  /** By `performance.now()`, where a part of the time that a request has is gone already. */
  readonly expiresAtMs?: number | undefined
}

export interface EngineReply {
  readonly head: string
  readonly tensors: readonly NamedTensor[]
}

/** `torch` and `onnx`: as those services spoke. `table`: what `samples-and-tables` says of table models. */
export type Dialect = 'torch' | 'onnx' | 'table'

/** What a workflow says of itself once it is set up. */
export interface Served {
  /** The class's name. */
  readonly workflow: string
  /** The line that `GET /` has always answered for this workflow. */
  readonly message: string
  /** What the sentence about proofs calls it. */
  readonly service: string
  /** `tensors`: the door decodes the request; `data`: the workflow takes the request's `data` as it is. */
  readonly takes: 'tensors' | 'data'
  /** How `{name: nested list}` and `{input: nested list}` are read. */
  readonly dialect: Dialect
  readonly streams: boolean
  readonly proves: boolean
  readonly modelPath?: string
  readonly inputs: readonly { name: string; dtype: string | null; dims: readonly (number | string | null)[] | null }[]
  readonly outputs: readonly string[]
  /** What the model can be asked for by `method`, the default first; empty where it has no such choice. */
  readonly methods: readonly string[]
}

export interface EngineStatus {
  /** Children that can take work. */
  readonly workersReady: number
  readonly workers: number
  readonly queued: number
  readonly running: number
  readonly restarts: number
  /** Why nothing is served yet, or undefined. */
  readonly reason: string | undefined
}

/**
 * Where inferences run. The pool of child processes is the only one so far; a small model could be run by another
 * implementation in the front itself.
 */
export interface Engine {
  /** What is served, once the first workflow is set up; waits for it. */
  served(): Promise<Served>
  /** @throws InferError: the workflow's own, timeout, unavailable, or internal when it killed its process twice */
  infer(request: EngineRequest): Promise<EngineReply>
  /** Chunks of a streaming workflow, as they come. */
  stream(request: EngineRequest): AsyncIterable<string>
  status(): EngineStatus
  /** Ends the children; what is still running is lost, so drain first. */
  close(): Promise<void>
}

/** The head of an `error` or `failed` frame. */
export interface ErrorHead {
  readonly code: ErrorCode
  readonly message: string
}
