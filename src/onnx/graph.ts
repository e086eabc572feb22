import { InferError } from '../errors.ts'
import type { DType } from '../tensor/dtype.ts'
import type { HostType } from '../tensor/host-value.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { Expr } from './expr.ts'
import type { Attributes, GraphInput, GraphNode, Guard, Kernel, Operand } from './node.ts'
import { numbers } from './numbers.ts'
import { outputTypes } from './output-types.ts'

export type Target = 'serve' | 'export'

/**
 * A graph under construction: ONNX nodes, and kernels of ours beside them. Values have no names; a node comes after
 * what it takes. Constants are given inline and kept once.
 */
export class Graph {
  readonly nodes: GraphNode[] = []
  readonly inputs: GraphInput[] = []
  /** Checks of what comes in, which run before everything else. */
  readonly guards: Guard[] = []
  /** Of a subgraph (the body of an If, Loop or Scan): what it gives. */
  outputs: readonly Expr[] = []
  readonly #root: Graph
  #values = 0
  readonly #constants = new Map<Expr, Tensor>()
  readonly #known = new Map<unknown, Expr>()

  /** Whether it is run here, by kernels where these are faster, or leaves us as ONNX alone. */
  readonly target: Target

  constructor(parent?: Graph, target: Target = parent?.target ?? 'serve') {
    this.#root = parent ? parent.#root : this
    this.target = target
  }

  /** The constants of this graph and its subgraphs. */
  get constants(): ReadonlyMap<Expr, Tensor> {
    return this.#root.#constants
  }

  input(name: string, dtype: HostType, dims?: readonly (number | string)[]): Expr {
    const value = this.value(dtype)
    this.inputs.push({ name, value, dims })
    return value
  }

  /** A graph for an attribute; it may use the values of this one. */
  subgraph(): Graph {
    return new Graph(this)
  }

  /** A value that a node gives; for those who build nodes themselves. */
  value(dtype: HostType): Expr {
    return new Expr(this, this.#root.#values++, dtype)
  }

  /** The same tensor, by its data, is one constant. */
  constant(tensor: Tensor): Expr {
    const key = tensor.dims.length === 0 && !Array.isArray(tensor.data) ? `${tensor.dtype} ${bits(tensor)}` : tensor
    const root = this.#root
    let value = root.#known.get(key)
    if (!value) {
      value = root.value(tensor.dtype)
      root.#known.set(key, value)
      root.#constants.set(value, tensor)
    }
    return value
  }

  constantOf(value: Expr): Tensor | undefined {
    return this.#root.#constants.get(value)
  }

  /**
   * The first output of an ONNX operator. Numbers among the operands become constants of the dtype of the first
   * operand that has one, float64 where none has.
   * @param op `Name`, or `domain:Name`
   */
  node(op: string, inputs: readonly (Operand | null)[], attributes: Attributes = {}): Expr {
    return this.outputsOf(op, inputs, 1, attributes)[0] as Expr
  }

  /** All `count` outputs of an ONNX operator. @param dtypes where the operator alone does not say them */
  outputsOf(
    op: string,
    inputs: readonly (Operand | null)[],
    count: number,
    attributes: Attributes = {},
    dtypes?: readonly HostType[],
  ): Expr[] {
    const colon = op.indexOf(':')
    const [domain, name] = colon < 0 ? ['', op] : [op.slice(0, colon), op.slice(colon + 1)]
    const values = this.#operands(inputs)
    const types = dtypes ?? outputTypes(name, values, attributes, count)
    const outputs = types.map((dtype) => this.value(dtype))
    this.nodes.push({ kind: 'onnx', op: name, domain, inputs: values, outputs, attributes })
    return outputs
  }

  /** A stage of our own code: `run` gets the inputs' values and gives one value for each of `dtypes`. */
  host(name: string, inputs: readonly Expr[], dtypes: readonly HostType[], run: Kernel): Expr[] {
    if (this.#root !== this) throw new InferError('internal', `the kernel ${name} stands in a subgraph`)
    const outputs = dtypes.map((dtype) => this.value(dtype))
    this.nodes.push({ kind: 'host', name, inputs, outputs, run })
    return outputs
  }

  /** A check that throws; `input` is an input of the graph. */
  guard(input: Expr, check: Guard['check']): void {
    this.guards.push({ input, check })
  }

  where(condition: Expr, yes: Operand, no: Operand): Expr {
    const dtype = [yes, no].map(dtypeOf).find((found) => found !== undefined) ?? 'float64'
    return this.node('Where', [condition, this.operand(yes, dtype), this.operand(no, dtype)])
  }

  concat(values: readonly Operand[], axis: number): Expr {
    return values.length === 1 ? this.operand(values[0] as Operand) : this.node('Concat', values, { axis })
  }

  /** An operand as a value of this graph. */
  operand(operand: Operand, dtype: HostType = 'float64'): Expr {
    if (operand instanceof Expr) return operand
    return this.constant(isTensor(operand) ? operand : numbers(dtype as DType, operand))
  }

  #operands(operands: readonly (Operand | null)[]): (Expr | null)[] {
    const dtype = operands.map(dtypeOf).find((found) => found !== undefined)
    return operands.map((operand) => (operand === null ? null : this.operand(operand, dtype)))
  }
}

const isTensor = (operand: Exclude<Operand, Expr>): operand is Tensor =>
  typeof operand === 'object' && 'dtype' in operand

const dtypeOf = (operand: Operand | null): HostType | undefined =>
  typeof operand === 'object' && operand !== null && 'dtype' in operand ? operand.dtype : undefined

const bits = ({ data }: Tensor): string => (Object.is(data[0], -0) ? '-0' : String(data[0]))
