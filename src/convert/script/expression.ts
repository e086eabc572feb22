import { readString } from './string-literal.ts'
import type { Argument, Clause, Comparison, Expression, Parameter, Parameters } from './syntax.ts'
import type { TokenStream } from './token-stream.ts'

/** Expressions of Python by precedence (docs.python.org/3/reference/expressions.html). */

const COMPARISONS = new Set(['<', '>', '==', '>=', '<=', '!=', 'in', 'is'])
/** Binary operators from weak to strong; `**` and what is before it stand apart. */
const BINARY: readonly ReadonlySet<string>[] = ['|', '^', '&', '<< >>', '+ -', '* / // % @'].map(
  (row) => new Set(row.split(' ')),
)
// biome-ignore format: a list of names
export const KEYWORDS: ReadonlySet<string> = new Set([
  'and', 'as', 'assert', 'async', 'await', 'break', 'class', 'continue', 'def', 'del', 'elif', 'else', 'except',
  'finally', 'for', 'from', 'global', 'if', 'import', 'in', 'is', 'lambda', 'nonlocal', 'not', 'or', 'pass', 'raise',
  'return', 'try', 'while', 'with', 'yield',
])
const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['None', null],
  ['True', true],
  ['False', false],
])

/** One expression, or several by commas as a tuple. */
export function parseTuple(s: TokenStream, until: readonly string[] = []): Expression {
  const { line } = s
  const first = parseStarred(s)
  if (!s.at(',')) return first
  const items = [first]
  while (s.take(',')) {
    if (s.kind('newline') || s.at('=') || s.at(')') || s.at(']') || s.at(':') || until.some((text) => s.at(text))) break
    items.push(parseStarred(s))
  }
  return { kind: 'tuple', line, items }
}

const parseStarred = (s: TokenStream): Expression => {
  const { line } = s
  return s.take('*') ? { kind: 'starred', line, of: parseBinary(s, 0) } : parseExpression(s)
}

export const parseExpression = (s: TokenStream): Expression => s.nested(() => parseChoice(s))

function parseChoice(s: TokenStream): Expression {
  const { line } = s
  if (s.take('lambda')) {
    const parameters = parseParameters(s, ':')
    s.expect(':')
    return { kind: 'lambda', line, parameters, body: parseExpression(s) }
  }
  if (s.kind('name') && !KEYWORDS.has(s.token.text) && s.followedBy(':=')) {
    const name = s.name()
    s.next()
    return { kind: 'named', line, name, value: parseExpression(s) }
  }
  const yes = parseOr(s)
  if (!s.take('if')) return yes
  const test = parseOr(s)
  s.expect('else')
  return { kind: 'choice', line, test, yes, no: parseExpression(s) }
}

function parseOr(s: TokenStream): Expression {
  let left = parseAnd(s)
  for (let { line } = s; s.take('or'); { line } = s)
    left = { kind: 'logical', op: 'or', line, left, right: parseAnd(s) }
  return left
}

function parseAnd(s: TokenStream): Expression {
  let left = parseNot(s)
  for (let { line } = s; s.take('and'); { line } = s)
    left = { kind: 'logical', op: 'and', line, left, right: parseNot(s) }
  return left
}

function parseNot(s: TokenStream): Expression {
  const { line } = s
  return s.take('not') ? { kind: 'unary', line, op: 'not', operand: s.nested(() => parseNot(s)) } : parseComparison(s)
}

function parseComparison(s: TokenStream): Expression {
  const { line } = s
  const first = parseBinary(s, 0)
  const rest: Comparison[] = []
  for (let op = comparisonAt(s); op; op = comparisonAt(s)) rest.push({ op, right: parseBinary(s, 0) })
  return rest.length === 0 ? first : { kind: 'compare', line, first, rest }
}

function comparisonAt(s: TokenStream): string | undefined {
  if (s.at('not')) {
    s.next()
    s.expect('in')
    return 'not in'
  }
  if (s.kind('string') || !COMPARISONS.has(s.token.text)) return undefined
  const op = s.next().text
  return op === 'is' && s.take('not') ? 'is not' : op
}

function parseBinary(s: TokenStream, level: number): Expression {
  const operators = BINARY[level]
  if (!operators) return parseUnary(s)
  let left = parseBinary(s, level + 1)
  while (s.kind('op') && operators.has(s.token.text)) {
    const { text: op, line } = s.next()
    left = { kind: 'binary', line, op, left, right: parseBinary(s, level + 1) }
  }
  return left
}

function parseUnary(s: TokenStream): Expression {
  const { line } = s
  if (s.kind('op') && '+-~'.includes(s.token.text)) {
    const op = s.next().text
    return { kind: 'unary', line, op, operand: s.nested(() => parseUnary(s)) }
  }
  const base = parsePostfix(s)
  return s.take('**') ? { kind: 'binary', line, op: '**', left: base, right: s.nested(() => parseUnary(s)) } : base
}

function parsePostfix(s: TokenStream): Expression {
  let of = parseAtom(s)
  for (;;) {
    const { line } = s
    if (s.take('.')) of = { kind: 'attribute', line, of, name: s.name() }
    else if (s.take('(')) of = { kind: 'call', line, callee: of, args: parseArguments(s) }
    else if (s.take('[')) {
      of = { kind: 'subscript', line, of, index: parseIndices(s) }
      s.expect(']')
    } else return of
  }
}

/** Up to the closing bracket, which it takes. */
export function parseArguments(s: TokenStream): readonly Argument[] {
  const args: Argument[] = []
  while (!s.take(')')) {
    if (s.take('**')) args.push({ name: '**', value: parseExpression(s) })
    else if (s.take('*')) args.push({ name: '*', value: parseExpression(s) })
    else if (s.kind('name') && s.followedBy('=')) {
      const name = s.name()
      s.next()
      args.push({ name, value: parseExpression(s) })
    } else {
      const item = parseExpression(s)
      args.push({ name: undefined, value: s.at('for') || s.at('async') ? comprehension(s, 'list', item) : item })
    }
    if (!s.at(')')) s.expect(',')
  }
  return args
}

function parseIndices(s: TokenStream): Expression {
  const { line } = s
  const first = parseIndex(s)
  if (!s.at(',')) return first
  const items = [first]
  while (s.take(',')) if (!s.at(']')) items.push(parseIndex(s))
  return { kind: 'tuple', line, items }
}

function parseIndex(s: TokenStream): Expression {
  const { line } = s
  const bound = (): Expression | null => (s.at(':') || s.at(',') || s.at(']') ? null : parseExpression(s))
  if (s.at('*')) return parseStarred(s)
  const start = bound()
  if (!s.take(':')) return start ?? parseExpression(s)
  const end = bound()
  return { kind: 'slice', line, parts: [start, end, s.take(':') ? bound() : null] }
}

function parseAtom(s: TokenStream): Expression {
  const { line } = s
  if (s.kind('string')) return readString(s, (text) => text.nested(() => parseTuple(text)))
  if (s.kind('number')) return { kind: 'constant', line, value: numberOf(s) }
  if (s.kind('name')) return parseName(s)
  if (s.take('...')) return { kind: 'ellipsis', line }
  if (s.take('(')) return s.nested(() => parseParenthesis(s, line))
  if (s.take('[')) return s.nested(() => parseList(s, line))
  if (s.take('{')) return s.nested(() => parseBraces(s, line))
  throw s.error(`has ${s.describe()} where an expression belongs`)
}

function parseName(s: TokenStream): Expression {
  const { text, line } = s.token
  if (text === 'yield' || text === 'await') return parseUnsupported(s)
  if (KEYWORDS.has(text)) throw s.error(`has ${text} where an expression belongs`)
  s.next()
  const value = CONSTANTS.get(text)
  return value === undefined ? { kind: 'name', line, name: text } : { kind: 'constant', line, value }
}

/** What is read over, and refused only where it would be run. */
function parseUnsupported(s: TokenStream): Expression {
  const { text: what, line } = s.next()
  s.take('from')
  if (!s.kind('newline') && !s.at(')') && !s.at(']') && !s.at(',')) s.nested(() => parseTuple(s))
  return { kind: 'unsupported', line, what }
}

function numberOf(s: TokenStream): bigint | number {
  const text = s.next().text.replaceAll('_', '')
  if (/[jJ]$/.test(text)) throw s.error('has a complex number, which is not supported')
  if (/^0[xXbBoO]/.test(text) || /^\d+$/.test(text)) {
    if (text.length > MAX_DIGITS) throw s.error(`has a number of more than ${MAX_DIGITS} digits`)
    return BigInt(/^0\d/.test(text) ? text.replace(/^0+(?=\d)/, '') : text)
  }
  return Number(text)
}
/** Reading a number takes the square of its length. */
const MAX_DIGITS = 1000

function parseParenthesis(s: TokenStream, line: number): Expression {
  if (s.take(')')) return { kind: 'tuple', line, items: [] }
  const value = parseTuple(s)
  const made = s.at('for') || s.at('async') ? comprehension(s, 'list', value) : value
  s.expect(')')
  return made
}

function parseList(s: TokenStream, line: number): Expression {
  if (s.take(']')) return { kind: 'list', line, items: [] }
  const first = parseStarred(s)
  if (s.at('for') || s.at('async')) {
    const made = comprehension(s, 'list', first)
    s.expect(']')
    return made
  }
  const items = [first]
  while (s.take(',')) if (!s.at(']')) items.push(parseStarred(s))
  s.expect(']')
  return { kind: 'list', line, items }
}

function parseBraces(s: TokenStream, line: number): Expression {
  if (s.take('}')) return { kind: 'dict', line, entries: [] }
  const first = s.at('**') ? null : parseStarred(s)
  if (first && !s.at(':')) return parseSet(s, line, first)
  const entries: [Expression | null, Expression][] = [[first, parseEntry(s)]]
  if (first && (s.at('for') || s.at('async'))) {
    const made = comprehension(s, 'dict', first, entries[0]?.[1])
    s.expect('}')
    return made
  }
  while (s.take(',')) {
    if (s.at('}')) break
    const key = s.at('**') ? null : parseExpression(s)
    entries.push([key, parseEntry(s)])
  }
  s.expect('}')
  return { kind: 'dict', line, entries }
}
const parseEntry = (s: TokenStream): Expression => {
  if (!s.take('**')) s.expect(':')
  return parseExpression(s)
}

function parseSet(s: TokenStream, line: number, first: Expression): Expression {
  if (s.at('for') || s.at('async')) {
    const made = comprehension(s, 'set', first)
    s.expect('}')
    return made
  }
  const items = [first]
  while (s.take(',')) if (!s.at('}')) items.push(parseStarred(s))
  s.expect('}')
  return { kind: 'set', line, items }
}

function comprehension(s: TokenStream, of: 'list' | 'set' | 'dict', item: Expression, value?: Expression): Expression {
  const { line } = s
  const clauses: Clause[] = []
  while (s.take('for')) {
    const target = parseTargets(s)
    s.expect('in')
    const iterated = parseOr(s)
    const conditions: Expression[] = []
    while (s.take('if')) conditions.push(parseOr(s))
    clauses.push({ target, iterated, conditions })
  }
  if (clauses.length === 0) throw s.error('has async, which is not supported')
  return { kind: 'comprehension', line, of, clauses, item, value }
}

/** What `for` assigns to: up to `in`, which would else be an operator. */
export function parseTargets(s: TokenStream): Expression {
  const { line } = s
  const one = (): Expression => (s.take('*') ? { kind: 'starred', line, of: parsePostfix(s) } : parsePostfix(s))
  const first = one()
  if (!s.at(',')) return first
  const items = [first]
  while (s.take(',')) if (!s.at('in')) items.push(one())
  return { kind: 'tuple', line, items }
}

/** Up to `end`, which is left. */
export function parseParameters(s: TokenStream, end: string): Parameters {
  const parameters: Parameter[] = []
  let kind: Parameter['kind'] = 'positional'
  while (!s.at(end)) {
    if (s.take('**')) parameters.push({ name: parameterName(s, end), byDefault: undefined, kind: 'kwargs' })
    else if (s.take('*')) {
      if (!s.at(',')) parameters.push({ name: parameterName(s, end), byDefault: undefined, kind: 'args' })
      kind = 'keyword'
    } else if (!s.take('/')) {
      const name = parameterName(s, end)
      parameters.push({ name, byDefault: s.take('=') ? parseExpression(s) : undefined, kind })
    }
    if (!s.at(end)) s.expect(',')
  }
  return parameters
}

/** A lambda's have no types. */
function parameterName(s: TokenStream, end: string): string {
  const name = s.name()
  if (end !== ':' && s.take(':')) parseStarred(s)
  return name
}
