import { InferError } from '../errors.ts'
import type { Cursor } from './cursor.ts'
import { OPERATIONS, REFUSED } from './opcodes.ts'
import { readInteger } from './pickle-scalars.ts'
import { Stack } from './pickle-stack.ts'
import type { PickleTable } from './pickle-table.ts'
import { decodeText } from './pickle-text.ts'
import { todaysName } from './python-names.ts'
import {
  type Dict,
  type Global,
  isGlobal,
  isObject,
  isTuple,
  kindOf,
  NamedDict,
  NO_ENTRIES,
  NO_ITEMS,
  type PyObject,
  pyObject,
  tuple,
  typeName,
  type Value,
} from './values.ts'

/**
 * The pickle machine (https://docs.python.org/3/library/pickle.html, CPython's `pickletools.py`), as data: a global is
 * a name, and calling one makes a record of what it was called with, unless the caller's table says how to read it.
 *
 * Limits on a file from a stranger, beside those of the cursor, the stack and the scalars: letters of a name; the
 * depth of what comes out is bounded by `checkDepth`, so that who reads it may recurse.
 */
const MAX_PROTOCOL = 5

export class Machine extends Stack {
  readonly globals: Map<string, Global>
  readonly #table: PickleTable
  #stopped = false

  constructor(file: Cursor, table: PickleTable, globals: Map<string, Global>) {
    super(file)
    this.#table = table
    this.globals = globals
  }

  run(): Value {
    while (!this.#stopped) {
      this.opcodeAt = this.file.at
      const code = this.file.u8()
      const operation = OPERATIONS[code]
      if (operation === undefined) this.fail(REFUSED.get(code) ?? `0x${code.toString(16)} is no opcode`)
      operation(this)
    }
    return this.pop()
  }

  stop(): void {
    this.#stopped = true
  }

  // Heads

  protocol(version: number): void {
    if (version > MAX_PROTOCOL) this.fail(`protocol ${version} is not known; ${MAX_PROTOCOL} is the last`)
  }

  frame(size: number): void {
    if (size > this.file.left) this.fail(`a frame claims ${size} bytes where ${this.file.left} are left`)
  }

  // Containers

  tuple(size: number): void {
    this.container(tuple(this.popMany(size)))
  }

  dict(): void {
    const items = this.popMark()
    const map: Dict = new Map()
    this.#fill(map, items)
    this.container(map)
  }

  frozenSet(): void {
    this.container({ kind: 'frozenset', items: new Set(this.popMark()) })
  }

  append(): void {
    const item = this.pop()
    this.#list(this.top()).push(item)
  }

  appends(): void {
    const items = this.popMark()
    const list = this.#list(this.top())
    for (const item of items) list.push(item)
  }

  setItem(): void {
    const value = this.pop()
    const key = this.pop()
    this.#fill(this.#dict(this.top()), [key, value])
  }

  setItems(): void {
    const items = this.popMark()
    this.#fill(this.#dict(this.top()), items)
  }

  addItems(): void {
    const items = this.popMark()
    const set = this.top()
    if (!(set instanceof Set || isObject(set))) this.fail(`ADDITEMS to ${typeName(set)}`)
    const add = set instanceof Set ? (item: Value) => set.add(item) : (item: Value) => this.#list(set).push(item)
    for (const item of items) add(item)
  }

  #list(value: Value): Value[] {
    if (Array.isArray(value)) return value
    if (!isObject(value)) return this.fail(`APPEND to ${typeName(value)}`)
    if (value.items === NO_ITEMS) value.items = []
    return value.items as Value[]
  }

  #dict(value: Value): Dict {
    if (value instanceof Map) return value
    if (!isObject(value)) return this.fail(`SETITEM of ${typeName(value)}`)
    if (value.entries === NO_ENTRIES) value.entries = new Map()
    return value.entries as Dict
  }

  #fill(map: Dict, items: readonly Value[]): void {
    if (items.length % 2 === 1) this.fail('a key has no value')
    for (let i = 0; i < items.length; i += 2) map.set(items[i] as Value, items[i + 1] as Value)
  }

  // Names and calls

  indexLine(): number {
    const index = readInteger(this.file)
    return index >= 0n && index <= 0xffffffffn ? Number(index) : this.fail(`a memo index of ${index}`)
  }

  nameLine(): string {
    return decodeText(this.file.lineBytes()) ?? this.fail('a name is no UTF-8')
  }

  global(module: string, name: string): void {
    if (module.length + name.length > MAX_NAME) this.fail(`a name of ${module.length + name.length} letters`)
    const today = todaysName(module, name)
    const known = this.globals.get(today)
    if (known === undefined) {
      this.named()
      this.globals.set(today, { kind: 'global', name: today })
    }
    this.push(this.globals.get(today) as Global)
  }

  stackGlobal(): void {
    const [name, module] = [this.pop(), this.pop()]
    if (typeof module !== 'string' || typeof name !== 'string') this.fail('STACK_GLOBAL of what are no two strings')
    this.global(module, name)
  }

  reduce(): void {
    const args = this.#args(this.pop())
    this.#call(this.pop(), args, undefined)
  }

  newObject(): void {
    this.reduce()
  }

  newObjectEx(): void {
    const kwargs = this.pop()
    if (!(kwargs instanceof Map)) this.fail(`NEWOBJ_EX with ${typeName(kwargs)} for keywords`)
    const args = this.#args(this.pop())
    this.#call(this.pop(), args, kwargs)
  }

  inst(): void {
    this.global(this.nameLine(), this.nameLine())
    const type = this.pop()
    this.#call(type, this.popMark(), undefined)
  }

  obj(): void {
    const [type, ...args] = this.popMark()
    if (type === undefined) this.fail('OBJ without a class')
    this.#call(type, args, undefined)
  }

  persistent(id: Value): void {
    if (this.#table.persistent === undefined) this.fail('a persistent id stands for what is not in the file')
    const { persistent } = this.#table
    this.push(this.#made(() => persistent(id)))
  }

  build(): void {
    const state = this.pop()
    const self = this.pop()
    const build = this.#table.builds.get(isObject(self) ? self.type : (kindOf(self) ?? ''))
    if (build !== undefined) this.push(this.#made(() => build(self, state, this.file)))
    else if (isObject(self) || self instanceof NamedDict) {
      this.#merge(self, state)
      this.push(self)
    } else this.fail(`BUILD of ${typeName(self)}`)
  }

  #merge(self: PyObject | NamedDict, state: Value): void {
    if (self.state instanceof Map && state instanceof Map) this.#fill(self.state, [...state].flat())
    else if (self.state === undefined) self.state = state
    else this.fail(`${self.type} is given two states`)
  }

  #args(args: Value): readonly Value[] {
    if (isTuple(args)) return args.items
    // TorchScript writes an enum by its value alone.
    if (typeof args === 'string' || typeof args === 'bigint' || typeof args === 'number') return [args]
    return this.fail(`the arguments of a call are ${typeName(args)}, not a tuple`)
  }

  #call(callee: Value, args: readonly Value[], kwargs: Dict | undefined): void {
    if (!isGlobal(callee)) this.fail(`a call of ${typeName(callee)}: only what a file names can be called`)
    const call = this.#table.calls.get(callee.name)
    this.container(call === undefined ? pyObject(callee.name, args, kwargs) : this.#made(() => call(args, kwargs)))
  }

  /** What the table makes; its refusals do not know where in the file they are. */
  #made(make: () => Value): Value {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof InferError) || / at (byte|character) \d+/.test(error.message)) throw error
      throw new InferError(error.code, `${error.message} at byte ${this.opcodeAt}`)
    }
  }
}

const MAX_NAME = 1024
