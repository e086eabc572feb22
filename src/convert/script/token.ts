import { InferError } from '../../errors.ts'

/**
 * Python's lexical analysis: text to tokens, with what indentation means. A token keeps its line for sentences.
 *
 * Limits on text from a stranger: its length, as a token costs an object; how deep it indents.
 */
const MAX_CHARS = 16 * 1024 * 1024
const MAX_INDENTS = 100
const TAB = 8

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'op' | 'newline' | 'indent' | 'dedent' | 'end'
  /** Of a string its content, escapes read. */
  readonly text: string
  readonly line: number
  /** Of a string the letters before it, in lower case: `f`, `rb`. */
  readonly prefix: string
}

const NEWLINE = /\r\n|\r|\n/y
const SPACE = /(?:[ \t\f]|\\(?:\r\n|\r|\n))+/y
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy
const NUMBER =
  /0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?[jJ]?/y
const STRING = /([rRbBuUfF]{0,2})("""|'''|"|')/y
const OP = /\*\*=|\/\/=|>>=|<<=|\.\.\.|->|:=|\*\*|\/\/|>>|<<|<=|>=|==|!=|[-+*/%&|^@]=|[-+*/%&|^~<>()[\]{},:.;@=]/y
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['0', '\0'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
])

/** @throws InferError bad_model naming the file and the line */
export function tokensOf(text: string, path: string): readonly Token[] {
  return new Lexer(text, path).run()
}

export const syntaxError = (path: string, line: number, what: string): InferError =>
  new InferError('bad_model', `${path}:${line} ${what}`)

class Lexer {
  readonly #text: string
  readonly #path: string
  readonly #tokens: Token[] = []
  readonly #indents = [0]
  #at = 0
  #line = 1
  #brackets = 0

  constructor(text: string, path: string) {
    this.#text = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
    this.#path = path
    if (text.length > MAX_CHARS) throw this.#fail(`is longer than ${MAX_CHARS} characters`)
  }

  run(): readonly Token[] {
    while (this.#at < this.#text.length) {
      this.#indentation()
      this.#logicalLine()
    }
    while (this.#indents.length > 1) this.#dedent()
    this.#push('end', '')
    return this.#tokens
  }

  #fail(what: string): InferError {
    return syntaxError(this.#path, this.#line, what)
  }

  #push(kind: Token['kind'], text: string, prefix = ''): void {
    this.#tokens.push({ kind, text, line: this.#line, prefix })
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match) this.#at += match[0].length
    return match
  }

  /** Lines without a statement say nothing. */
  #indentation(): void {
    for (;;) {
      const start = this.#at
      let width = 0
      for (; this.#at < this.#text.length; this.#at++) {
        const char = this.#text[this.#at]
        if (char === ' ') width++
        else if (char === '\t') width += TAB - (width % TAB)
        else if (char === '\f') width = 0
        else break
      }
      this.#comment()
      if (this.#take(NEWLINE)) {
        this.#line++
        continue
      }
      if (this.#at < this.#text.length) this.#indentTo(width)
      else this.#at = Math.max(this.#at, start)
      return
    }
  }

  #indentTo(width: number): void {
    if (width > (this.#indents.at(-1) as number)) {
      if (this.#indents.length > MAX_INDENTS) throw this.#fail(`indents more than ${MAX_INDENTS} times`)
      this.#indents.push(width)
      this.#push('indent', '')
      return
    }
    while (width < (this.#indents.at(-1) as number)) this.#dedent()
    if (width !== this.#indents.at(-1)) throw this.#fail('is indented as no line before it')
  }

  #dedent(): void {
    this.#indents.pop()
    this.#push('dedent', '')
  }

  #comment(): void {
    if (this.#text[this.#at] !== '#') return
    while (this.#at < this.#text.length && !'\r\n'.includes(this.#text[this.#at] as string)) this.#at++
  }

  #logicalLine(): void {
    while (this.#at < this.#text.length) {
      const space = this.#take(SPACE)
      if (space) this.#line += linesIn(space[0])
      this.#comment()
      if (this.#take(NEWLINE)) {
        if (this.#brackets === 0) this.#push('newline', '')
        this.#line++
        if (this.#brackets === 0) return
      } else if (this.#at < this.#text.length) this.#token()
    }
    if (this.#tokens.at(-1)?.kind !== 'newline') this.#push('newline', '')
  }

  #token(): void {
    const string = this.#take(STRING)
    if (string) {
      this.#string((string[1] as string).toLowerCase(), string[2] as string)
      return
    }
    const name = this.#take(NAME)
    const number = name ? null : this.#take(NUMBER)
    if (name || number) {
      this.#push(name ? 'name' : 'number', (name ?? number)?.[0] as string)
      return
    }
    const op = this.#take(OP)
    if (!op) throw this.#fail(`has ${JSON.stringify(this.#text[this.#at])}, which is no Python`)
    if ('([{'.includes(op[0])) this.#brackets++
    if (')]}'.includes(op[0])) this.#brackets = Math.max(0, this.#brackets - 1)
    this.#push('op', op[0])
  }

  #string(prefix: string, quote: string): void {
    const first = this.#line
    const raw = prefix.includes('r')
    const parts: string[] = []
    let start = this.#at
    while (!this.#text.startsWith(quote, this.#at)) {
      const char = this.#text[this.#at]
      if (char === undefined || (quote.length === 1 && (char === '\n' || char === '\r')))
        throw syntaxError(this.#path, first, 'has a string without an end')
      if (char === '\n') this.#line++
      if (char !== '\\') this.#at++
      else if (raw) this.#at += 2
      else {
        parts.push(this.#text.slice(start, this.#at), this.#escape())
        start = this.#at
      }
    }
    parts.push(this.#text.slice(start, this.#at))
    this.#at += quote.length
    this.#tokens.push({ kind: 'string', text: parts.join(''), line: first, prefix })
  }

  /** What stands behind a backslash. */
  #escape(): string {
    const char = this.#text[this.#at + 1] ?? ''
    this.#at += 2
    if (char === '\n') {
      this.#line++
      return ''
    }
    const digits = { x: 2, u: 4, U: 8 }[char]
    if (digits === undefined) return ESCAPES.get(char) ?? (`\\'"`.includes(char) ? char : `\\${char}`)
    const hex = this.#text.slice(this.#at, this.#at + digits)
    const code = /^[0-9a-fA-F]+$/.test(hex) ? Number.parseInt(hex, 16) : Number.NaN
    if (hex.length !== digits || !(code <= 0x10ffff)) throw this.#fail('has a broken escape in a string')
    this.#at += digits
    return String.fromCodePoint(code)
  }
}

const linesIn = (text: string): number => text.split('\n').length - 1
