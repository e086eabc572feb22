import type { NumericArray } from '../tensor/dtype.ts'
import { broken } from './cursor.ts'

/**
 * JSON as model files have it: with the bare `NaN`, `Infinity` and `-Infinity` that Python and C++ write.
 *
 * Limits on a file from a stranger: depth, since reading recurses; keys come once, as readers disagree which counts.
 * Objects are Maps, so that no key is special; integers beyond 2^53 are bigints.
 */
const MAX_DEPTH = 512

/** JSON, and what UBJSON has besides: arrays of numbers of one type. */
export type Json = null | boolean | number | bigint | string | Json[] | Map<string, Json> | NumericArray

const NUMBER = /-?(?:Infinity|(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y
const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE_CODE = 0x20
const SPACE = /[ \t\n\r]*/y
const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['t', true],
  ['f', false],
  ['n', null],
  ['N', Number.NaN],
])

export interface JsonOptions {
  /** Named in errors. */
  readonly format: string
  /** Whether the bare NaN and infinities are read. */
  readonly nonFinite: boolean
}

/** The one value of a JSON text. */
export function parseJson(text: string, options: JsonOptions): Json {
  const reader = new JsonReader(text, options)
  return reader.whole()
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The same of UTF-8 bytes. */
export function readJson(bytes: Uint8Array, options: JsonOptions): Json {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw broken(options.format, 'its JSON is no UTF-8')
  }
  return parseJson(text, options)
}

class JsonReader {
  readonly #text: string
  readonly #options: JsonOptions
  #at = 0

  constructor(text: string, options: JsonOptions) {
    this.#text = text
    this.#options = options
  }

  whole(): Json {
    const value = this.#value(0)
    this.#space()
    if (this.#at < this.#text.length) this.#fail('more follows its end')
    return value
  }

  #value(depth: number): Json {
    if (depth > MAX_DEPTH) this.#fail(`it is nested deeper than ${MAX_DEPTH}`)
    this.#space()
    const char = this.#text[this.#at]
    if (char === '{') return this.#object(depth)
    if (char === '[') return this.#array(depth)
    if (char === '"') return this.#string()
    const word = WORDS.get(char ?? '')
    return word === undefined ? this.#number() : this.#word(word)
  }

  #object(depth: number): Map<string, Json> {
    const map = new Map<string, Json>()
    this.#at++
    if (this.#taken('}')) return map
    do {
      this.#space()
      const at = this.#at
      const key = this.#string()
      if (map.has(key)) this.#fail(`the key ${JSON.stringify(key).slice(0, 60)} comes twice`, at)
      if (!this.#taken(':')) this.#fail('a key has no value')
      map.set(key, this.#value(depth + 1))
    } while (this.#taken(','))
    if (!this.#taken('}')) this.#fail('an object does not end')
    return map
  }

  #array(depth: number): Json[] {
    const items: Json[] = []
    this.#at++
    if (this.#taken(']')) return items
    do items.push(this.#value(depth + 1))
    while (this.#taken(','))
    if (!this.#taken(']')) this.#fail('an array does not end')
    return items
  }

  #string(): string {
    const text = this.#text
    const start = this.#at
    if (text[start] !== '"') this.#fail('there is no string')
    let end = start + 1
    let escaped = false
    for (let code = text.charCodeAt(end); code !== QUOTE; code = text.charCodeAt(++end)) {
      if (!(code >= SPACE_CODE)) this.#fail('a string does not end', start)
      if (code !== BACKSLASH) continue
      escaped = true
      end++
    }
    this.#at = end + 1
    return escaped ? this.#unescaped(start) : text.slice(start + 1, end)
  }

  #unescaped(start: number): string {
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string
    } catch {
      return this.#fail('a string has a broken escape', start)
    }
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at
    const token = NUMBER.exec(this.#text)?.[0] ?? this.#fail('there is no value')
    const value = Number(token)
    if (token.endsWith('y') && !this.#options.nonFinite) this.#fail('an infinity is no JSON')
    this.#at += token.length
    const exact = Number.isSafeInteger(value) || !/^-?\d+$/.test(token) || token.length > MAX_DIGITS
    return exact ? value : BigInt(token)
  }

  #word(value: Json): Json {
    const word = typeof value === 'number' ? 'NaN' : String(value)
    if (!this.#text.startsWith(word, this.#at)) this.#fail('there is no value')
    if (word === 'NaN' && !this.#options.nonFinite) this.#fail('NaN is no JSON')
    this.#at += word.length
    return value
  }

  /** Passes over the character if it is the next. */
  #taken(char: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #space(): void {
    SPACE.lastIndex = this.#at
    SPACE.test(this.#text)
    this.#at = SPACE.lastIndex
  }

  #fail(what: string, at = this.#at): never {
    throw broken(this.#options.format, `JSON: ${what} at character ${at}`)
  }
}

/** Digits that are worth keeping; reading more is quadratic. */
const MAX_DIGITS = 620
