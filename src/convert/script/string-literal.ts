import type { Expression, Formatted } from './syntax.ts'
import { TokenStream } from './token-stream.ts'

/** Strings side by side are one; where one of them is an f-string, the whole is. */
export function readString(s: TokenStream, parse: (inner: TokenStream) => Expression): Expression {
  const { line } = s
  const parts: (string | Formatted)[] = []
  while (s.kind('string')) {
    const { text, prefix } = s.token
    if (prefix.includes('b')) throw s.error('has bytes, which are not supported')
    if (prefix.includes('f')) parts.push(...formattedParts(text, s, parse))
    else parts.push(text)
    s.next()
  }
  if (parts.every((part) => typeof part === 'string')) return { kind: 'constant', line, value: parts.join('') }
  return { kind: 'joined', line, parts }
}

/** `text {value!r:spec} text`; doubled braces are braces. */
function formattedParts(
  text: string,
  s: TokenStream,
  parse: (inner: TokenStream) => Expression,
): (string | Formatted)[] {
  const parts: (string | Formatted)[] = []
  let literal = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string
    if (char !== '{' && char !== '}') literal += char
    else if (text[at + 1] === char) {
      literal += char
      at++
    } else {
      const { end, colon } = endOf(text, at + 1)
      if (char === '}' || end < 0) throw s.error('has an f-string with a brace alone')
      parts.push(literal, readField(text.slice(at + 1, colon), text.slice(colon + 1, end), s, parse))
      literal = ''
      at = end
    }
  }
  return [...parts, literal]
}

/** Where the brace closes that opened before `from`, and where its spec starts. */
function endOf(text: string, from: number): { end: number; colon: number } {
  let depth = 1
  let quote = ''
  let colon = -1
  for (let at = from; at < text.length; at++) {
    const char = text[at] as string
    if (quote !== '') {
      if (char === quote) quote = ''
    } else if (char === '"' || char === "'") quote = char
    else if ('{[('.includes(char)) depth++
    else if (char === ':' && depth === 1 && colon < 0) colon = at
    else if ('}])'.includes(char) && --depth === 0) return { end: at, colon: colon < 0 ? at : colon }
  }
  return { end: -1, colon: -1 }
}

function readField(field: string, spec: string, s: TokenStream, parse: (inner: TokenStream) => Expression): Formatted {
  const inner = new TokenStream(`(${field.replace(/=?\s*(![rsa])?\s*$/, '')})`, s.path)
  return { value: s.nested(() => parse(inner)), spec }
}
