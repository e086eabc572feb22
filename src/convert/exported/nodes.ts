import { InferError } from '../../errors.ts'
import type { Json } from '../../formats/json.ts'
import { listOf, objectOf } from '../../formats/torch-export.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import { branch } from '../script/branch.ts'
import { compare } from '../script/compare.ts'
import { callExternal, functionFor } from '../script/external.ts'
import { loop } from '../script/loop.ts'
import { type Machine, Raised } from '../script/machine.ts'
import { callOperator } from '../script/operator-call.ts'
import { binary, unary } from '../script/operators.ts'
import { truth } from '../script/truth.ts'
import { type Kwargs, type Py, PyList, PyTuple } from '../script/value.ts'
import { asStrided, layoutOf } from './strided.ts'
import { type Environment, type Names, namesIn, readArgument, unionOf } from './value.ts'

/** Nodes of exported programs, each a call of an operator on values that have names. */

/** Graphs in graphs, as branches of `cond` are. */
const MAX_DEPTH = 32

const at = (args: readonly Py[], i = 0): Py => args[i] ?? null

/** Where a node stands. */
interface Place {
  readonly graph: ReadonlyMap<string, Json>
  readonly depth: number
}

type Operator = (m: Machine, args: readonly Py[], kwargs: Kwargs) => Py

const python =
  (op: string): Operator =>
  (m, args) =>
    binary(m, op, at(args), at(args, 1))
const comparison =
  (op: string): Operator =>
  (m, args) =>
    compare(m, op, at(args), at(args, 1))
/** Checks of data, which refuse a request. */
const asserted: Operator = (m, args) => {
  const test = truth(m, at(args))
  const what = `an assertion of the model fails${typeof args[1] === 'string' ? `: ${args[1]}` : ''}`
  if (test === false) throw new Raised(what)
  if (test !== true) m.alarm.raiseUnless(m, test, what)
  return null
}
const nothing: Operator = () => null

/** What stands for no operator of torch: Python's on sizes, and checks of what torch has checked. */
// biome-ignore format: one row per operator
const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>(Object.entries<Operator>({
  '_operator.add': python('+'),
  '_operator.and_': python('&'),
  '_operator.eq': comparison('=='),
  '_operator.floordiv': python('//'),
  '_operator.ge': comparison('>='),
  '_operator.gt': comparison('>'),
  '_operator.le': comparison('<='),
  '_operator.lt': comparison('<'),
  '_operator.mod': python('%'),
  '_operator.mul': python('*'),
  '_operator.ne': comparison('!='),
  '_operator.neg': (m, args) => unary(m, '-', at(args)),
  '_operator.or_': python('|'),
  '_operator.pow': python('**'),
  '_operator.sub': python('-'),
  '_operator.truediv': python('/'),
  'torch.sym_float': (m, args) => callExternal(m, 'builtins.float', args, new Map()),
  'torch.sym_int': (m, args) => callExternal(m, 'builtins.int', args, new Map()),
  'torch.sym_max': (m, args) => callExternal(m, 'builtins.max', args, new Map()),
  'torch.sym_min': (m, args) => callExternal(m, 'builtins.min', args, new Map()),
  'torch.sym_not': (m, args) => unary(m, 'not', at(args)),
  'torch.ops.aten._linalg_check_errors': nothing,
  'torch.ops.aten._assert_async': asserted,
  'torch.ops.aten._assert_scalar': asserted,
  'torch.ops.aten._assert_tensor_metadata': nothing,
  'torch.ops.prims.scalar_tensor': (m, args, kwargs) => callOperator(m, 'scalar_tensor', args, kwargs),
  'torch.ops.aten.sym_constrain_range': nothing,
  'torch.ops.aten.sym_constrain_range_for_size': nothing,
}))

/** Other names of operators in exported programs. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['_local_scalar_dense', 'item'],
  ['detach_', 'detach'],
  ['lift_fresh', 'alias'],
  ['lift_fresh_copy', 'clone'],
  ['sym_numel', 'numel'],
  ['sym_size', 'size'],
])

/** torch's operators take these by name only; releases before 2.6 do not say which. */
// biome-ignore format: a list of names
const KEYWORDS: ReadonlySet<string> = new Set([
  'alpha', 'approximate', 'beta', 'correction', 'decimals', 'device', 'dtype', 'enable_gqa', 'generator', 'layout',
  'memory_format', 'non_blocking', 'out_int32', 'pin_memory', 'rounding_mode', 'scale', 'side', 'sorter', 'value',
])
const POSITIONAL_VALUE = /\.(fill|masked_fill|constant_pad_nd|index_fill|scatter|pad|full)/

/** `torch.ops.aten.add.Tensor` without its overload. */
export function operatorName(target: string): string {
  const match = /^torch\.ops\.(\w+)\.(\w+)(?:\.\w+)?$/.exec(target)
  if (!match) return target
  return `torch.ops.${match[1]}.${match[1] === 'aten' ? (ALIASES.get(match[2] as string) ?? match[2]) : match[2]}`
}

/** Operators of the graphs that nothing converts, each once. */
export function unsupportedIn(m: Machine, graph: ReadonlyMap<string, Json>, depth = 0): Set<string> {
  const found = new Set<string>()
  for (const item of listOf(graph.get('nodes'), 'the nodes of a graph')) {
    const node = objectOf(item, 'a node')
    const target = String(node.get('target'))
    const name = operatorName(target)
    const known =
      OPERATORS.has(name) || HIGHER.has(name) || (name.startsWith('torch.ops.aten.') && functionFor(m, name))
    if (!known) found.add(target.replace(/^torch\.ops\./, ''))
    for (const inner of graphsOf(node))
      if (depth < MAX_DEPTH) for (const each of unsupportedIn(m, inner, depth + 1)) found.add(each)
  }
  return found
}

function graphsOf(node: ReadonlyMap<string, Json>): ReadonlyMap<string, Json>[] {
  return listOf(node.get('inputs'), 'the inputs of a node').flatMap((input) => {
    const [kind, held] = unionOf(objectOf(input, 'an input').get('arg'), 'an argument')
    return kind === 'as_graph' ? [objectOf(objectOf(held, 'a graph').get('graph'), 'a graph')] : []
  })
}

/** Runs the nodes of a graph. @returns its outputs */
export function runGraph(m: Machine, graph: ReadonlyMap<string, Json>, env: Environment, depth = 0): Py[] {
  if (depth > MAX_DEPTH) throw m.error(`graphs nest more than ${MAX_DEPTH} levels`)
  for (const item of listOf(graph.get('nodes'), 'the nodes of a graph')) {
    m.step()
    runNode(m, objectOf(item, 'a node'), env, { graph, depth })
  }
  return listOf(graph.get('outputs'), 'the outputs of a graph').map((output) => readArgument(output, env))
}

function runNode(m: Machine, node: ReadonlyMap<string, Json>, env: Environment, place: Place): void {
  const target = operatorName(String(node.get('target')))
  m.path = target
  const result = resultOf(m, target, node, env, place)
  const outputs = listOf(node.get('outputs'), 'the outputs of a node').map(namesIn)
  if (outputs.length === 1) bind(env, outputs[0] as Names, result)
  else if (outputs.length > 1) bind(env, outputs, result)
}

function bind(env: Environment, names: Names, value: Py): void {
  if (names === null) return
  if (typeof names === 'string') {
    env.set(names, value instanceof PyTuple && value.items.length === 1 ? at(value.items) : value)
    return
  }
  const items = value instanceof PyTuple || value instanceof PyList ? value.items : [value]
  names.forEach((name, i) => {
    const item = items[i]
    if (item !== undefined) bind(env, name, item)
  })
}

function resultOf(m: Machine, target: string, node: ReadonlyMap<string, Json>, env: Environment, place: Place): Py {
  const higher = HIGHER.get(target)
  if (higher) return higher(m, node, env, place)
  const args: Py[] = []
  const kwargs = new Map<string, Py>()
  for (const item of listOf(node.get('inputs'), 'the inputs of a node')) {
    const input = objectOf(item, 'an input')
    const [name, kind] = [String(input.get('name')), input.get('kind')]
    const value = readArgument(input.get('arg'), env)
    const byName = kind === undefined || kind === null ? isKeyword(target, name) : kind === 2
    if (byName || kwargs.size > 0) kwargs.set(name, value)
    else args.push(value)
  }
  const operator = OPERATORS.get(target)
  return operator ? operator(m, args, kwargs) : callExternal(m, target, args, kwargs)
}

const isKeyword = (target: string, name: string): boolean =>
  KEYWORDS.has(name) &&
  !(name === 'value' && POSITIONAL_VALUE.test(target)) &&
  !(name === 'dtype' && /\.(softmax|log_softmax|to|_softmax|_log_softmax)$/.test(target))

type Higher = (m: Machine, node: ReadonlyMap<string, Json>, env: Environment, place: Place) => Py

const held = (node: ReadonlyMap<string, Json>, i: number): readonly [string, Json] =>
  unionOf(objectOf(listOf(node.get('inputs'), 'the inputs of a node')[i] as Json, 'an input').get('arg'), 'an argument')

/** A graph's inputs are its own names. */
function inner(m: Machine, graph: Json, args: readonly Py[], { depth }: Place): Py {
  const body = objectOf(objectOf(graph, 'a graph').get('graph'), 'a graph')
  const env: Environment = new Map()
  listOf(body.get('inputs'), 'the inputs of a graph').forEach((input, i) => {
    bind(env, namesIn(input), at(args, i))
  })
  return new PyTuple(runGraph(m, body, env, depth + 1))
}

/** cond(test, yes, no, operands) */
const cond: Higher = (m, node, env, place) => {
  const test = truth(
    m,
    readArgument(objectOf(listOf(node.get('inputs'), 'inputs')[0] as Json, 'an input').get('arg'), env),
  )
  const [, yes] = held(node, 1)
  const [, no] = held(node, 2)
  const operands = listOf(node.get('inputs'), 'inputs')
    .slice(3)
    .flatMap((input) => {
      const value = readArgument(objectOf(input, 'an input').get('arg'), env)
      return value instanceof PyList ? value.items : [value]
    })
  if (typeof test === 'boolean') return inner(m, test ? yes : no, operands, place)
  return branch(
    m,
    test,
    () => inner(m, yes, operands, place),
    () => inner(m, no, operands, place),
  )
}

/** A graph that is run as it is: with gradients off or on. */
const wrapped =
  (skip: number): Higher =>
  (m, node, env, place) => {
    const inputs = listOf(node.get('inputs'), 'inputs')
    const at = inputs.findIndex((_, i) => held(node, i)[0] === 'as_graph')
    if (at < 0) throw new InferError('bad_model', 'a wrapped graph is missing')
    const args = inputs.slice(at + 1 + skip).flatMap((input) => {
      const value = readArgument(objectOf(input, 'an input').get('arg'), env)
      return value instanceof PyList ? value.items : [value]
    })
    return inner(m, held(node, at)[1], args, place)
  }

/** while_loop(test, body, carried, more) */
const whileLoop: Higher = (m, node, env, depth) => {
  const [test, body] = [held(node, 0)[1], held(node, 1)[1]]
  const [carried, more] = [2, 3].map((i) => {
    const input = objectOf(listOf(node.get('inputs'), 'inputs')[i] as Json, 'an input')
    const value = readArgument(input.get('arg'), env)
    return value instanceof PyList || value instanceof PyTuple ? value.items : []
  }) as [readonly Py[], readonly Py[]]
  const state = new PyList([...carried])
  const run = (graph: Json): readonly Py[] => (inner(m, graph, [...state.items, ...more], depth) as PyTuple).items
  const again = (): boolean | SymTensor => truth(m, at(run(test)))
  const round = (): void => {
    const items = [...run(body)]
    m.touch(state)
    state.items = items
  }
  for (let decided = again(); decided !== false; decided = again()) {
    m.step()
    if (decided === true) round()
    else {
      loop(m, decided, null, () => {
        round()
        return again()
      })
      break
    }
  }
  return new PyTuple(state.items)
}

/** with_effects(token, operator, ...): a token is there for the order, which nodes here have anyway. */
const effects: Higher = (m, node, env) => {
  const [kind, name] = held(node, 1)
  const target = operatorName(String(name))
  if (kind !== 'as_operator') throw m.error(`an effect is ${kind}`)
  const args = listOf(node.get('inputs'), 'inputs')
    .slice(2)
    .map((input) => readArgument(objectOf(input, 'an input').get('arg'), env))
  const operator = OPERATORS.get(target)
  const made = operator ? operator(m, args, new Map()) : callExternal(m, target, args, new Map())
  return new PyTuple([null, made])
}

/** as_strided(self, size, stride, storage_offset) */
const strided: Higher = (m, node, env, { graph }) => {
  const [, self] = held(node, 0)
  const name = String(objectOf(self, 'a tensor').get('name'))
  const args = listOf(node.get('inputs'), 'inputs').map((input) =>
    readArgument(objectOf(input, 'an input').get('arg'), env),
  )
  return asStrided(m, args, layoutOf(graph, name))
}

/** Operators that are more than a function of their arguments' values. */
const HIGHER: ReadonlyMap<string, Higher> = new Map<string, Higher>([
  ['torch.ops.aten.as_strided', strided],
  ['torch.ops.higher_order.cond', cond],
  ['torch.ops.higher_order.while_loop', whileLoop],
  ['torch.ops.higher_order.with_effects', effects],
  ['torch.ops.higher_order.wrap_with_autocast', wrapped(0)],
  ['torch.ops.higher_order.wrap_with_set_grad_enabled', wrapped(0)],
])
