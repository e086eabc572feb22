import { InferError } from '../../errors.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import { assign } from './assign.ts'
import { branch } from './branch.ts'
import { evaluate, render, withDefaults } from './evaluate.ts'
import { mayExit, withoutExits } from './exits.ts'
import type { Frame } from './frame.ts'
import { deleteItem } from './item.ts'
import { iterate } from './iterate.ts'
import { classOf, FileScope, functionOf, resolve } from './library.ts'
import { loop } from './loop.ts'
import { DataExit, type Machine, Raised } from './machine.ts'
import { binary, inPlace } from './operators.ts'
import type { Block, Expression, Statement, StatementOf } from './syntax.ts'
import { truth } from './truth.ts'
import { External, type Py, PyList, SymRange } from './value.ts'

/** Statements. What a block ends with, where it is not its end. */
export type Completion = undefined | 'break' | 'continue' | { readonly returned: Py }

export function executeBlock(m: Machine, block: Block, frame: Frame): Completion {
  for (const [i, statement] of block.entries()) {
    const { rest } = frame
    frame.rest = COMPOUND.has(statement.kind) ? [...rest, block.slice(i + 1)] : rest
    const completion = m.nested(() => execute(m, statement, frame))
    frame.rest = rest
    if (completion !== undefined) return completion
  }
  return undefined
}
const COMPOUND: ReadonlySet<string> = new Set(['for', 'if', 'try', 'while', 'with'])

export function execute(m: Machine, statement: Statement, frame: Frame): Completion {
  m.step()
  m.line = statement.line
  m.path = frame.path
  switch (statement.kind) {
    case 'expression':
      evaluate(m, statement.value, frame)
      return undefined
    case 'assign': {
      const value = evaluate(m, statement.value, frame)
      for (const target of statement.targets) assign(m, target, value, frame)
      return undefined
    }
    case 'declare':
      if (statement.value) assign(m, statement.target, evaluate(m, statement.value, frame), frame)
      return undefined
    case 'augment':
      augment(m, statement, frame)
      return undefined
    case 'if':
      return executeIf(m, statement, frame)
    case 'while':
    case 'for':
      return executeLoop(m, statement, frame)
    case 'return':
      return { returned: statement.value ? evaluate(m, statement.value, frame) : null }
    case 'break':
    case 'continue':
      return statement.kind
    default:
      return executeOther(m, statement, frame)
  }
}

type Other = Exclude<
  Statement['kind'],
  'expression' | 'assign' | 'declare' | 'augment' | 'if' | 'while' | 'for' | 'return' | 'break' | 'continue'
>

function executeOther(m: Machine, statement: StatementOf<Other>, frame: Frame): Completion {
  switch (statement.kind) {
    case 'raise':
      throw new Raised(statement.value ? raisedText(m, statement.value, frame) : 'the model raises an error')
    case 'assert': {
      const test = truth(m, evaluate(m, statement.test, frame))
      if (test === true) return undefined
      const message = statement.message ? sentence(m, statement.message, frame) : ''
      const what = `an assertion of the model fails${message && `: ${message}`}`
      if (test === false) throw new Raised(what)
      m.alarm.raiseUnless(m, test, what)
      return undefined
    }
    case 'with':
      for (const { value, target } of statement.items) {
        const context = evaluate(m, value, frame)
        if (target) assign(m, target, context, frame)
      }
      return executeBlock(m, statement.body, frame)
    case 'try':
      return executeSequence(m, [[...statement.body, ...statement.otherwise], statement.last], frame)
    case 'delete':
      for (const target of statement.targets) {
        if (target.kind === 'name') frame.delete(target.name, m)
        else if (target.kind === 'subscript')
          deleteItem(m, evaluate(m, target.of, frame), evaluate(m, target.index, frame))
      }
      return undefined
    case 'outer':
      throw m.error(`global and nonlocal names (${statement.names.join(', ')}) are not supported`)
    case 'function':
      frame.set(statement.name, withDefaults(m, functionOf(statement, frame, frame.owner), frame), m)
      return undefined
    case 'class':
      frame.set(statement.name, classOf(statement, qualify(statement.name, frame), frame), m)
      return undefined
    case 'import':
      frame.set(
        statement.as ?? (statement.module.split('.')[0] as string),
        new External(statement.as === undefined ? (statement.module.split('.')[0] as string) : statement.module),
        m,
      )
      return undefined
    case 'from':
      for (const { name, as } of statement.names) frame.set(as, resolve(`${statement.module}.${name}`, m), m)
      return undefined
    default:
      return undefined
  }
}

const qualify = (name: string, { outer }: Frame): string =>
  outer instanceof FileScope ? `${outer.module}.${name}` : name

function raisedText(m: Machine, value: Expression, frame: Frame): string {
  if (value.kind !== 'call') return 'the model raises an error'
  const [message] = value.args
  const type = value.callee.kind === 'name' ? value.callee.name : 'an error'
  const text = message ? sentence(m, message.value, frame) : ''
  return `the model raises ${type}${text && `: ${text}`}`
}

/** What is said of an error; nothing where that is not supported. */
function sentence(m: Machine, value: Expression, frame: Frame): string {
  const { depth } = m
  try {
    return render(m, evaluate(m, value, frame))
  } catch (error) {
    if (!(error instanceof InferError) || error.code !== 'bad_model') throw error
    m.depth = depth
    return ''
  }
}

function augment(m: Machine, { op, target, value }: StatementOf<'augment'>, frame: Frame): void {
  const before = evaluate(m, target, frame)
  const operand = evaluate(m, value, frame)
  if (inPlace(m, op, before, operand)) {
    if (target.kind === 'subscript') assign(m, target, before, frame)
    return
  }
  assign(m, target, binary(m, op, before, operand), frame)
}

/** Blocks one after the other, each of which knows what follows it. */
function executeSequence(m: Machine, blocks: readonly Block[], frame: Frame): Completion {
  const { rest } = frame
  for (const [i, block] of blocks.entries()) {
    frame.rest = [...rest, ...blocks.slice(i + 1).reverse()]
    const completion = executeBlock(m, block, frame)
    frame.rest = rest
    if (completion !== undefined) return completion
  }
  return undefined
}

function executeIf(m: Machine, { test, yes, no }: StatementOf<'if'>, frame: Frame): Completion {
  const decided = truth(m, evaluate(m, test, frame))
  if (typeof decided === 'boolean') return executeBlock(m, decided ? yes : no, frame)
  if (!exits(yes) && !exits(no)) {
    const run = (block: Block) => (): Py => {
      executeBlock(m, block, frame)
      return null
    }
    branch(m, decided, run(yes), run(no))
    return undefined
  }
  return executeWays(m, decided, yes, no, frame)
}

/** One way or both end the call: what follows the `if` belongs to either. */
function executeWays(m: Machine, test: SymTensor, yes: Block, no: Block, frame: Frame): Completion {
  const { rest } = frame
  const after = rest.filter((block) => block !== null).reverse()
  if (after.length < rest.length) throw new DataExit()
  const run = (block: Block) => (): Py => {
    frame.rest = []
    const completion = executeSequence(m, [block, ...after], frame)
    frame.rest = rest
    return typeof completion === 'object' ? completion.returned : null
  }
  return { returned: branch(m, test, run(yes), run(no)) }
}

/** Whether a block may end more than itself. */
const exits = (block: Block): boolean => block.some(mayExit)

/** As it is written; where data decides to leave it, with flags for that. */
function executeLoop(m: Machine, statement: StatementOf<'while' | 'for'>, frame: Frame): Completion {
  const run = (loop: StatementOf<'while' | 'for'>, stop?: string): Completion =>
    loop.kind === 'while' ? executeWhile(m, loop, frame) : executeFor(m, loop, frame, stop)
  if (!statement.body.some(mayExit)) return run(statement)
  const { rest } = frame
  let completion: Completion
  const done = m.tried(() => {
    completion = run(statement)
  })
  if (done) return completion
  frame.rest = rest
  const { before, loop, after, stop } = withoutExits(statement)
  executeBlock(m, before, frame)
  run(loop, stop)
  return executeBlock(m, after, frame)
}

/** Runs a body of a loop. */
function round(m: Machine, body: Block, frame: Frame): Completion {
  const { rest } = frame
  frame.rest = [...rest, null]
  const completion = executeBlock(m, body, frame)
  frame.rest = rest
  return completion
}

function executeWhile(m: Machine, { test, body, otherwise }: StatementOf<'while'>, frame: Frame): Completion {
  for (;;) {
    m.step()
    const decided = truth(m, evaluate(m, test, frame))
    if (decided === false) return executeBlock(m, otherwise, frame)
    if (decided !== true) {
      loop(m, decided, null, () => {
        endless(round(m, body, frame))
        return truth(m, evaluate(m, test, frame))
      })
      return executeBlock(m, otherwise, frame)
    }
    const completion = round(m, body, frame)
    if (completion === 'break') return undefined
    if (typeof completion === 'object') return completion
  }
}

function endless(completion: Completion): void {
  if (completion !== undefined && completion !== 'continue') throw new DataExit()
}

function executeFor(
  m: Machine,
  { target, iterated, body, otherwise }: StatementOf<'for'>,
  frame: Frame,
  stop?: string,
): Completion {
  const over = evaluate(m, iterated, frame)
  if (over instanceof SymRange) {
    loop(m, true, over.count, (i) => {
      assign(m, target, binary(m, '+', i, over.start), frame)
      endless(round(m, body, frame))
      const over_ = stop === undefined ? false : truth(m, frame.local(stop) ?? false)
      return typeof over_ === 'boolean' ? !over_ : m.t.op('logical_not', [over_])
    })
    return executeBlock(m, otherwise, frame)
  }
  for (let i = 0, items = iterate(m, over); i < items.length; i++) {
    m.step()
    assign(m, target, items[i] as Py, frame)
    const completion = round(m, body, frame)
    if (completion === 'break') return undefined
    if (typeof completion === 'object') return completion
    if (over instanceof PyList) items = over.items
  }
  return executeBlock(m, otherwise, frame)
}

/** The body of a function with its names. */
export function runBody(m: Machine, body: Block, frame: Frame): Py {
  const completion = executeBlock(m, body, frame)
  return typeof completion === 'object' ? completion.returned : null
}
