import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import type { DType } from '../../tensor/dtype.ts'
import { alike, SymSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { toDatum } from './datum.ts'
import { Journal, type Machine, Raised } from './machine.ts'
import { isNumber, Missing, type Mutable, type Py, PyList, PyTuple, UNINITIALIZED } from './value.ts'

/** Code that data decides about: each way is interpreted into a graph of its own, and what they changed is merged. */

export interface Attempt {
  readonly graph: Graph
  readonly value: Py
  /** How what it wrote is after it. */
  readonly objects: ReadonlyMap<Mutable, ReadonlyMap<string, Py>>
  readonly tensors: ReadonlyMap<SymTensor, SymTensor>
  /** Why this way cannot be gone. */
  readonly raised: Raised | undefined
}

/** Interprets into a graph within the current one, and takes back all that was written. */
export function attempt(m: Machine, graph: Graph, run: () => Py): Attempt {
  const [parent, outer, depth] = [m.t.graph, m.journal, m.depth]
  const journal = new Journal()
  m.t.graph = graph
  m.journal = journal
  let raised: Raised | undefined
  try {
    const value = run()
    return { graph, ...capture(m, journal, value), raised }
  } catch (error) {
    if (!(error instanceof Raised)) throw error
    raised = error
    m.depth = depth
    return { graph, value: null, objects: new Map(), tensors: new Map(), raised }
  } finally {
    for (const [object, state] of journal.objects) object.load(state)
    for (const [tensor, value] of journal.tensors) tensor.assign(value, parent)
    m.t.graph = parent
    m.journal = outer
  }
}

/** What is now, as values that stay when the tensors are what they were before. */
function capture(m: Machine, journal: Journal, value: Py): Pick<Attempt, 'value' | 'objects' | 'tensors'> {
  const copy = (tensor: SymTensor): SymTensor =>
    new SymTensor(m.t.value(tensor), tensor.dtype, tensor.dims, tensor.known)
  const freeze = (item: Py, depth = 0): Py => {
    if (item instanceof SymTensor) return journal.tensors.has(item.root) ? copy(item) : item
    if (depth > 8 || !(item instanceof PyList || item instanceof PyTuple)) return item
    const items = item.items.map((inner) => freeze(inner, depth + 1))
    if (items.every((inner, i) => inner === item.items[i])) return item
    return item instanceof PyList ? new PyList(items) : new PyTuple(items, item.names)
  }
  const objects = new Map(
    [...journal.objects.keys()].map((object) => [
      object,
      new Map([...object.save()].map(([key, item]) => [key, freeze(item)])),
    ]),
  )
  const tensors = new Map([...journal.tensors.keys()].map((tensor) => [tensor, copy(tensor)]))
  return { value: freeze(value), objects, tensors }
}

/** One of two, by a tensor. @returns what the way that is gone returns */
export function branch(m: Machine, test: SymTensor, yes: () => Py, no: () => Py): Py {
  const a = attempt(m, m.t.graph.subgraph(), yes)
  const b = attempt(m, m.t.graph.subgraph(), no)
  if (a.raised) {
    if (b.raised) throw a.raised
    m.alarm.raiseWhen(m, test, a.raised.message)
    return no()
  }
  if (b.raised) {
    m.alarm.raiseUnless(m, test, b.raised.message)
    return yes()
  }
  const merger = new Merger(m, a, b)
  const value = merger.merge(a.value, b.value)
  const writes = [...new Set([...a.objects.keys(), ...b.objects.keys()])].map((object) => merger.object(object))
  const assigns = [...new Set([...a.tensors.keys(), ...b.tensors.keys()])].map((tensor) => {
    const made = merger.merge(a.tensors.get(tensor) ?? tensor, b.tensors.get(tensor) ?? tensor)
    return () => m.t.assign(tensor, made() as SymTensor)
  })
  merger.emit(test)
  for (const write of [...writes, ...assigns]) write()
  return value()
}

/** A value that is there when the If is. */
type Later = () => Py

class Merger {
  readonly #m: Machine
  readonly #a: Attempt
  readonly #b: Attempt
  readonly #pairs: { readonly a: Expr; readonly b: Expr }[] = []
  #made: readonly Expr[] = []

  constructor(m: Machine, a: Attempt, b: Attempt) {
    this.#m = m
    this.#a = a
    this.#b = b
  }

  object(object: Mutable): () => void {
    const before = object.save()
    const [a, b] = [this.#a.objects.get(object) ?? before, this.#b.objects.get(object) ?? before]
    if (object instanceof PyList && a.size !== b.size) throw this.#m.error('the length of a list depends on data')
    const merged = [...new Set([...a.keys(), ...b.keys()])].map((key): [string, Later] => {
      const [own, other] = [a.get(key), b.get(key)]
      if (own === undefined || other === undefined) {
        const missing = new Missing(`it is set on one side only of an if that depends on data`)
        return [key, () => missing]
      }
      return [key, this.merge(own, other)]
    })
    return () => {
      this.#m.touch(object)
      object.load(new Map(merged.map(([key, value]) => [key, value()])))
    }
  }

  merge(a: Py, b: Py, depth = 0): Later {
    if (same(a, b)) return () => a
    if (a instanceof Missing || b instanceof Missing) return this.#oneOf(a, b)
    if (isSequence(a) && isSequence(b) && a.items.length === b.items.length && depth < 8) {
      const items = a.items.map((item, i) => this.merge(item, b.items[i] as Py, depth + 1))
      const [names] = [a instanceof PyTuple ? a.names : []]
      return () => {
        const made = items.map((item) => item())
        return a instanceof PyTuple ? new PyTuple(made, names) : new PyList(made)
      }
    }
    const dtype = dtypeOf(a, b)
    if (!dtype) return missing('it is of one type or another, as data decides')
    const [left, right] = [asTensor(this.#m, this.#a.graph, a, dtype), asTensor(this.#m, this.#b.graph, b, dtype)]
    if (left.rank !== right.rank || !left.dims.every((dim, i) => alike(dim, right.dims[i] as number)))
      return missing(`it is of sizes [${left.dims.join(', ')}] or [${right.dims.join(', ')}], as data decides`)
    const isNumeric = [a, b].some((value) => !(value instanceof SymTensor) || this.#m.numbers.has(value))
    return this.#pair(left, right, isNumeric)
  }

  /** What one side has not set is never read; its memory is whatever is there. */
  #oneOf(a: Py, b: Py): Later {
    const value = a === UNINITIALIZED ? b : b === UNINITIALIZED ? a : undefined
    if (value === undefined) return () => (a instanceof Missing ? a : b)
    const isData = value instanceof SymTensor || isNumber(value) || isSequence(value)
    if (!isData) return () => value
    const filler = fill(this.#m, a === UNINITIALIZED ? this.#a.graph : this.#b.graph, value)
    return a === UNINITIALIZED ? this.merge(filler, value) : this.merge(value, filler)
  }

  #pair(left: SymTensor, right: SymTensor, isNumeric: boolean): Later {
    const { t } = this.#m
    const index = this.#pairs.length
    this.#pairs.push({ a: left.valueIn(this.#a.graph), b: right.valueIn(this.#b.graph) })
    return () => {
      const made = t.moved(this.#made[index] as Expr, left.dtype, left.dims)
      if (isNumeric) this.#m.numbers.add(made)
      return made
    }
  }

  emit(test: SymTensor): void {
    if (this.#pairs.length === 0) return
    const { t } = this.#m
    this.#a.graph.outputs = outputsOf(
      this.#m,
      this.#a.graph,
      this.#pairs.map(({ a }) => a),
    )
    this.#b.graph.outputs = outputsOf(
      this.#m,
      this.#b.graph,
      this.#pairs.map(({ b }) => b),
    )
    this.#made = t.graph.outputsOf(
      'If',
      [t.in(test, 'bool')],
      this.#pairs.length,
      { then_branch: this.#a.graph, else_branch: this.#b.graph },
      this.#pairs.map(({ a }) => a.dtype),
    )
  }
}

const missing = (why: string): Later => {
  const value = new Missing(why)
  return () => value
}

const isSequence = (value: Py): value is PyList | PyTuple => value instanceof PyList || value instanceof PyTuple

const same = (a: Py, b: Py): boolean => Object.is(a, b) || (a instanceof SymSize && b instanceof SymSize && alike(a, b))

/** Zeros of the same sizes. */
export function fill(m: Machine, graph: Graph, value: Py): Py {
  if (value instanceof SymTensor) {
    const parent = m.t.graph
    m.t.graph = graph
    const zeros = m.t.op('zeros', [value.dims.map((dim) => (typeof dim === 'number' ? BigInt(dim) : dim)), value.dtype])
    m.t.graph = parent
    return zeros
  }
  if (value instanceof PyTuple)
    return new PyTuple(
      value.items.map((item) => fill(m, graph, item)),
      value.names,
    )
  if (value instanceof PyList) return new PyList(value.items.map((item) => fill(m, graph, item)))
  return value
}

/** The dtype of what is a tensor or a number on both sides. */
function dtypeOf(a: Py, b: Py): DType | undefined {
  const [own, other] = [naturalType(a), naturalType(b)]
  if (own === other || !own || !other) return own && other
  if (isPlain(a) && !isPlain(b) && kind(own) === kind(other)) return other
  return isPlain(b) && !isPlain(a) && kind(own) === kind(other) ? own : undefined
}
const isPlain = (value: Py): boolean => isNumber(value) || value instanceof SymSize
const kind = (dtype: DType): string => (dtype.includes('float') ? 'float' : dtype === 'bool' ? 'bool' : 'int')

/** Python's numbers are as wide as they come. */
export function naturalType(value: Py): DType | undefined {
  if (value instanceof SymTensor) return value.dtype
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint' || value instanceof SymSize) return 'int64'
  return typeof value === 'number' ? 'float64' : undefined
}

/** A tensor or number as a tensor that is read in a graph. */
export function asTensor(m: Machine, graph: Graph, value: Py, dtype: DType): SymTensor {
  const parent = m.t.graph
  m.t.graph = graph
  const tensor = value instanceof SymTensor ? m.t.castTo(value, dtype) : m.t.scalar(toDatum(m, value), dtype)
  m.t.graph = parent
  return tensor
}

/** A graph names each of its outputs once. */
export function outputsOf(m: Machine, graph: Graph, values: readonly Expr[]): Expr[] {
  const parent = m.t.graph
  m.t.graph = graph
  const seen = new Set<Expr>()
  const outputs = values.map((value) => {
    const output = seen.has(value) ? m.t.node('Identity', [value]) : value
    seen.add(output)
    return output
  })
  m.t.graph = parent
  return outputs
}
