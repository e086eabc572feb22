/** The JSON heads of the frames, where they are more than a string. */
import type { Level } from '../log.ts'
import type { Cast } from '../tensor/cast.ts'
import type { Table } from '../tensor/host-value.ts'

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
  /** Where converted models are kept between starts. */
  readonly plansFolder: string
  /** What an answer's tensors may take; a model can make gigabytes of eight bytes. */
  readonly answerLimitBytes: number
}

export interface InferHead {
  readonly cast: Cast
  /** Of workflows that take the request's data as it is. */
  readonly data?: unknown
  readonly modelPath?: string
  readonly method?: string | readonly string[]
  /** In place of tensors. */
  readonly table?: Table
  /** Whether a proof is wanted beside the answer. */
  readonly prove?: boolean
  /** Whether the model is meant, not what a workflow makes of it. */
  readonly golden?: boolean
}

export interface ResultHead {
  /** An answer that is no tensors. */
  readonly json?: unknown
  /** JSON text of a list: column names of scores; of several outputs a list of such. */
  readonly classes?: string
  /** Of table models: whose the tensors are, in order. */
  readonly methods?: readonly MethodOutputs[]
  readonly proof?: unknown
}

/** What a method of a table model gave: one tensor, or where Python returns a list, that many. */
export interface MethodOutputs {
  readonly name: string
  readonly count: number | null
}
