/** scikit-learn's own: words of two or more characters. */
export const DEFAULT_PATTERN = '(?u)\\b\\w\\w+\\b'

const WORD = '\\p{L}\\p{N}_'
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

/** Python's classes of characters, which know all of Unicode. */
const CLASSES: Readonly<Record<string, string>> = {
  w: `[${WORD}]`,
  W: `[^${WORD}]`,
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  s: `[${SPACE}]`,
  S: `[^${SPACE}]`,
}
const EDGE = `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`
/** Not in a text of nothing, up to Python 3.13. */
const NO_EDGE = `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}])(?:(?=[^])|(?<=[^])))`

/** Escapes that mean the same here and there. */
const ESCAPES = new Set('ntrfv')
/** What has to be escaped everywhere, and is escaped nowhere else but within brackets. */
const SYNTAX = new Set('^$\\.*+?()[]{}|/')
/** What the `v` flag wants escaped within brackets. */
const RESERVED = new Set('()[]{}/-\\|&!#$%*+,.:;<=>?@`~^')

/**
 * A regular expression of Python's as one of JavaScript's that finds the same, `undefined` for what is not known to:
 * named groups, flags, references back, possessive quantifiers. Patterns are of characters, classes, groups,
 * alternatives, quantifiers and looks to either side.
 * https://docs.python.org/3/library/re.html#regular-expression-syntax
 */
export function tokenPattern(source: string): RegExp | undefined {
  const body = source.replace(/^\(\?u\)/, '')
  let pattern = ''
  for (let i = 0; i < body.length; ) {
    const piece = pieceAt(body, i)
    if (!piece) return undefined
    pattern += piece.text
    i += piece.length
  }
  try {
    const groups = new RegExp(`${pattern}|`, 'v').exec('')?.length ?? 0
    const found = new RegExp(pattern, 'gv')
    return groups > 2 || isRetried(body, found) ? undefined : found
  } catch {
    return undefined
  }
}

/**
 * After a match of nothing Python looks for more than nothing at the same place, JavaScript goes on; it matters where
 * nothing is not the last that is tried.
 */
function isRetried(body: string, pattern: RegExp): boolean {
  return /[*+?}]\?|\|/.test(body) && ['', 'a', '1', ' ', 'a a'].some((text) => text.match(pattern)?.includes(''))
}

interface Piece {
  readonly text: string
  readonly length: number
}

function pieceAt(body: string, i: number): Piece | undefined {
  const character = String.fromCodePoint(body.codePointAt(i) as number)
  const same = (length: number): Piece => ({ text: body.slice(i, i + length), length })
  if (character === '\\') return escapeAt(body, i)
  if (character === '[') return bracketAt(body, i)
  if (character === '(') {
    if (body[i + 1] !== '?') return same(1)
    const [opening] = /^\(\?(?::|=|!|<=|<!)/.exec(body.slice(i)) ?? []
    return opening ? same(opening.length) : undefined
  }
  const [quantifier] = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(body.slice(i)) ?? []
  if (quantifier) return body[i + quantifier.length] === '+' ? undefined : same(quantifier.length)
  if (character === '.') return { text: '[^\\n]', length: 1 }
  if (character === '$') return { text: '(?=\\n?(?![^]))', length: 1 }
  if (character === '{' || character === '}' || character === ']') return { text: `\\${character}`, length: 1 }
  return same(character.length)
}

function escapeAt(body: string, i: number): Piece | undefined {
  const letter = body[i + 1]
  if (letter === undefined) return undefined
  const known = CLASSES[letter] ?? { b: EDGE, B: NO_EDGE, A: '(?<![^])', Z: '(?![^])' }[letter]
  if (known !== undefined) return { text: known, length: 2 }
  const piece = characterAt(body, i, letter)
  return piece && RESERVED.has(letter) && !SYNTAX.has(letter) ? { ...piece, text: letter } : piece
}

/** An escape of one character, within brackets or not. */
function characterAt(body: string, i: number, letter: string): Piece | undefined {
  if (ESCAPES.has(letter)) return { text: `\\${letter}`, length: 2 }
  const [code] = /^\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4})/.exec(body.slice(i)) ?? []
  if (code) return { text: code, length: code.length }
  if (/[\p{L}\p{N}]/u.test(letter)) return undefined
  return { text: RESERVED.has(letter) ? `\\${letter}` : letter, length: 2 }
}

/** A set of characters: a `]` at its beginning is one of them. */
function bracketAt(body: string, start: number): Piece | undefined {
  let i = start + 1
  let text = '['
  if (body[i] === '^') {
    text += '^'
    i++
  }
  for (let isFirst = true; body[i] !== ']' || isFirst; isFirst = false) {
    const character = body[i]
    if (character === undefined) return undefined
    if (character === '\\') {
      const letter = body[i + 1] ?? ''
      const piece = CLASSES[letter]
        ? { text: CLASSES[letter], length: 2 }
        : letter === 'b'
          ? { text: '\\x08', length: 2 }
          : characterAt(body, i, letter)
      if (!piece) return undefined
      text += piece.text
      i += piece.length
      continue
    }
    const isRange = character === '-' && !isFirst && body[i + 1] !== ']' && !text.endsWith('[') && !text.endsWith('^')
    text += isRange ? '-' : RESERVED.has(character) ? `\\${character}` : character
    i++
  }
  return { text: `${text}]`, length: i + 1 - start }
}
