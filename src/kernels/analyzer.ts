/** How texts are taken apart. */
export interface Analyzer {
  readonly unit: 'word' | 'char' | 'char_wb'
  readonly ngrams: readonly [shortest: number, longest: number]
  /** The terms of a text, in order. */
  readonly terms: (text: string) => readonly string[]
  /** Of a text: its words, without stop words. */
  readonly words: (text: string) => readonly string[]
  /** Of a text: what its characters are counted in, runs of spaces being one. */
  readonly spaced: (text: string) => string
}

export interface Analysis {
  readonly unit: 'word' | 'char' | 'char_wb'
  /** Shortest and longest run of units that is a term. */
  readonly ngrams: readonly [number, number]
  readonly isLowered: boolean
  readonly accents: 'keep' | 'unicode' | 'ascii'
  /** What finds words; `undefined` is scikit-learn's own: two or more letters, digits or underscores. */
  readonly pattern: RegExp | undefined
  readonly stopWords: ReadonlySet<string> | undefined
}

/**
 * As scikit-learn's `build_analyzer`: lower case, accents, units, stop words, runs.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/feature_extraction/text.py
 */
export function createAnalyzer({ unit, ngrams, isLowered, accents, pattern, stopWords }: Analysis): Analyzer {
  const strip = { keep: (text: string) => text, unicode: withoutMarks, ascii: asciiOf }[accents]
  const prepare = (text: string): string => strip(isLowered ? text.toLowerCase() : text)
  const spaced = (text: string): string => prepare(text).replace(SPACES, ' ')
  const split = pattern ? (text: string) => matchesOf(pattern, text) : wordsOf
  const words = (text: string): readonly string[] => {
    const all = split(prepare(text))
    return stopWords ? all.filter((word) => !stopWords.has(word)) : all
  }
  const terms = {
    word: (text: string) => runsOfWords(words(text), ngrams),
    char: (text: string) => runsOfCharacters(spaced(text), ngrams),
    char_wb: (text: string) => runsWithinWords(spaced(text), ngrams),
  }[unit]
  return { unit, ngrams, terms, words, spaced }
}

/** Python's `\w`: what `str.isalnum` says yes to, and the underscore. */
const WORDS = /[\p{L}\p{N}_]{2,}/gu

/** All runs of two or more word characters: `\b\w\w+\b`. */
function wordsOf(text: string): string[] {
  const words: string[] = []
  let start = -1
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0
    if (code > 127) return text.match(WORDS) ?? []
    if (IS_WORD[code] === 1) {
      if (start < 0) start = i
      continue
    }
    if (start >= 0 && i - start > 1) words.push(text.slice(start, i))
    start = -1
  }
  return words
}

const IS_WORD = Uint8Array.from({ length: 128 }, (_, code) => Number(/\w/.test(String.fromCharCode(code))))

/** As `re.findall`: what the one group has caught, where there is one. */
function matchesOf(pattern: RegExp, text: string): string[] {
  return Array.from(text.matchAll(pattern), (match) => (match.length > 1 ? (match[1] ?? '') : match[0]))
}

function runsOfWords(words: readonly string[], [shortest, longest]: readonly [number, number]): readonly string[] {
  if (longest === 1) return words
  const runs = shortest === 1 ? [...words] : []
  for (let length = Math.max(2, shortest); length <= Math.min(longest, words.length); length++) {
    for (let i = 0; i + length <= words.length; i++) {
      let run = words[i] as string
      for (let j = 1; j < length; j++) run += ` ${words[i + j]}`
      runs.push(run)
    }
  }
  return runs
}

/** Python's `\s`, which is not JavaScript's. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const SPACES = new RegExp(`[${SPACE}]{2,}`, 'g')
export const SPLIT = new RegExp(`[${SPACE}]+`, 'g')

function runsOfCharacters(text: string, [shortest, longest]: readonly [number, number]): string[] {
  const characters = charactersOf(text)
  const runs: string[] = []
  for (let length = shortest; length <= Math.min(longest, characters.length); length++)
    for (let i = 0; i + length <= characters.length; i++) runs.push(part(characters, i, i + length))
  return runs
}

/** Words with a space on either side; one that is shorter than a run counts once. */
function runsWithinWords(text: string, [shortest, longest]: readonly [number, number]): string[] {
  const runs: string[] = []
  for (const word of text.split(SPLIT)) {
    if (word === '') continue
    const characters = charactersOf(` ${word} `)
    for (let length = shortest; length <= longest; length++) {
      const count = Math.max(1, characters.length - length + 1)
      for (let i = 0; i < count; i++) runs.push(part(characters, i, i + length))
      if (count === 1) break
    }
  }
  return runs
}

/** Code points: a text is its own list of them where each is one unit. */
export const charactersOf = (text: string): string | string[] =>
  /[\ud800-\udfff]/.test(text) ? Array.from(text) : text

const part = (characters: string | readonly string[], start: number, end: number): string =>
  typeof characters === 'string' ? characters.slice(start, end) : characters.slice(start, end).join('')

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins at NUL
const NOT_ASCII = /[^\x00-\x7f]/g

const asciiOf = (text: string): string => text.normalize('NFKD').replace(NOT_ASCII, '')

/** Without the marks that a letter with accents is made of. */
function withoutMarks(text: string): string {
  if (text.search(NOT_ASCII) < 0) return text
  let bare = ''
  for (const character of text.normalize('NFKD')) if (!isCombining(character)) bare += character
  return bare
}

/** Of all marks the one whose class is highest, so that normalisation moves every other one before it. */
const LAST_MARK = '\u0345'

/** Whether a character's combining class is not zero, as Python's `unicodedata.combining` says. */
function isCombining(character: string): boolean {
  if (character < '\u0300') return false
  return character === LAST_MARK || (LAST_MARK + character).normalize('NFD') !== LAST_MARK + character.normalize('NFD')
}
