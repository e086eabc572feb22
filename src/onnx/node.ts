import type { HostValue } from '../tensor/host-value.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Expr } from './expr.ts'
import type { Graph } from './graph.ts'

/** What stands for an operand: a value of the graph, a constant, or numbers of the dtype of the operand beside them. */
export type Operand = Expr | Tensor | number | readonly number[]

/** An attribute whose JavaScript number is a float in ONNX; other numbers are ints. */
export interface FloatAttribute {
  readonly float: number | readonly number[]
}

export type Attribute =
  | number
  | bigint
  | string
  | readonly number[]
  | readonly bigint[]
  | readonly string[]
  | FloatAttribute
  | Tensor
  | Graph

export type Attributes = Readonly<Record<string, Attribute>>

/** A float attribute, or a list of them. @public */
export const float = (value: number | readonly number[]): FloatAttribute => ({ float: value })

/** Code of ours that stands in a graph as a node: a stage that ONNX cannot say exactly or fast. */
export type Kernel = (...inputs: readonly HostValue[]) => readonly HostValue[]

export interface OnnxNode {
  readonly kind: 'onnx'
  readonly op: string
  /** '' is ONNX's own. */
  readonly domain: string
  /** null: an optional input that is left out. */
  readonly inputs: readonly (Expr | null)[]
  readonly outputs: readonly Expr[]
  readonly attributes: Attributes
}

export interface HostNode {
  readonly kind: 'host'
  /** What it does, for people. */
  readonly name: string
  readonly inputs: readonly Expr[]
  readonly outputs: readonly Expr[]
  readonly run: Kernel
}

export type GraphNode = OnnxNode | HostNode

export interface GraphInput {
  readonly name: string
  readonly value: Expr
  /** A string is a symbolic length; `undefined`: any rank. */
  readonly dims: readonly (number | string)[] | undefined
}

export interface Guard {
  readonly input: Expr
  /** @throws InferError bad_request */
  readonly check: (value: HostValue) => void
}
