import type { Cast } from '../tensor/cast.ts'
import type { Table } from '../tensor/host-value.ts'
import type { NamedTensor, Tensor } from '../tensor/tensor.ts'
import type { ValueInfo } from './fit.ts'

export type Labels = readonly (string | number | bigint | boolean)[]

/** A model that is open: what it takes, what it gives, and `run`. */
export interface Model {
  readonly path: string
  /** Of its file, and of the files that it names: about what it takes while it is open. */
  readonly bytes: number
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly string[]
  /** Column names of its outputs of scores, by output name, where the model has them. */
  readonly classes: ReadonlyMap<string, Labels>
  /** What it can be asked for, the default first; empty where there is no such choice. */
  readonly methods: readonly string[]
  /** Of table models. */
  readonly table?: TableModel
  /**
   * The outputs, in the model's order, of named inputs, or of nameless ones by position.
   * @throws InferError bad_request when the inputs are not what the model takes
   */
  run(inputs: readonly NamedTensor[], options?: RunOptions): Promise<NamedTensor[]>
  close(): Promise<void>
}

export interface RunOptions {
  /** How far inputs may be bent to the model's dtypes. */
  readonly cast?: Cast
  /** One of the model's methods; the default without. */
  readonly method?: string
}

/** A model of rows and columns: an estimator. */
export interface TableModel {
  /** What each method gives, in the order asked. @throws InferError bad_request: which column, which method */
  run(input: Tensor | Table, methods: readonly string[]): Promise<MethodAnswer[]>
}

export interface MethodAnswer {
  readonly method: string
  /** One, or where Python returns a list, as many. */
  readonly outputs: readonly Tensor[]
  readonly isList: boolean
  /** Columns of probabilities and scores, for each output. */
  readonly classes?: readonly Labels[]
}
