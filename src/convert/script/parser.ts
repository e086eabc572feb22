import { parseArguments, parseExpression, parseParameters, parseTargets, parseTuple } from './expression.ts'
import type {
  Argument,
  Block,
  ClassDefinition,
  Expression,
  FunctionDefinition,
  Imported,
  Statement,
  WithItem,
} from './syntax.ts'
import { TokenStream } from './token-stream.ts'

/** Statements of Python (docs.python.org/3/reference), into which models' code falls. */

const AUGMENTED = new Set(['+=', '-=', '*=', '/=', '//=', '%=', '**=', '@=', '&=', '|=', '^=', '<<=', '>>='])

/**
 * A file of Python or TorchScript as statements. Nothing is run.
 * @throws InferError bad_model naming the file and the line
 */
export function parsePython(text: string, path: string): Block {
  const s = new TokenStream(text, path)
  const statements: Statement[] = []
  while (!s.kind('end')) {
    if (s.takeKind('newline')) continue
    statements.push(...parseStatement(s))
  }
  return statements
}

type Compound = (s: TokenStream, line: number) => Statement

const COMPOUND: ReadonlyMap<string, Compound> = new Map<string, Compound>([
  ['if', parseIf],
  ['while', parseWhile],
  ['for', parseFor],
  ['def', (s, line) => parseFunction(s, line, [])],
  ['class', (s, line) => parseClass(s, line, [])],
  ['try', parseTry],
  ['with', parseWith],
])

/** A compound statement, or the simple ones of a line. */
function parseStatement(s: TokenStream): Statement[] {
  const { line } = s
  if (s.at('@')) return [parseDecorated(s)]
  if (s.take('async')) return parseStatement(s).map((statement) => asynchronous(statement))
  const compound = s.kind('name') ? COMPOUND.get(s.token.text) : undefined
  if (compound) {
    s.next()
    return [s.nested(() => compound(s, line))]
  }
  const statements: Statement[] = []
  do {
    if (s.kind('newline')) break
    statements.push(parseSimple(s))
  } while (s.take(';'))
  if (!s.takeKind('newline') && !s.kind('end')) throw s.error(`has ${s.describe()} where a line should end`)
  return statements
}

/** Read over: what is called of it is refused. */
const asynchronous = (statement: Statement): Statement =>
  statement.kind === 'function'
    ? { ...statement, body: [{ kind: 'expression', line: statement.line, value: ASYNC(statement.line) }] }
    : { kind: 'expression', line: statement.line, value: ASYNC(statement.line) }
const ASYNC = (line: number): Expression => ({ kind: 'unsupported', line, what: 'async' })

function parseNames(s: TokenStream): string[] {
  const names = [s.name()]
  while (s.take(',')) names.push(s.name())
  return names
}

function parseBlock(s: TokenStream): Block {
  s.expect(':')
  if (!s.takeKind('newline')) return parseStatement(s)
  if (!s.takeKind('indent')) throw s.error('has no block where one belongs')
  const statements: Statement[] = []
  while (!s.takeKind('dedent')) {
    if (s.kind('end')) break
    statements.push(...parseStatement(s))
  }
  return statements
}

function parseIf(s: TokenStream, line: number): Statement {
  const test = parseExpression(s)
  const yes = parseBlock(s)
  const at = s.line
  if (s.take('elif')) return { kind: 'if', line, test, yes, no: [s.nested(() => parseIf(s, at))] }
  return { kind: 'if', line, test, yes, no: s.take('else') ? parseBlock(s) : [] }
}

function parseWhile(s: TokenStream, line: number): Statement {
  const test = parseExpression(s)
  const body = parseBlock(s)
  return { kind: 'while', line, test, body, otherwise: s.take('else') ? parseBlock(s) : [] }
}

function parseFor(s: TokenStream, line: number): Statement {
  const target = parseTargets(s)
  s.expect('in')
  const iterated = parseTuple(s)
  const body = parseBlock(s)
  return { kind: 'for', line, target, iterated, body, otherwise: s.take('else') ? parseBlock(s) : [] }
}

function parseDecorated(s: TokenStream): Statement {
  const decorators: Expression[] = []
  while (s.take('@')) {
    decorators.push(parseExpression(s))
    s.takeKind('newline')
  }
  const { line } = s
  if (s.take('def')) return parseFunction(s, line, decorators)
  if (s.take('class')) return parseClass(s, line, decorators)
  throw s.error(`has ${s.describe()} where def or class belongs`)
}

function parseFunction(s: TokenStream, line: number, decorators: readonly Expression[]): FunctionDefinition {
  const name = s.name()
  s.expect('(')
  const parameters = parseParameters(s, ')')
  s.expect(')')
  if (s.take('->')) parseExpression(s)
  return { kind: 'function', line, name, parameters, body: parseBlock(s), decorators }
}

function parseClass(s: TokenStream, line: number, decorators: readonly Expression[]): ClassDefinition {
  const name = s.name()
  const bases: readonly Argument[] = s.take('(') ? parseArguments(s) : []
  return { kind: 'class', line, name, bases, body: parseBlock(s), decorators }
}

/** Handlers are left out: what throws here is an error. */
function parseTry(s: TokenStream, line: number): Statement {
  const body = parseBlock(s)
  while (s.take('except')) {
    if (!s.at(':')) {
      s.take('*')
      parseTuple(s, ['as'])
      if (s.take('as')) s.name()
    }
    parseBlock(s)
  }
  const otherwise = s.take('else') ? parseBlock(s) : []
  return { kind: 'try', line, body, otherwise, last: s.take('finally') ? parseBlock(s) : [] }
}

function parseWith(s: TokenStream, line: number): Statement {
  const items: WithItem[] = []
  do {
    const value = parseExpression(s)
    items.push({ value, target: s.take('as') ? parseTargets(s) : undefined })
  } while (s.take(','))
  return { kind: 'with', line, items, body: parseBlock(s) }
}

function parseSimple(s: TokenStream): Statement {
  const { line } = s
  const ends = (): boolean => s.kind('newline') || s.kind('end') || s.at(';')
  if (s.take('return')) return { kind: 'return', line, value: ends() ? undefined : parseTuple(s) }
  if (s.take('pass')) return { kind: 'pass', line }
  if (s.take('break')) return { kind: 'break', line }
  if (s.take('continue')) return { kind: 'continue', line }
  if (s.take('raise')) {
    const value = ends() ? undefined : parseExpression(s)
    if (s.take('from')) parseExpression(s)
    return { kind: 'raise', line, value }
  }
  if (s.take('assert')) {
    const test = parseExpression(s)
    return { kind: 'assert', line, test, message: s.take(',') ? parseExpression(s) : undefined }
  }
  if (s.take('del')) {
    const targets = parseTuple(s)
    return { kind: 'delete', line, targets: targets.kind === 'tuple' ? targets.items : [targets] }
  }
  if (s.take('import')) return parseImport(s, line)
  if (s.take('from')) return parseFrom(s, line)
  if (s.take('global') || s.take('nonlocal')) return { kind: 'outer', line, names: parseNames(s) }
  return parseAssignment(s, line)
}

function parseAssignment(s: TokenStream, line: number): Statement {
  const first = parseTuple(s)
  if (s.take(':')) {
    parseExpression(s)
    return { kind: 'declare', line, target: first, value: s.take('=') ? parseTuple(s) : undefined }
  }
  if (s.kind('op') && AUGMENTED.has(s.token.text)) {
    const op = s.next().text.slice(0, -1)
    return { kind: 'augment', line, op, target: first, value: parseTuple(s) }
  }
  const chain = [first]
  while (s.take('=')) chain.push(parseTuple(s))
  const value = chain.pop() as Expression
  return chain.length === 0 ? { kind: 'expression', line, value } : { kind: 'assign', line, targets: chain, value }
}

const dotted = (s: TokenStream): string => {
  let name = s.name()
  while (s.take('.')) name += `.${s.name()}`
  return name
}

/** Several by commas stand as a block that is always run. */
function parseImport(s: TokenStream, line: number): Statement {
  const one = (): Statement => ({ kind: 'import', line, module: dotted(s), as: s.take('as') ? s.name() : undefined })
  const imports = [one()]
  while (s.take(',')) imports.push(one())
  return imports.length === 1
    ? (imports[0] as Statement)
    : { kind: 'if', line, test: { kind: 'constant', line, value: true }, yes: imports, no: [] }
}

function parseFrom(s: TokenStream, line: number): Statement {
  let level = 0
  for (; s.at('.') || s.at('...'); s.next()) level += s.token.text.length
  const module = s.at('import') ? '' : dotted(s)
  s.expect('import')
  const names: Imported[] = []
  if (s.take('*')) return { kind: 'from', line, level, module, names: [{ name: '*', as: '*' }] }
  const bracket = s.take('(')
  do {
    if (bracket && s.at(')')) break
    const name = s.name()
    names.push({ name, as: s.take('as') ? s.name() : name })
  } while (s.take(','))
  if (bracket) s.expect(')')
  return { kind: 'from', line, level, module, names }
}
