import { InferError } from './errors.ts'
import type { Log } from './log.ts'
import type { Model } from './models/model.ts'
import type { Dialect } from './runtime/engine.ts'
import type { MethodOutputs } from './runtime/heads.ts'
import type { Cast } from './tensor/cast.ts'
import type { Table } from './tensor/host-value.ts'
import type { NamedTensor } from './tensor/tensor.ts'

/** What a workflow is handed once, before it is set up. */
export interface WorkflowContext {
  /**
   * Opens a model: a path, a model id (`huggingface/owner/name:file`), or the keyword arguments that name one
   * (`model_id`, `model_name`, `model_source` with `model_args` or `load_args`). Opened once, however often asked.
   * @throws InferError bad_model
   */
  openModel(reference: string | Readonly<Record<string, unknown>>): Promise<Model>
  readonly log: Log
}

/** What a workflow with `takes = 'tensors'` gets: the request, decoded. */
export interface InferenceInput {
  /** Named as in the request; '' where the request gives none, then in the model's order. */
  readonly inputs: readonly NamedTensor[]
  /** Rows of a table in place of tensors; only for workflows of the dialect `table`. */
  readonly table?: Table
  /** A file that this request names in place of the configured model. */
  readonly modelPath?: string
  readonly method?: string | readonly string[]
  /** How far the inputs may be bent to the model's dtypes. */
  readonly cast: Cast
}

/** What such a workflow answers. */
export interface InferenceOutput {
  readonly outputs: readonly NamedTensor[]
  /** Column names of an output of scores, where the model has them; a list of lists for several outputs. */
  readonly classes?: Classes | readonly Classes[]
  /** Of table models: whose the outputs are, in order. */
  readonly methods?: readonly MethodOutputs[]
}

export type Classes = readonly (string | number | bigint | boolean)[]

type Arguments = readonly unknown[]
export interface WorkflowClass {
  new (...args: unknown[]): Workflow
  /** What `GET /` says; by default the class's name. */
  readonly message?: string
  /** What the sentence about proofs calls the workflow. */
  readonly service?: string
  readonly dialect?: Dialect
}

/** Says that a class is a workflow even when its module came with another copy of this one. */
const BRAND = Symbol.for('infernet-classic.workflow')

/**
 * A unit of work behind `POST /service_output`. Extend it and write `doRunModel`; the rest has a default.
 *
 * Constructed once in each inference process as `new YourWorkflow(...positional, keywords)`, set up once before the
 * container says that it is ready, then called for one request at a time:
 * `doPreprocessing(input)` -> `doRunModel(prepared)` -> `doPostprocessing(input, output)`.
 * Every hook may be async, and may be spelled in snake_case (`do_run_model`).
 */
export abstract class Workflow {
  static readonly [BRAND] = true
  /** `data`: `inference` gets the request's `data` object. `tensors`: it gets an `InferenceInput`. */
  readonly takes: 'tensors' | 'data' = 'data'
  readonly args: Arguments
  readonly kwargs: Readonly<Record<string, unknown>>
  /** Loads what the workflow needs. */
  doSetup?(): unknown
  /** The request to what the model takes; by default unchanged. */
  doPreprocessing?(input: unknown): unknown
  /** The work itself. */
  doRunModel?(prepared: unknown): unknown
  /** The model's output to the answer; by default the output. */
  doPostprocessing?(input: unknown, output: unknown): unknown
  /** The answer in pieces, for callers that ask for a stream. */
  doStream?(prepared: unknown): AsyncIterable<string | Uint8Array>
  /** A proof of the last inference, hex. */
  doGenerateProof?(): unknown
  #context: WorkflowContext | undefined
  #ready = false

  constructor(...args: Arguments) {
    const last = args.at(-1)
    const hasKeywords = typeof last === 'object' && last !== null && !Array.isArray(last)
    this.kwargs = (hasKeywords ? last : {}) as Readonly<Record<string, unknown>>
    this.args = hasKeywords ? args.slice(0, -1) : args
  }

  /** Runs `doSetup`; ready only when it has succeeded. */
  async setup(context?: WorkflowContext): Promise<this> {
    if (context) this.#context = context
    await this.#hook('doSetup')?.()
    this.#ready = true
    return this
  }

  /** One request. Whatever it resolves to is the answer: tensors, or anything that JSON can say. */
  async inference(input: unknown): Promise<unknown> {
    this.#mustBeReady()
    const prepared = await this.#call('doPreprocessing', input)
    const output = await this.#call('doRunModel', prepared)
    return this.#call('doPostprocessing', input, output)
  }

  /** The chunks of an answer that is delivered as it grows (`destination: 2`). */
  async *stream(input: unknown): AsyncGenerator<string | Uint8Array> {
    this.#mustBeReady()
    const prepared = await this.#call('doPreprocessing', input)
    yield* (await this.#call('doStream', prepared)) as AsyncIterable<string | Uint8Array>
  }

  /** A proof of the last inference, hex. Only called where `doGenerateProof` is written. */
  async generateProof(): Promise<unknown> {
    this.#mustBeReady()
    return this.#call('doGenerateProof')
  }

  get streams(): boolean {
    return this.#hook('doStream') !== undefined
  }

  get proves(): boolean {
    return this.#hook('doGenerateProof') !== undefined
  }

  protected get log(): Log {
    return this.#mustHaveContext().log
  }

  /** See `WorkflowContext.openModel`; from `doSetup` on. */
  protected openModel(reference: string | Readonly<Record<string, unknown>>): Promise<Model> {
    return this.#mustHaveContext().openModel(reference)
  }

  #mustHaveContext(): WorkflowContext {
    if (!this.#context) throw new InferError('internal', 'a workflow can open models only once setup has begun')
    return this.#context
  }

  #mustBeReady(): void {
    if (!this.#ready) throw new InferError('internal', 'setup not called before inference')
  }

  #call(name: HookName, ...args: unknown[]): unknown {
    const hook = this.#hook(name)
    if (hook) return hook(...args)
    const byDefault = DEFAULTS[name]
    if (!byDefault) throw new InferError('internal', `${this.constructor.name} has no ${name}`)
    return byDefault(...args)
  }

  #hook(name: HookName): ((...args: unknown[]) => unknown) | undefined {
    const methods = this as unknown as Record<string, unknown>
    for (const spelling of HOOKS[name]) {
      const method = methods[spelling]
      if (typeof method === 'function') return (...args) => method.apply(this, args)
    }
    return undefined
  }
}

/** A row a hook: its spellings, ours first but for subclasses of a built-in, where the snake_case one is the newer. */
const HOOKS = {
  doSetup: ['do_setup', 'doSetup'],
  doPreprocessing: ['do_preprocessing', 'doPreprocessing'],
  doRunModel: ['do_run_model', 'do_model_predict', 'doRunModel'],
  doPostprocessing: ['do_postprocessing', 'doPostprocessing'],
  doStream: ['do_stream', 'doStream'],
  doGenerateProof: ['do_generate_proof', 'doGenerateProof'],
} as const
type HookName = keyof typeof HOOKS

const DEFAULTS: { readonly [name in HookName]?: (...args: unknown[]) => unknown } = {
  doPreprocessing: (input) => input,
  doPostprocessing: (_input, output) => output,
}

export const isWorkflowClass = (value: unknown): value is WorkflowClass =>
  typeof value === 'function' && (value as unknown as Record<symbol, unknown>)[BRAND] === true
