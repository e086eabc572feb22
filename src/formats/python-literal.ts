import { broken } from './cursor.ts'
import { tuple, type Value } from './values.ts'

/**
 * Python literals as numpy writes them in heads of files: texts, ints, True, False, None, tuples, lists, dicts
 * (https://docs.python.org/3/reference/lexical_analysis.html). Limits on a text from a stranger: depth, since reading
 * recurses.
 */
const MAX_DEPTH = 32
const TOKEN =
  /\s*(?:(-?\d{1,20})L?(?![\w.])|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(True|False|None)\b|([()[\]{}:,]))/y
const WORDS: ReadonlyMap<string, Value> = new Map([
  ['True', true],
  ['False', false],
  ['None', null],
])
const CLOSING: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
])

/** The one value of a literal. */
export function parseLiteral(text: string, format: string): Value {
  const tokens = tokensOf(text, format)
  const fail = (): never => {
    throw broken(format, `its head ${JSON.stringify(text.slice(0, 60))} is no Python literal`)
  }
  let at = 0
  const item = (depth: number): Value => {
    const token = tokens[at++]
    if (token === undefined || depth > MAX_DEPTH) return fail()
    if ('value' in token) return token.value
    const close = CLOSING.get(token.sign) ?? fail()
    return close === '}' ? dict(depth) : sequence(close, depth)
  }
  const sign = (): string | undefined => {
    const token = tokens[at]
    return token !== undefined && 'sign' in token ? token.sign : undefined
  }
  const sequence = (close: string, depth: number): Value => {
    const items: Value[] = []
    let commas = 0
    while (sign() !== close) {
      items.push(item(depth + 1))
      if (sign() !== ',') break
      at++
      commas++
    }
    if (sign() !== close) fail()
    at++
    if (close === ']') return items
    return items.length === 1 && commas === 0 ? (items[0] as Value) : tuple(items)
  }
  const dict = (depth: number): Value => {
    const map = new Map<Value, Value>()
    while (sign() !== '}') {
      const key = item(depth + 1)
      if (sign() !== ':') fail()
      at++
      map.set(key, item(depth + 1))
      if (sign() !== ',') break
      at++
    }
    if (sign() !== '}') fail()
    at++
    return map
  }
  const value = item(0)
  return at === tokens.length ? value : fail()
}

type Token = { readonly value: Value } | { readonly sign: string }

function tokensOf(text: string, format: string): Token[] {
  const tokens: Token[] = []
  const end = text.trimEnd().length
  for (let at = 0; at < end; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null) throw broken(format, 'its head is no Python literal', at)
    const [, digits, single, double, word, sign] = match
    if (digits !== undefined) tokens.push({ value: BigInt(digits) })
    else if (word !== undefined) tokens.push({ value: WORDS.get(word) as Value })
    else if (sign !== undefined) tokens.push({ sign })
    else tokens.push({ value: (single ?? double ?? '').replace(/\\(.)/g, '$1') })
  }
  return tokens
}
