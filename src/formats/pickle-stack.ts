import { broken, type Cursor } from './cursor.ts'
import type { Value } from './values.ts'

/**
 * The stack, the marks and the memo of a pickle machine.
 *
 * Limits on a file from a stranger:
 * - an operation takes a byte of the file or more, so there are no more operations than bytes;
 * - the stack, as a byte can duplicate its top: real files come to a few thousand;
 * - the memory of containers, views, names and the memo, as a byte can make a dict of 240: with the file itself it is
 *   four times the file, and 256 MB, as small files of many small dicts are real (Python takes as much for them);
 *   measured, a refusal takes up to 380 MB for 8 MB of file and five times 200 MB, garbage included;
 * - numbers and texts are not counted; the densest, ints of three bytes, take sixteen times theirs;
 * - marks, as real files have one for each level;
 * - memo indices: what is remembered took a byte, so an index is no greater than the place in the file.
 */
const MAX_STACK = 1_000_000
const MAX_MARKS = 10_000
const FREE_MEMORY = 256 * 1024 * 1024
const MEMORY_PER_BYTE = 3
/** What V8 takes for an empty Map or Set, and about what for a record with its list. */
const MAP_BYTES = 240
const RECORD_BYTES = 96
const VIEW_BYTES = 104
/** A name: its text, its record, its place in the table. */
const NAME_BYTES = 256
/** An entry of an array that grows by half and is copied then. */
const MEMO_BYTES = 20

export class Stack {
  readonly file: Cursor
  /** Where the current operation begins. */
  opcodeAt = 0
  readonly #stack: Value[] = []
  readonly #marks: number[] = []
  readonly #memo: (Value | undefined)[] = []
  #remembered = 0
  /** Where the values above the last mark begin. */
  #base = 0
  #memory = 0
  readonly #maxMemory: number

  constructor(file: Cursor) {
    this.file = file
    this.#maxMemory = FREE_MEMORY + MEMORY_PER_BYTE * file.file.length
  }

  push(value: Value): void {
    if (this.#stack.length >= MAX_STACK) this.fail(`the stack is higher than ${MAX_STACK}`)
    this.#stack.push(value)
  }

  /** Pushes what can hold others. */
  container(value: Value): void {
    this.#spend(value instanceof Map || value instanceof Set ? MAP_BYTES : RECORD_BYTES)
    this.push(value)
  }

  /** Pushes the next bytes of the file, as a view. */
  view(size: number): void {
    this.#spend(VIEW_BYTES)
    this.push(this.file.bytes(size))
  }

  /** Accounts for a name that is new. */
  protected named(): void {
    this.#spend(NAME_BYTES)
  }

  pop(): Value {
    if (this.#stack.length <= this.#base) this.fail('the stack is empty')
    return this.#stack.pop() as Value
  }

  top(): Value {
    if (this.#stack.length <= this.#base) this.fail('the stack is empty')
    return this.#stack[this.#stack.length - 1] as Value
  }

  mark(): void {
    if (this.#marks.length >= MAX_MARKS) this.fail(`there are more than ${MAX_MARKS} marks`)
    this.#marks.push(this.#base)
    this.#base = this.#stack.length
  }

  /** The values above the last mark, which goes with them. */
  popMark(): Value[] {
    const before = this.#marks.pop()
    if (before === undefined) this.fail('there is no mark')
    const items = this.#stack.splice(this.#base)
    this.#base = before
    return items
  }

  /** POP takes a mark, too, when nothing is above it. */
  drop(): void {
    if (this.#stack.length === this.#base && this.#marks.length > 0) this.popMark()
    else this.pop()
  }

  popMany(size: number): Value[] {
    if (this.#stack.length - size < this.#base) this.fail('the stack is empty')
    return this.#stack.splice(this.#stack.length - size)
  }

  get(index: number): void {
    const value = this.#memo[index]
    if (value === undefined) this.fail(`nothing was remembered as ${index}`)
    this.push(value)
  }

  put(index: number): void {
    if (index > this.file.at) this.fail(`a memo index of ${index}, more than there are bytes before it`)
    const value = this.top()
    const memo = this.#memo
    if (index >= memo.length) this.#spend(MEMO_BYTES * (index + 1 - memo.length))
    // A hole would turn the array into a slow one.
    while (memo.length < index) memo.push(undefined)
    if (memo[index] === undefined) this.#remembered++
    memo[index] = value
  }

  memoize(): void {
    this.put(this.#remembered)
  }

  #spend(bytes: number): void {
    this.#memory += bytes
    if (this.#memory > this.#maxMemory) this.fail(`its containers take more than ${this.#maxMemory} bytes`)
  }

  fail(what: string): never {
    throw broken(this.file.format, what, this.opcodeAt)
  }
}
