import type { DType } from '../tensor/dtype.ts'
import type { HostType } from '../tensor/host-value.ts'
import type { Graph } from './graph.ts'
import type { Operand } from './node.ts'
import { ints } from './numbers.ts'

/** A value of a graph, whose methods are the operators that formulas are made of. Shapes broadcast as numpy's do. */
export class Expr {
  readonly graph: Graph
  readonly id: number
  readonly dtype: HostType

  constructor(graph: Graph, id: number, dtype: HostType) {
    this.graph = graph
    this.id = id
    this.dtype = dtype
  }

  add(other: Operand): Expr {
    return this.graph.node('Add', [this, other])
  }
  sub(other: Operand): Expr {
    return this.graph.node('Sub', [this, other])
  }
  mul(other: Operand): Expr {
    return this.graph.node('Mul', [this, other])
  }
  div(other: Operand): Expr {
    return this.graph.node('Div', [this, other])
  }
  pow(other: Operand): Expr {
    return this.graph.node('Pow', [this, other])
  }
  max(other: Operand): Expr {
    return this.graph.node('Max', [this, other])
  }
  min(other: Operand): Expr {
    return this.graph.node('Min', [this, other])
  }
  matmul(other: Operand): Expr {
    return this.graph.node('MatMul', [this, other])
  }

  lt(other: Operand): Expr {
    return this.graph.node('Less', [this, other])
  }
  le(other: Operand): Expr {
    return this.graph.node('LessOrEqual', [this, other])
  }
  gt(other: Operand): Expr {
    return this.graph.node('Greater', [this, other])
  }
  ge(other: Operand): Expr {
    return this.graph.node('GreaterOrEqual', [this, other])
  }
  eq(other: Operand): Expr {
    return this.graph.node('Equal', [this, other])
  }
  and(other: Expr): Expr {
    return this.graph.node('And', [this, other])
  }
  or(other: Expr): Expr {
    return this.graph.node('Or', [this, other])
  }
  not(): Expr {
    return this.graph.node('Not', [this])
  }
  isNaN(): Expr {
    return this.graph.node('IsNaN', [this])
  }

  neg(): Expr {
    return this.graph.node('Neg', [this])
  }
  abs(): Expr {
    return this.graph.node('Abs', [this])
  }
  sign(): Expr {
    return this.graph.node('Sign', [this])
  }
  exp(): Expr {
    return this.graph.node('Exp', [this])
  }
  log(): Expr {
    return this.graph.node('Log', [this])
  }
  sqrt(): Expr {
    return this.graph.node('Sqrt', [this])
  }
  tanh(): Expr {
    return this.graph.node('Tanh', [this])
  }
  /** `1 / (1 + exp(-x))`; ONNX Runtime's Sigmoid is `1 - 1 / (1 + exp(x))` below zero, which is 0 below -37. */
  sigmoid(): Expr {
    return this.graph.node('Reciprocal', [this.neg().exp().add(1)])
  }
  relu(): Expr {
    return this.graph.node('Relu', [this])
  }
  floor(): Expr {
    return this.graph.node('Floor', [this])
  }
  softmax(axis = -1): Expr {
    return this.graph.node('Softmax', [this], { axis })
  }
  logSoftmax(axis = -1): Expr {
    return this.graph.node('LogSoftmax', [this], { axis })
  }

  /** Reductions keep the axis, with length 1, unless `keep` is false. */
  sum(axis: number, keep = true): Expr {
    return this.#reduce('ReduceSum', axis, keep)
  }
  mean(axis: number, keep = true): Expr {
    return this.#reduce('ReduceMean', axis, keep)
  }
  prod(axis: number, keep = true): Expr {
    return this.#reduce('ReduceProd', axis, keep)
  }
  maximum(axis: number, keep = true): Expr {
    return this.#reduce('ReduceMax', axis, keep)
  }
  minimum(axis: number, keep = true): Expr {
    return this.#reduce('ReduceMin', axis, keep)
  }
  logSumExp(axis: number, keep = true): Expr {
    return this.#reduce('ReduceLogSumExp', axis, keep)
  }

  /** The first of the largest, as numpy has it: int64. */
  argmax(axis: number, keep = false): Expr {
    return this.graph.node('ArgMax', [this], { axis, keepdims: Number(keep) })
  }
  argmin(axis: number, keep = false): Expr {
    return this.graph.node('ArgMin', [this], { axis, keepdims: Number(keep) })
  }

  cast(dtype: DType): Expr {
    return this.dtype === dtype ? this : this.graph.node('Cast', [this], { to: dtype })
  }
  /** @param dims -1 is what is left, 0 the length that is there */
  reshape(dims: readonly number[]): Expr {
    return this.graph.node('Reshape', [this, ints(dims)])
  }
  transpose(order?: readonly number[]): Expr {
    return this.graph.node('Transpose', [this], order ? { perm: order } : {})
  }
  unsqueeze(axis: number): Expr {
    return this.graph.node('Unsqueeze', [this, ints([axis])])
  }
  squeeze(axis: number): Expr {
    return this.graph.node('Squeeze', [this, ints([axis])])
  }
  /** Along `axis`, what is at `indices` (constant or int64 values). */
  gather(indices: Expr | number | readonly number[], axis: number): Expr {
    return this.graph.node('Gather', [this, indices instanceof Expr ? indices : ints(indices)], { axis })
  }
  /** [start, end) along `axis`. */
  slice(start: number, end: number, axis: number): Expr {
    return this.graph.node('Slice', [this, ints([start]), ints([end]), ints([axis])])
  }

  #reduce(op: string, axis: number, keep: boolean): Expr {
    return this.graph.node(op, [this, ints([axis])], { keepdims: Number(keep) })
  }
}
