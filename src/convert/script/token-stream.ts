import type { InferError } from '../../errors.ts'
import { syntaxError, type Token, tokensOf } from './token.ts'

/** Brackets in brackets, blocks in blocks: what people write has less than 20. Each level is a few calls here. */
const MAX_DEPTH = 100

/** The tokens of a text, as a parser reads them. */
export class TokenStream {
  readonly path: string
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(text: string, path: string) {
    this.path = path
    this.#tokens = tokensOf(text, path)
  }

  get token(): Token {
    return this.#tokens[this.#at] as Token
  }

  get line(): number {
    return this.token.line
  }

  next(): Token {
    const { token } = this
    if (token.kind !== 'end') this.#at++
    return token
  }

  /** Whether the token after this one is that operator. */
  followedBy(text: string): boolean {
    const token = this.#tokens[this.#at + 1]
    return token?.kind === 'op' && token.text === text
  }

  /** An operator or a keyword: strings are neither. */
  at(text: string): boolean {
    const { kind, text: own } = this.token
    return own === text && (kind === 'op' || kind === 'name')
  }

  take(text: string): boolean {
    if (!this.at(text)) return false
    this.#at++
    return true
  }

  expect(text: string): void {
    if (!this.take(text)) throw this.error(`has ${this.describe()} where ${text} belongs`)
  }

  kind(kind: Token['kind']): boolean {
    return this.token.kind === kind
  }

  takeKind(kind: Token['kind']): boolean {
    if (!this.kind(kind)) return false
    this.#at++
    return true
  }

  name(): string {
    if (!this.kind('name')) throw this.error(`has ${this.describe()} where a name belongs`)
    return this.next().text
  }

  describe(): string {
    const { kind, text } = this.token
    return kind === 'op' || kind === 'name' || kind === 'number' ? text.slice(0, 40) : `a ${kind}`
  }

  error(what: string): InferError {
    return syntaxError(this.path, this.line, what)
  }

  /** @throws InferError where levels nest deeper than they may */
  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw this.error(`nests more than ${MAX_DEPTH} levels`)
    const value = read()
    this.#depth--
    return value
  }
}
