import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { Size, SymSize } from './size.ts'

/** A number that is known while the graph is made. As in `formats/values.ts`, a bigint is an int, a number a float. */
export type Known = bigint | number | boolean | SymSize

/** How a view is read from the value of its base, and what the base is when the view is written. */
export interface Window {
  readonly base: SymTensor
  readonly read: (base: Expr) => Expr
  readonly write: (base: Expr, value: Expr) => Expr
}

interface Reading {
  readonly value: Expr
  readonly version: number
  readonly graph: Graph
}

/**
 * A tensor of which dtype and sizes are known, and the value that will be: one of a graph. Its value is in the dtype
 * that `computedAs` says, already rounded to `dtype`. A view has no value of its own: it is read from its base, and
 * what is written to it is written to the base.
 */
export class SymTensor {
  readonly dtype: DType
  /** Changed only by operators that reshape in place. */
  dims: readonly Size[]
  /** Of a 0-d tensor that shape arithmetic made, until it is written. */
  known: Known | undefined
  #value: Expr | undefined
  #window: Window | undefined
  #reading: Reading | undefined
  #version = 0

  constructor(source: Expr | Window, dtype: DType, dims: readonly Size[], known?: Known) {
    this.dtype = dtype
    this.dims = dims
    this.known = known
    if ('base' in source) this.#window = source
    else this.#value = source
  }

  get rank(): number {
    return this.dims.length
  }

  /** Changes whenever the value does. */
  get version(): number {
    return this.#window ? this.#window.base.version : this.#version
  }

  /** What is written when this is: itself, or of a view the tensor that it looks at. */
  get root(): SymTensor {
    return this.#window ? this.#window.base.root : this
  }

  /** The value, as the nodes of `graph` (and its subgraphs) may take it. */
  valueIn(graph: Graph): Expr {
    const window = this.#window
    if (!window) return this.#value as Expr
    const { version } = this
    const reading = this.#reading
    if (reading && reading.version === version && reading.graph === graph) return reading.value
    const value = window.read(window.base.valueIn(graph))
    this.#reading = { value, version, graph }
    return value
  }

  /** In place: what is read from now on. The caller has made `value` of this tensor's dtype and sizes. */
  assign(value: Expr, graph: Graph): void {
    const window = this.#window
    if (window) window.base.assign(window.write(window.base.valueIn(graph), value), graph)
    else {
      this.#value = value
      this.known = undefined
      this.#version++
    }
  }

  /** In place: this tensor is that view of itself (`unsqueeze_`, `t_`). */
  become(other: SymTensor): void {
    const window = other.#window
    if (window && window.base === this) {
      const kept = new SymTensor(this.#window ?? (this.#value as Expr), this.dtype, this.dims)
      this.#window = { ...window, base: kept }
    }
    this.#reading = undefined
    this.dims = other.dims
  }
}
