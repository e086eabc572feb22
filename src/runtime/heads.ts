/** The JSON heads of the frames, where they are more than a string. */
import type { Level } from '../log.ts'
import type { Cast } from '../tensor/cast.ts'

export interface ChildInit {
  readonly workflow: {
    readonly class: string
    readonly args: readonly unknown[]
    readonly kwargs: Readonly<Record<string, unknown>>
  }
  /** Models that a child keeps open at a time. */
  readonly openModels: number
  /** And what their files may take together. */
  readonly openModelsBytes: number
  readonly logLevel: Level
  /** What an answer's tensors may take; a model can make gigabytes of eight bytes. */
  readonly answerLimitBytes: number
}

export interface InferHead {
  readonly cast: Cast
  /** Of workflows that take the request's data as it is. */
  readonly data?: unknown
  readonly modelPath?: string
  readonly method?: string | readonly string[]
  /** Whether a proof is wanted beside the answer. */
  readonly prove?: boolean
  /** Whether the model is meant, not what a workflow makes of it. */
  readonly golden?: boolean
}

export interface ResultHead {
  /** An answer that is no tensors. */
  readonly json?: unknown
  /** JSON text of a list: column names of scores. */
  readonly classes?: string
  readonly proof?: unknown
}
