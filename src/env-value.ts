/**
 * Values in environment variables, as operators have learned to write them from four generations of services: JSON, a
 * Python literal (docker-py renders an object so), quoted (docker's --env-file keeps the quotes), or plain text.
 *
 * The operator wrote it, so it is trusted; nesting is bounded by the recursion all the same.
 */

/** Text -> value: undefined when blank or null, else the JSON or Python value that it spells, else the text itself. */
export function readEnvValue(text: string | undefined): unknown {
  const trimmed = unquote(text?.trim() ?? '')
  if (trimmed === '' || trimmed === 'null' || trimmed === 'None') return undefined
  return parsed(() => JSON.parse(trimmed)) ?? parsed(() => readPythonLiteral(trimmed)) ?? trimmed
}

/** The plain text of a variable: trimmed, one pair of matching quotes off, undefined when nothing is left. */
export const readEnvText = (text: string | undefined): string | undefined => unquote(text?.trim() ?? '') || undefined

function unquote(text: string): string {
  const quote = text[0]
  const quoted = text.length >= 2 && (quote === '"' || quote === "'") && text.endsWith(quote)
  return quoted && !text.slice(1, -1).includes(quote) ? text.slice(1, -1).trim() : quoted ? unquoteNested(text) : text
}

/** `'{"a": 'x'}'` cannot be told from two strings; `'{"a": 1}'` can, since only the outer pair matches. */
const unquoteNested = (text: string): string => (/^["'][[{]/.test(text) ? text.slice(1, -1).trim() : text)

function parsed(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}

const MAX_DEPTH = 32
const WORDS = new Map<string, unknown>([
  ['True', true],
  ['False', false],
  ['None', null],
])
const TOKEN =
  /\s*(?:([[\](){}:,])|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)|([A-Za-z_]\w*))/y
const CLOSERS: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' }

/** Dicts, lists, tuples, strings, numbers, True, False and None. Throws where Python's `ast.literal_eval` would. */
function readPythonLiteral(text: string): unknown {
  TOKEN.lastIndex = 0
  let token: RegExpExecArray | null = null
  const next = (): void => {
    const at = TOKEN.lastIndex
    token = TOKEN.exec(text)
    if (!token && text.slice(at).trim() !== '') throw new SyntaxError(`no Python literal at ${at}`)
  }
  const mark = (): string | undefined => token?.[1]
  const take = (expected: string): void => {
    if (mark() !== expected) throw new SyntaxError(`expected ${expected}`)
    next()
  }
  const items = (closer: string, item: () => void): void => {
    next()
    while (mark() !== closer) {
      item()
      if (mark() !== closer) take(',')
    }
    next()
  }
  const value = (depth: number): unknown => {
    if (!token || depth > MAX_DEPTH) throw new SyntaxError('no value')
    const [, opener, single, double, number, word] = token as RegExpExecArray
    if (opener === '{') {
      const object: Record<string, unknown> = {}
      items('}', () => {
        const key = String(value(depth + 1))
        take(':')
        object[key] = value(depth + 1)
      })
      return object
    }
    if (opener === '[' || opener === '(') {
      const list: unknown[] = []
      items(CLOSERS[opener] as string, () => list.push(value(depth + 1)))
      return list
    }
    next()
    if (number !== undefined) return Number(number)
    if (word !== undefined && WORDS.has(word)) return WORDS.get(word)
    const string = single ?? double
    if (string === undefined) throw new SyntaxError('no value')
    return string.replace(/\\(.)/g, '$1')
  }
  next()
  const whole = value(0)
  if (token) throw new SyntaxError('more than one value')
  return whole
}

const TRUE = new Set(['true', 't', '1', 'yes', 'y', 'on'])
const FALSE = new Set(['false', 'f', '0', 'no', 'n', 'off'])

/** pydantic's lax boolean: a word or number of either set; undefined for anything else. */
export function readBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  const word = String(value).trim().toLowerCase()
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined
}
