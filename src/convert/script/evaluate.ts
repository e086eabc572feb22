import { assign } from './assign.ts'
import { getAttribute } from './attribute.ts'
import { branch } from './branch.ts'
import { call } from './call.ts'
import { compare } from './compare.ts'
import { Frame } from './frame.ts'
import { getItem } from './item.ts'
import { iterate } from './iterate.ts'
import { MAX_CHARS, type Machine } from './machine.ts'
import { binary, unary } from './operators.ts'
import type { Argument, Clause, Expression, ExpressionOf } from './syntax.ts'
import { format, textOf } from './text.ts'
import { decided, truth } from './truth.ts'
import { ELLIPSIS, type Py, PyDict, PyFunction, PyList, PySet, PySlice, PyTuple, Super, typeOf } from './value.ts'

/** Expressions. */
export function evaluate(m: Machine, e: Expression, frame: Frame): Py {
  m.step()
  m.enter()
  const value = EVALUATORS[e.kind](m, e as never, frame)
  m.leave()
  return value
}

type Evaluator<K extends Expression['kind']> = (m: Machine, e: ExpressionOf<K>, frame: Frame) => Py

const sequence =
  (make: (items: Py[]) => Py) =>
  (m: Machine, { items }: { readonly items: readonly Expression[] }, frame: Frame): Py =>
    make(
      items.flatMap((item) =>
        item.kind === 'starred' ? iterate(m, evaluate(m, item.of, frame)) : [evaluate(m, item, frame)],
      ),
    )

const EVALUATORS: { readonly [K in Expression['kind']]: Evaluator<K> } = {
  constant: (_m, { value }) => value,
  ellipsis: () => ELLIPSIS,
  name: (m, { name, line }, frame) => {
    const value = frame.lookup(name, m)
    if (value !== undefined) return value
    m.line = line
    throw m.error(`${name} is not defined`)
  },
  attribute: (m, { of, name }, frame) => getAttribute(m, evaluate(m, of, frame), name),
  subscript: (m, { of, index }, frame) => getItem(m, evaluate(m, of, frame), evaluate(m, index, frame)),
  slice: (m, { parts }, frame) => {
    const [start, stop, step] = parts.map((part) => (part ? evaluate(m, part, frame) : null))
    return new PySlice([start ?? null, stop ?? null, step ?? null])
  },
  call: evaluateCall,
  unary: (m, { op, operand }, frame) => unary(m, op, evaluate(m, operand, frame)),
  binary: (m, { op, left, right }, frame) => binary(m, op, evaluate(m, left, frame), evaluate(m, right, frame)),
  logical: evaluateLogical,
  compare: evaluateCompare,
  choice: (m, { test, yes, no }, frame) => {
    const known = truth(m, evaluate(m, test, frame))
    if (typeof known === 'boolean') return evaluate(m, known ? yes : no, frame)
    return branch(
      m,
      known,
      () => evaluate(m, yes, frame),
      () => evaluate(m, no, frame),
    )
  },
  list: sequence((items) => new PyList(items)),
  tuple: sequence((items) => new PyTuple(items)),
  set: sequence((items) => new PySet(items)),
  dict: (m, { entries }, frame) => {
    const dict = new PyDict()
    for (const [key, value] of entries) {
      const made = evaluate(m, value, frame)
      if (key) dict.set(evaluate(m, key, frame), made)
      else if (made instanceof PyDict) for (const { items } of made.items()) dict.set(items[0] as Py, items[1] as Py)
      else throw m.error(`${typeOf(made)} is unpacked into a dict`)
    }
    return dict
  },
  starred: (m) => {
    throw m.error('a starred expression stands alone')
  },
  comprehension: evaluateComprehension,
  lambda: (m, { parameters, body }, frame) =>
    withDefaults(m, new PyFunction({ name: 'lambda', parameters, body }, frame, frame.owner), frame),
  joined: (m, { parts }, frame) =>
    parts
      .map((part) => (typeof part === 'string' ? part : format(m, evaluate(m, part.value, frame), part.spec)))
      .join('')
      .slice(0, MAX_CHARS),
  named: (m, { name, value }, frame) => {
    const made = evaluate(m, value, frame)
    frame.set(name, made, m)
    return made
  },
  unsupported: (m, { what }) => {
    throw m.error(`${what} is not supported`)
  },
}

/** A function that is defined in another takes its defaults from there. */
export function withDefaults(m: Machine, fn: PyFunction, frame: Frame): PyFunction {
  fn.defaults = new Map(
    fn.parameters.flatMap(({ name, byDefault }) => (byDefault ? [[name, evaluate(m, byDefault, frame)] as const] : [])),
  )
  return fn
}

/** A value for a sentence. */
export const render = (m: Machine, value: Py): string => textOf(m, value).slice(0, 300)

function evaluateCall(m: Machine, { callee, args, line }: ExpressionOf<'call'>, frame: Frame): Py {
  if (callee.kind === 'name' && callee.name === 'super') return superOf(m, args, frame)
  const target = evaluate(m, callee, frame)
  const [positional, named] = evaluateArguments(m, args, frame)
  const [path, before] = [m.path, m.line]
  m.line = line
  const value = call(m, target, positional, named)
  m.path = path
  m.line = before
  return value
}

function superOf(m: Machine, args: readonly Argument[], frame: Frame): Py {
  let scope: unknown = frame
  while (scope instanceof Frame && (scope.self === undefined || !scope.owner)) scope = scope.outer
  if (!(scope instanceof Frame) || !scope.owner || scope.self === undefined)
    throw m.error(`super(${args.length > 0 ? '...' : ''}) stands in no method`)
  return new Super(scope.owner, scope.self)
}

function evaluateArguments(m: Machine, args: readonly Argument[], frame: Frame): [Py[], Map<string, Py>] {
  const positional: Py[] = []
  const named = new Map<string, Py>()
  for (const { name, value } of args) {
    const made = evaluate(m, value, frame)
    if (name === undefined) positional.push(made)
    else if (name === '*') positional.push(...iterate(m, made))
    else if (name !== '**') named.set(name, made)
    else if (made instanceof PyDict) for (const { items } of made.items()) named.set(String(items[0]), items[1] as Py)
    else throw m.error(`${typeOf(made)} is given as keyword arguments`)
  }
  return [positional, named]
}

function evaluateLogical(m: Machine, { op, left, right }: ExpressionOf<'logical'>, frame: Frame): Py {
  const first = evaluate(m, left, frame)
  const known = truth(m, first)
  if (typeof known === 'boolean') return known === (op === 'and') ? evaluate(m, right, frame) : first
  const second = (): Py => evaluate(m, right, frame)
  return op === 'and' ? branch(m, known, second, () => first) : branch(m, known, () => first, second)
}

function evaluateCompare(m: Machine, { first, rest }: ExpressionOf<'compare'>, frame: Frame): Py {
  let left = evaluate(m, first, frame)
  let result: Py = true
  for (const { op, right } of rest) {
    const next = evaluate(m, right, frame)
    const made = compare(m, op, left, next)
    if (rest.length === 1) return made
    result = both(m, result, made)
    if (result === false) return false
    left = next
  }
  return result
}

function both(m: Machine, a: Py, b: Py): Py {
  const [left, right] = [truth(m, a), truth(m, b)]
  if (left === false || right === false) return false
  if (left === true) return right
  return right === true ? left : m.t.op('logical_and', [left, right])
}

function evaluateComprehension(m: Machine, e: ExpressionOf<'comprehension'>, frame: Frame): Py {
  const inner = new Frame(frame, frame.owner)
  const items: Py[] = []
  const dict = new PyDict()
  const add = (): void => {
    const item = evaluate(m, e.item, inner)
    if (e.value) dict.set(item, evaluate(m, e.value, inner))
    else items.push(item)
  }
  const round = ([clause, ...rest]: readonly Clause[]): void => {
    if (!clause) {
      add()
      return
    }
    for (const item of iterate(m, evaluate(m, clause.iterated, inner))) {
      m.step()
      assign(m, clause.target, item, inner)
      const taken = clause.conditions.every((test) =>
        decided(m, evaluate(m, test, inner), 'what a comprehension takes'),
      )
      if (taken) round(rest)
    }
  }
  round(e.clauses)
  if (e.of === 'dict') return dict
  return e.of === 'set' ? new PySet(items) : new PyList(items)
}
