import type { Expr } from '../../onnx/expr.ts'
import type { DType } from '../../tensor/dtype.ts'
import { promote } from '../aten/dtypes.ts'
import { alike, type Size } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { type Attempt, asTensor, attempt, fill, naturalType, outputsOf } from './branch.ts'
import { type Machine, Raised } from './machine.ts'
import { Missing, type Mutable, type Py, PyList, PyTuple, UNINITIALIZED } from './value.ts'

/**
 * A loop whose end depends on data, as a Loop of ONNX: its body is interpreted until it is known what it changes and
 * of which types that is; all of it is carried from round to round.
 */
const MAX_TRIALS = 32

/** What is carried: a name of an object, or a tensor that is written in place. */
interface Carried {
  readonly key: string
  readonly object: Mutable | undefined
  readonly tensor: SymTensor | undefined
  dtypes: DType[]
  /** The value before the first round, of which tensors and numbers are carried. */
  readonly before: Py
}

/** @param round interprets the body, and tells whether there is another round */
export function loop(
  m: Machine,
  first: SymTensor | boolean,
  count: SymTensor | null,
  round: (i: SymTensor) => SymTensor | boolean,
): void {
  const carried: Carried[] = []
  for (let trial = 0; trial < MAX_TRIALS; trial++) {
    const made = tryBody(m, carried, round)
    if (made instanceof Raised) {
      raiseIfRun(m, first, count, made)
      return
    }
    if (made) {
      emit(m, carried, first, count, made)
      return
    }
  }
  throw m.error('a loop that depends on data changes too many things')
}

/** What every round raises is raised where there is one. */
function raiseIfRun(m: Machine, first: SymTensor | boolean, count: SymTensor | null, raised: Raised): void {
  const some = count && m.t.op('gt', [count, 0n])
  if (first === false) return
  if (typeof first !== 'boolean')
    m.alarm.raiseWhen(m, some ? m.t.op('logical_and', [first, some]) : first, raised.message)
  else if (some) m.alarm.raiseWhen(m, some, raised.message)
  else throw raised
}

/** What stands for a number is one. */
function like(m: Machine, before: Py, tensor: SymTensor): SymTensor {
  if (!(before instanceof SymTensor) || m.numbers.has(before)) m.numbers.add(tensor)
  return tensor
}

interface Body {
  readonly tried: Attempt
  readonly outputs: readonly Expr[]
  readonly dims: readonly (readonly Size[])[]
}

/** One interpretation of the body; `undefined` where more turned out to be carried. */
function tryBody(
  m: Machine,
  carried: Carried[],
  round: (i: SymTensor) => SymTensor | boolean,
): Body | Raised | undefined {
  const graph = m.t.graph.subgraph()
  const index = new SymTensor(graph.input('round', 'int64', []), 'int64', [])
  graph.input('again', 'bool', [])
  const inputs = carried.map(({ before, dtypes }) =>
    leavesOf(before).map((leaf, i) => {
      const dtype = dtypes[i] as DType
      const { dims } = asTensor(m, m.t.graph, leaf, dtype)
      const value = graph.input('carried', m.t.value(asTensor(m, m.t.graph, leaf, dtype)).dtype)
      return like(m, leaf, new SymTensor(value, dtype, dims))
    }),
  )
  const tried = attempt(m, graph, () => {
    for (const [i, place] of carried.entries()) put(m, place, rebuild(place.before, inputs[i] as SymTensor[]))
    const again = round(index)
    return typeof again === 'boolean' ? m.t.scalar(again) : again
  })
  if (tried.raised) return tried.raised
  return widen(m, carried, tried) ? undefined : bodyOf(m, carried, tried)
}

function put(m: Machine, { key, object, tensor }: Carried, value: Py): void {
  if (tensor) {
    m.t.assign(tensor, value as SymTensor)
    return
  }
  if (!object) return
  m.touch(object)
  object.load(new Map(object.save()).set(key, value))
}

/** Adds what the body changed and is not carried yet. */
function widen(m: Machine, carried: Carried[], tried: Attempt): boolean {
  let more = false
  for (const tensor of tried.tensors.keys()) {
    if (carried.some((place) => place.tensor === tensor)) continue
    carried.push({ key: '', object: undefined, tensor, dtypes: [tensor.dtype], before: tensor })
    more = true
  }
  for (const [object, after] of tried.objects) {
    const before = object.save()
    if (object instanceof PyList && before.size !== after.size) throw m.error('the length of a list depends on data')
    for (const [key, value] of before) {
      const known = carried.find((place) => place.object === object && place.key === key)
      if (after.get(key) === value) continue
      if (!known) {
        const before = started(m, value, after.get(key) as Py)
        const dtypes = leavesOf(before).map((leaf) => typeFor(m, key, leaf))
        carried.push({ key, object, tensor: undefined, dtypes, before })
      }
      if (!known || widenTypes(m, known, after.get(key))) more = true
    }
  }
  return more
}

/** What is only set in the loop begins as zeros, which nothing reads. */
const started = (m: Machine, before: Py, after: Py): Py =>
  before === UNINITIALIZED && !(after instanceof Missing) ? fill(m, m.t.graph, after) : before

/** A type that another type comes out of is promoted to it. */
function widenTypes(m: Machine, place: Carried, after: Py | undefined): boolean {
  const leaves = leavesOf(after ?? null)
  if (leaves.length !== place.dtypes.length || after instanceof Missing)
    throw m.error(`${place.key} becomes something else in a loop that depends on data`)
  const dtypes = place.dtypes.map((dtype, i) => promote(dtype, typeFor(m, place.key, leaves[i] as Py)))
  const wider = dtypes.some((dtype, i) => dtype !== place.dtypes[i])
  place.dtypes = dtypes
  return wider
}

function typeFor(m: Machine, key: string, leaf: Py): DType {
  const dtype = naturalType(leaf)
  if (!dtype) throw m.error(`${key} changes in a loop that depends on data, and is no tensor`)
  return dtype
}

function bodyOf(m: Machine, carried: readonly Carried[], tried: Attempt): Body {
  const dims: (readonly Size[])[] = []
  const values = carried.flatMap((place) => {
    const after = place.tensor
      ? tried.tensors.get(place.tensor)
      : tried.objects.get(place.object as Mutable)?.get(place.key)
    const before = leavesOf(place.before)
    return leavesOf(after ?? place.before).map((leaf, i) => {
      const tensor = asTensor(m, tried.graph, leaf, place.dtypes[i] as DType)
      const { dims: start } = asTensor(m, m.t.graph, before[i] as Py, place.dtypes[i] as DType)
      if (start.length !== tensor.rank || !start.every((dim, axis) => alike(dim, tensor.dims[axis] as Size)))
        throw m.error(`${place.key || 'a tensor'} changes its sizes in a loop that depends on data`)
      dims.push(start)
      return tensor.valueIn(tried.graph)
    })
  })
  const again = asTensor(m, tried.graph, tried.value, 'bool').valueIn(tried.graph)
  return { tried, outputs: outputsOf(m, tried.graph, [again, ...values]), dims }
}

function emit(
  m: Machine,
  carried: readonly Carried[],
  first: SymTensor | boolean,
  count: SymTensor | null,
  body: Body,
): void {
  const { t } = m
  body.tried.graph.outputs = body.outputs
  const starts = carried.flatMap(({ before, dtypes }) =>
    leavesOf(before).map((leaf, i) => t.value(asTensor(m, t.graph, leaf, dtypes[i] as DType))),
  )
  const again = typeof first === 'boolean' ? t.value(t.scalar(first)) : t.in(first, 'bool')
  const made = t.graph.outputsOf(
    'Loop',
    [count && t.in(count, 'int64'), again, ...starts],
    starts.length,
    { body: body.tried.graph },
    starts.map(({ dtype }) => dtype),
  )
  let at = 0
  for (const place of carried) {
    const before = leavesOf(place.before)
    const leaves = place.dtypes.map((dtype, i) => {
      const tensor = t.moved(made[at + i] as Expr, dtype, body.dims[at + i] as readonly Size[])
      return like(m, before[i] as Py, tensor)
    })
    at += leaves.length
    put(m, place, rebuild(place.before, leaves))
  }
  for (const [object, after] of body.tried.objects) {
    const known = object.save()
    const fresh = [...after.keys()].filter((key) => !known.has(key))
    if (fresh.length === 0) continue
    m.touch(object)
    const unset = new Missing('it is set within a loop that depends on data')
    object.load(new Map([...known, ...fresh.map((key): [string, Py] => [key, unset])]))
  }
}

/** The tensors and numbers of tuples and lists in one another. */
function leavesOf(value: Py, depth = 0): Py[] {
  const isSequence = value instanceof PyList || value instanceof PyTuple
  return isSequence && depth < 8 ? value.items.flatMap((item) => leavesOf(item, depth + 1)) : [value]
}

function rebuild(template: Py, leaves: SymTensor[]): Py {
  const left = [...leaves]
  const build = (value: Py, depth: number): Py => {
    if (depth > 8 || !(value instanceof PyList || value instanceof PyTuple)) return left.shift() as SymTensor
    const items = value.items.map((item) => build(item, depth + 1))
    return value instanceof PyList ? new PyList(items) : new PyTuple(items, value.names)
  }
  return build(template, 0)
}
