import type { Machine } from './machine.ts'
import type { Block } from './syntax.ts'
import { Missing, type Mutable, type Py, type PyClass, type Scope, UNINITIALIZED } from './value.ts'

/** The names of one call (or of a comprehension), and what is left to do in it. */
export class Frame implements Scope, Mutable {
  readonly path: string
  readonly outer: Scope
  /** The class whose method this is, and its first argument, for `super()`. */
  readonly owner: PyClass | undefined
  self: Py | undefined
  /** What follows the blocks that are open, outermost first; `null` is a loop. */
  rest: (Block | null)[] = []
  #locals: Map<string, Py> = new Map()

  constructor(outer: Scope, owner?: PyClass) {
    this.outer = outer
    this.path = outer.path
    this.owner = owner
  }

  lookup(name: string, m: Machine): Py | undefined {
    const value = this.#locals.get(name)
    if (value instanceof Missing && value !== UNINITIALIZED && value.why !== '')
      throw m.error(`${name} has no value here: ${value.why}`)
    return value === undefined ? this.outer.lookup(name, m) : value
  }

  local(name: string): Py | undefined {
    return this.#locals.get(name)
  }

  set(name: string, value: Py, m: Machine): void {
    m.touch(this)
    this.#locals.set(name, value)
  }

  delete(name: string, m: Machine): void {
    m.touch(this)
    this.#locals.delete(name)
  }

  get locals(): ReadonlyMap<string, Py> {
    return this.#locals
  }

  save(): ReadonlyMap<string, Py> {
    return new Map(this.#locals)
  }

  load(state: ReadonlyMap<string, Py>): void {
    this.#locals = new Map(state)
  }
}
