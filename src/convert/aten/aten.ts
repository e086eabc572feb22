import { InferError } from '../../errors.ts'
import type { Expr } from '../../onnx/expr.ts'
import { Graph } from '../../onnx/graph.ts'
import type { Attributes, Operand } from '../../onnx/node.ts'
import { ints, numbers } from '../../onnx/numbers.ts'
import { type DType, elementBytes } from '../../tensor/dtype.ts'
import { fromHalfBits } from '../../tensor/half.ts'
import { sizeOf, type Tensor } from '../../tensor/tensor.ts'
import { Args, type Datum, describeDatum, isScalar, parseParameters, type Scalar } from './args.ts'
import { computedAs, floatFor, isFloat, promote, rankOfKind } from './dtypes.ts'
import { folded } from './known.ts'
import { alike, isStatic, type Size, SymSize } from './size.ts'
import { type Known, SymTensor } from './symbolic.ts'

/**
 * Limits on a model from a stranger, which can ask for more graph than it has bytes: loops of layers, a recurrent net
 * of a million steps; what torchvision has of the deepest needs 6000 nodes. Constants made here (index maps of
 * convolutions in float64, masks) are beside the weights, which the file has paid for.
 */
const MAX_NODES = 50_000
const MAX_MADE_BYTES = 512 * 1024 * 1024
/** torch's own is 64; a rank is a loop here and there. */
const MAX_RANK = 64
/** Of one tensor: 1 TiB of bytes, beyond all memory. */
const MAX_ELEMENTS = 2 ** 40

export type AtenFunction = (t: Aten, args: Args) => Datum

/** `parameters` as in torch's schemas, without types: `self, other, *, alpha=1`. */
export interface AtenOperator {
  readonly parameters: string
  readonly run: AtenFunction
}

/** Operators of torch, applied to symbolic tensors: each call writes nodes to the graph. */
export class Aten {
  /** Where nodes go: a front end that writes the body of an If or Loop puts it here for that while. */
  graph: Graph
  /** Told before a tensor is written in place. */
  onWrite: ((root: SymTensor) => void) | undefined
  readonly #operators: ReadonlyMap<string, AtenOperator>
  readonly #parsed = new Map<string, ReturnType<typeof parseParameters>>()
  readonly #sizes = new Map<string, Expr>()
  /** Values that are others expanded, or matrices transposed: products take those instead. */
  readonly #narrow = new WeakMap<Expr, SymTensor>()
  readonly #upright = new WeakMap<Expr, Expr>()
  #batchOf: { readonly value: Expr; readonly axis: number } | undefined
  #nodes = 0
  #madeBytes = 0

  constructor(operators: ReadonlyMap<string, AtenOperator>, graph = new Graph()) {
    this.#operators = operators
    this.graph = graph
  }

  /** A graph input. Halves come as float16, or where it is bfloat16 as float32. */
  input(name: string, dtype: DType, dims: readonly Size[]): SymTensor {
    const outer = dtype === 'bfloat16' ? 'float32' : dtype
    const value = this.graph.input(
      name,
      outer,
      dims.map((dim) => (typeof dim === 'number' ? dim : 'batch')),
    )
    const axis = dims.findIndex((dim) => dim instanceof SymSize)
    if (axis >= 0) this.#batchOf ??= { value, axis }
    return new SymTensor(this.#cast(value, computedAs(dtype)), dtype, dims)
  }

  /** Whether there is an operator of this name: `add`, `conv2d`. */
  has(name: string): boolean {
    return this.#operators.has(name) || (name.endsWith('_') && this.#operators.has(name.slice(0, -1)))
  }

  /**
   * An operator by torch's name, without `aten::` and overload; `add_` is `add` whose result is written to `self`.
   * @throws InferError bad_model when there is none
   */
  call(name: string, args: readonly Datum[], kwargs?: ReadonlyMap<string, Datum>): Datum {
    const operator = this.#operators.get(name)
    if (operator) {
      let parameters = this.#parsed.get(name)
      if (!parameters) {
        parameters = parseParameters(operator.parameters)
        this.#parsed.set(name, parameters)
      }
      const made = operator.run(this, new Args(name, parameters, args, kwargs))
      if (made instanceof SymTensor && made.known === undefined) made.known = folded(this, name, args, kwargs, made)
      return made
    }
    if (!name.endsWith('_') || !this.#operators.has(name.slice(0, -1)))
      throw new InferError('bad_model', `torch's ${name} is not supported`)
    const [target] = args
    const result = this.call(name.slice(0, -1), args, kwargs)
    if (!(target instanceof SymTensor) || !(result instanceof SymTensor))
      throw new InferError('bad_model', `torch's ${name} is not supported on what is no tensor`)
    return this.assign(target, result)
  }

  /** The same for operators that give one tensor. */
  op(name: string, args: readonly Datum[], kwargs?: Readonly<Record<string, Datum>>): SymTensor {
    const result = this.call(name, args, kwargs && new Map(Object.entries(kwargs)))
    if (result instanceof SymTensor) return result
    throw new InferError('internal', `${name} gives no tensor`)
  }

  /** `target` takes the values of `source`, broadcast and cast to it. */
  assign(target: SymTensor, source: SymTensor): SymTensor {
    const value = this.expand(this.castTo(source, target.dtype), target.dims)
    this.onWrite?.(target.root)
    target.assign(this.value(value), this.graph)
    if (target.root === target) target.known = value.known
    return target
  }

  node(op: string, inputs: readonly (Operand | null)[], attributes: Attributes = {}): Expr {
    return this.nodes(op, inputs, 1, attributes)[0] as Expr
  }

  nodes(op: string, inputs: readonly (Operand | null)[], count: number, attributes: Attributes = {}): Expr[] {
    if (++this.#nodes > MAX_NODES) throw new InferError('bad_model', `the model needs more than ${MAX_NODES} nodes`)
    return this.graph.outputsOf(op, inputs, count, attributes)
  }

  value(tensor: SymTensor): Expr {
    return tensor.valueIn(this.graph)
  }

  /** A tensor of a value that was computed: rounded as its dtype is stored. */
  made(value: Expr, dtype: DType, dims: readonly Size[], known?: Known): SymTensor {
    return this.moved(this.#stored(value, dtype), dtype, dims, known)
  }

  /** A tensor of values that were there before, in other places. */
  moved(value: Expr, dtype: DType, dims: readonly Size[], known?: Known): SymTensor {
    if (dims.reduce<number>((count, dim) => count * (typeof dim === 'number' ? dim : 1), 1) > MAX_ELEMENTS)
      throw new InferError('bad_model', `a tensor of [${dims.join(', ')}]: more than ${MAX_ELEMENTS} elements`)
    if (dims.length > MAX_RANK) throw new InferError('bad_model', `a tensor of ${dims.length} dimensions`)
    return new SymTensor(value, dtype, dims, known)
  }

  /** A constant tensor, as files have it. */
  constant(tensor: Tensor, known?: Known): SymTensor {
    const { dtype, dims, data } = tensor
    const inner = computedAs(dtype)
    if (inner === dtype || dtype === 'bfloat16') {
      return new SymTensor(this.graph.constant({ ...tensor, dtype: inner }), dtype, dims, known)
    }
    const wide =
      dtype === 'float16' ? Float32Array.from(data as Uint16Array, fromHalfBits) : Int32Array.from(data as Int8Array)
    return new SymTensor(this.graph.constant({ dtype: inner, dims, data: wide }), dtype, dims, known)
  }

  /** A constant that conversion makes up (index maps, masks): counted. */
  makeup(tensor: Tensor): Tensor {
    this.reserve(sizeOf(tensor.dims), elementBytes(tensor.dtype))
    return tensor
  }

  /** To be called before so many elements are made up: sizes come from files and requests. */
  reserve(elements: number, width = 8): void {
    this.#madeBytes += elements * width
    if (!(elements >= 0 && this.#madeBytes <= MAX_MADE_BYTES))
      throw new InferError('bad_model', `the model needs more than ${MAX_MADE_BYTES} bytes of constants of its own`)
  }

  /**
   * A Python number as a 0-d tensor: int64, float32 or bool, as `torch.tensor` makes it.
   * @throws InferError bad_model of what is no number
   */
  scalar(value: Datum, dtype?: DType): SymTensor {
    if (!isScalar(value))
      throw new InferError('bad_model', `${describeDatum(value)} stands where a tensor or a number should`)
    const natural = typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'float32' : 'int64'
    const type = dtype ?? natural
    if (value instanceof SymSize) return this.moved(this.#cast(this.size(value), computedAs(type)), type, [], value)
    const constant = this.graph.constant(numberAs(computedAs(type), value))
    return this.made(constant, type, [], type === natural ? value : undefined)
  }

  /** A size as an int64 number. */
  size(size: Size): Expr {
    if (typeof size === 'number') return this.graph.constant(ints(size))
    const name = String(size)
    const known = this.#sizes.get(name)
    if (known && known.graph === this.graph) return known
    if (!this.#batchOf) throw new InferError('internal', 'no input has a batch')
    const { value: input, axis } = this.#batchOf
    let value = this.node('Gather', [this.node('Shape', [input]), ints(axis)], { axis: 0 })
    if (size.factor !== 1) value = this.node('Mul', [value, size.factor])
    if (size.offset !== 0) value = this.node('Add', [value, size.offset])
    this.#sizes.set(name, value)
    return value
  }

  /** Sizes as an int64 vector. */
  shape(dims: readonly Size[]): Operand {
    if (isStatic(dims)) return ints(dims)
    const items = dims.map((dim) =>
      typeof dim === 'number' ? ints([dim]) : this.node('Unsqueeze', [this.size(dim), ints([0])]),
    )
    return items.length === 1 ? (items[0] as Expr) : this.node('Concat', items, { axis: 0 })
  }

  /** An Expr of a tensor, in the type that `dtype` is computed in. */
  in(tensor: SymTensor, dtype: DType): Expr {
    return this.#cast(this.value(this.castTo(tensor, dtype)), computedAs(dtype))
  }

  /** torch's `to`: floats to integers towards zero, anything to bool as "is not 0". */
  castTo(tensor: SymTensor, dtype: DType): SymTensor {
    if (tensor.dtype === dtype) return tensor
    const { known } = tensor
    const keeps = known !== undefined && dtype === 'int64' && typeof known !== 'number' && typeof known !== 'boolean'
    const [from, to] = [tensor.dtype, computedAs(dtype)]
    const value = this.value(tensor)
    if (dtype === 'bool') return this.moved(this.node('Not', [this.node('Equal', [value, 0])]), dtype, tensor.dims)
    const widens = isFloat(dtype) && isFloat(from) && promote(from, dtype) === dtype
    const cast = this.#cast(value, to)
    if (widens) return this.moved(cast, dtype, tensor.dims)
    return this.made(cast, dtype, tensor.dims, keeps ? known : undefined)
  }

  /** What an operation of these computes in (at::result_type): numbers and 0-d tensors only say their kind. */
  resultType(operands: readonly (SymTensor | Scalar)[]): DType {
    const groups: (DType | undefined)[] = [undefined, undefined, undefined]
    for (const operand of operands) {
      const isTensor = operand instanceof SymTensor
      const group = isTensor ? (operand.rank > 0 ? 0 : 1) : 2
      const dtype = isTensor ? operand.dtype : numberType(operand)
      const before = groups[group]
      groups[group] = before ? promote(before, dtype) : dtype
    }
    return groups.reduce<DType | undefined>((result, dtype) => {
      if (!result || !dtype) return result ?? dtype
      return rankOfKind(dtype) > rankOfKind(result) ? promote(result, dtype) : result
    }, undefined) as DType
  }

  floatOf(tensor: SymTensor): DType {
    return floatFor(tensor.dtype)
  }

  #cast(value: Expr, dtype: DType): Expr {
    return value.dtype === dtype ? value : this.node('Cast', [value], { to: dtype })
  }

  #stored(value: Expr, dtype: DType): Expr {
    const inner = computedAs(dtype)
    const same = this.#cast(value, inner)
    if (inner === dtype) return same
    if (dtype !== 'bfloat16') return this.#cast(this.#cast(same, dtype), inner)
    const [rounded] = this.graph.outputsOf('Cast', [same], 1, { to: BFLOAT16 }, ['bfloat16'])
    return this.node('Cast', [rounded as Expr], { to: inner })
  }

  /** What leaves the graph: halves as float16, bfloat16 as float32 that is rounded to it. */
  output(tensor: SymTensor): Expr {
    return this.#cast(this.value(tensor), tensor.dtype === 'bfloat16' ? 'float32' : tensor.dtype)
  }

  reshape(value: Expr, dims: readonly Size[]): Expr {
    const open = dims.filter((dim) => dim instanceof SymSize).length
    if (open > 1 || dims.includes(0)) return this.node('Reshape', [value, this.shape(dims)], { allowzero: 1 })
    return this.node('Reshape', [value, ints(dims.map((dim) => (dim instanceof SymSize ? -1 : dim)))])
  }

  reshaped(tensor: SymTensor, dims: readonly Size[]): SymTensor {
    return this.moved(this.reshape(this.value(tensor), dims), tensor.dtype, dims, tensor.known)
  }

  transpose(value: Expr, perm: readonly number[]): Expr {
    if (perm.every((axis, i) => axis === i)) return value
    const made = this.node('Transpose', [value], { perm })
    if (perm.length === 2) this.#upright.set(made, value)
    return made
  }

  /** The matrix that this value is the transpose of. */
  transposeOf(value: Expr): Expr | undefined {
    return this.#upright.get(value)
  }

  expand(tensor: SymTensor, dims: readonly Size[]): SymTensor {
    const same = tensor.rank === dims.length && tensor.dims.every((dim, i) => alike(dim, dims[i] as Size))
    if (same) return tensor
    const value = this.value(tensor)
    const made = this.node('Expand', [value, this.shape(dims)])
    this.#narrow.set(made, new SymTensor(value, tensor.dtype, tensor.dims))
    return this.moved(made, tensor.dtype, dims)
  }

  /** What was expanded to this tensor, or itself. */
  unexpanded(tensor: SymTensor): SymTensor {
    return this.#narrow.get(this.value(tensor)) ?? tensor
  }
}

/** Ints keep all their bits; what becomes an integer is cut as torch cuts it. */
function numberAs(dtype: DType, value: bigint | number | boolean): Tensor {
  if (dtype === 'int64' && typeof value === 'bigint')
    return { dtype, dims: [], data: BigInt64Array.of(BigInt.asIntN(64, value)) }
  const number = Number(value)
  if (isFloat(dtype) || dtype === 'bool') return numbers(dtype, number)
  if (!Number.isFinite(number)) throw new InferError('bad_model', `${number} is no ${dtype}`)
  return numbers(dtype, Math.trunc(number))
}

/** TensorProto.DataType; `elementTypeNumber` has none of it, as tensors of it do not cross ONNX Runtime's edge. */
const BFLOAT16 = 16

const numberType = (value: Scalar): DType =>
  typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'float32' : 'int64'
