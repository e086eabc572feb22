import type { Block, Expression, Statement, StatementOf } from './syntax.ts'

/**
 * Loops that are left by what data decides, as loops that are not left: `break`, `continue` and `return` become flags,
 * and what follows them depends on these, as torch.jit.script does it (exit_transforms.cpp).
 */

type LoopStatement = StatementOf<'while' | 'for'>

/** Names of one loop, which no code has. */
interface Flags {
  readonly stop: string
  readonly skip: string
  readonly returned: string
  readonly value: string
}

const rewritten = new WeakMap<LoopStatement, Rewritten>()
export interface Rewritten {
  readonly before: Block
  readonly loop: LoopStatement
  readonly after: Block
  /** Whether the loop is over. */
  readonly stop: string
}

/** @param loop whose body may end more than a round of it */
export function withoutExits(loop: LoopStatement): Rewritten {
  let made = rewritten.get(loop)
  if (!made) {
    made = rewrite(loop)
    rewritten.set(loop, made)
  }
  return made
}

function rewrite(loop: LoopStatement): Rewritten {
  const { line } = loop
  const flags = Object.fromEntries(
    ['stop', 'skip', 'returned', 'value'].map((name) => [name, `${name} of line ${line}`]),
  ) as unknown as Flags
  const reset = set(line, flags.skip, false)
  const item = named(line, `item of line ${line}`)
  const body = [reset, ...flagged(loop.body, flags)]
  const before = [set(line, flags.stop, false), set(line, flags.returned, false), unset(line, flags.value)]
  const otherwise: Block = loop.otherwise.length === 0 ? [] : [unless(line, flags.stop, loop.otherwise)]
  const after: Block = [
    ...otherwise,
    ...(returns(loop.body)
      ? [when(line, flags.returned, [{ kind: 'return', line, value: named(line, flags.value) }])]
      : []),
  ]
  const made: LoopStatement =
    loop.kind === 'while'
      ? { ...loop, test: both(line, flags.stop, loop.test), body, otherwise: [] }
      : { ...loop, body: [unless(line, flags.stop, [targeted(loop, item), ...body])], target: item, otherwise: [] }
  return { before, loop: made, after, stop: flags.stop }
}

/** After the last round the target is what it was in that. */
const targeted = ({ line, target }: StatementOf<'for'>, value: Expression): Statement => ({
  kind: 'assign',
  line,
  targets: [target],
  value,
})

/** A block whose exits are flags; what follows one that may be is done where it was not. */
function flagged(block: Block, flags: Flags): Block {
  const at = block.findIndex((statement) => mayExit(statement))
  if (at < 0) return block
  const rest = flagged(block.slice(at + 1), flags)
  const statement = block[at] as Statement
  const made = asFlags(statement, flags)
  return [...block.slice(0, at), ...made, ...(rest.length > 0 ? [unless(statement.line, flags.skip, rest)] : [])]
}

function asFlags(statement: Statement, flags: Flags): Block {
  const { line } = statement
  const [stop, skip] = [set(line, flags.stop, true), set(line, flags.skip, true)]
  switch (statement.kind) {
    case 'break':
      return [stop, skip]
    case 'continue':
      return [skip]
    case 'return': {
      const value = statement.value ?? constant(line, null)
      return [assign(line, flags.value, value), set(line, flags.returned, true), stop, skip]
    }
    case 'if':
      return [{ ...statement, yes: flagged(statement.yes, flags), no: flagged(statement.no, flags) }]
    case 'with':
      return [{ ...statement, body: flagged(statement.body, flags) }]
    case 'try':
      return [...flagged([...statement.body, ...statement.otherwise], flags), ...statement.last]
    case 'while':
    case 'for': {
      const inner = withoutExits(statement)
      return [...inner.before, inner.loop, ...flagged(inner.after, flags)]
    }
    default:
      return [statement]
  }
}

/** Whether a statement may end more than itself. */
export function mayExit(statement: Statement): boolean {
  switch (statement.kind) {
    case 'return':
    case 'break':
    case 'continue':
      return true
    case 'if':
      return [...statement.yes, ...statement.no].some(mayExit)
    case 'with':
      return statement.body.some(mayExit)
    case 'try':
      return [...statement.body, ...statement.otherwise, ...statement.last].some(mayExit)
    case 'while':
    case 'for':
      return returns([...statement.body, ...statement.otherwise])
    default:
      return false
  }
}

/** Whether a block has a return, in loops too. */
const returns = (block: Block): boolean =>
  block.some((statement) => {
    if (statement.kind === 'return') return true
    if (statement.kind === 'if') return returns([...statement.yes, ...statement.no])
    if (statement.kind === 'while' || statement.kind === 'for')
      return returns([...statement.body, ...statement.otherwise])
    if (statement.kind === 'with') return returns(statement.body)
    return statement.kind === 'try' && returns([...statement.body, ...statement.otherwise, ...statement.last])
  })

const named = (line: number, name: string): Expression => ({ kind: 'name', line, name })
const constant = (line: number, value: null | boolean): Expression => ({ kind: 'constant', line, value })
const assign = (line: number, name: string, value: Expression): Statement => ({
  kind: 'assign',
  line,
  targets: [named(line, name)],
  value,
})
const set = (line: number, name: string, value: boolean): Statement => assign(line, name, constant(line, value))
const unset = (line: number, name: string): Statement =>
  assign(line, name, { kind: 'call', line, callee: named(line, 'uninitialized'), args: [] })
const not = (line: number, name: string): Expression => ({
  kind: 'unary',
  line,
  op: 'not',
  operand: named(line, name),
})
const both = (line: number, stop: string, test: Expression): Expression => ({
  kind: 'logical',
  op: 'and',
  line,
  left: not(line, stop),
  right: test,
})
const when = (line: number, name: string, yes: Block): Statement => ({
  kind: 'if',
  line,
  test: named(line, name),
  yes,
  no: [],
})
const unless = (line: number, name: string, yes: Block): Statement => ({
  kind: 'if',
  line,
  test: not(line, name),
  yes,
  no: [],
})
