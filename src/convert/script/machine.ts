import { InferError } from '../../errors.ts'
import type { TorchTensor, Value } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Aten } from '../aten/aten.ts'
import type { SymTensor } from '../aten/symbolic.ts'
import { Alarm } from './alarm.ts'
import type { Frame } from './frame.ts'
import type { Library } from './library.ts'
import type { Block, ClassDefinition, Expression, Statement } from './syntax.ts'
import type { EnumMember, Kwargs, Mutable, Py, PyModule } from './value.ts'

/**
 * Limits on code from a stranger. Steps: each expression, statement and item of a list is one; the largest model of
 * torchvision takes 60 000, and two million take half a second. Depth: calls, blocks and brackets together, each of
 * which is a few calls here, of which JavaScript's stack holds about ten thousand.
 */
const MAX_STEPS = 2_000_000
const MAX_DEPTH = 1200
/** Bits of an int, characters of a string. */
export const MAX_BITS = 4096
export const MAX_CHARS = 1_000_000

/** What the model's code raises for these inputs, as `raise` and failed assertions do. */
export class Raised extends InferError {
  constructor(what: string) {
    super('bad_request', what)
    this.name = 'Raised'
  }
}

/** A loop is left where data decides: its exits have to be flags. */
export class DataExit extends InferError {
  constructor() {
    super('bad_model', 'a return, break or continue within a loop depends on data, which is not supported')
    this.name = 'DataExit'
  }
}

/** What interprets what: given to a machine, as each of these calls the others through it. */
export interface Verbs {
  call(m: Machine, callee: Py, args: readonly Py[], kwargs: Kwargs): Py
  callMethod(m: Machine, module: PyModule, name: string, args: readonly Py[], kwargs: Kwargs): Py
  evaluate(m: Machine, e: Expression, frame: Frame): Py
  execute(m: Machine, statement: Statement, frame: Frame): unknown
  find(m: Machine, value: Py, name: string): Py | undefined
  runBody(m: Machine, body: Block, frame: Frame): Py
  setAttribute(m: Machine, value: Py, name: string, item: Py): void
}

/** What was written since a branch began: how it was before. */
export class Journal {
  readonly objects = new Map<Mutable, ReadonlyMap<string, Py>>()
  readonly tensors = new Map<SymTensor, Expr>()
}

/** One interpretation of a model's code. */
export class Machine {
  readonly t: Aten
  readonly library: Library
  /** Tensors of the file as constants, and its other values as Python's. */
  readonly constants = new Map<TorchTensor, SymTensor>()
  readonly values = new Map<Value, Py>()
  /** What `CONSTANTS.cN` are. */
  readonly numbered: readonly Value[]
  /** Members of enumerations by their class; null of what is none. */
  readonly enums = new Map<ClassDefinition, ReadonlyMap<string, EnumMember> | null>()
  journal: Journal | undefined
  readonly alarm = new Alarm()
  /** Tensors that stand for Python's numbers, which never change. */
  readonly numbers = new WeakSet<SymTensor>()
  /** Where the code is that is interpreted. */
  path = ''
  line = 0
  readonly #verbs: Verbs
  #steps = 0
  #depth = 0

  constructor(t: Aten, library: Library, verbs: Verbs, numbered: readonly Value[] = []) {
    this.#verbs = verbs
    this.t = t
    this.library = library
    this.numbered = numbered
    t.onWrite = (root) => {
      if (this.journal && !this.journal.tensors.has(root)) this.journal.tensors.set(root, t.value(root))
    }
  }

  call(callee: Py, args: readonly Py[], kwargs: Kwargs = new Map()): Py {
    return this.#verbs.call(this, callee, args, kwargs)
  }
  callMethod(module: PyModule, name: string, args: readonly Py[], kwargs: Kwargs = new Map()): Py {
    return this.#verbs.callMethod(this, module, name, args, kwargs)
  }
  evaluate(e: Expression, frame: Frame): Py {
    return this.#verbs.evaluate(this, e, frame)
  }
  execute(statement: Statement, frame: Frame): void {
    this.#verbs.execute(this, statement, frame)
  }
  /** An attribute, where there is one. */
  find(value: Py, name: string): Py | undefined {
    return this.#verbs.find(this, value, name)
  }
  runBody(body: Block, frame: Frame): Py {
    return this.#verbs.runBody(this, body, frame)
  }
  setAttribute(value: Py, name: string, item: Py): void {
    this.#verbs.setAttribute(this, value, name, item)
  }

  step(count = 1): void {
    this.#steps += count
    if (this.#steps > MAX_STEPS) throw this.error(`the model's code takes more than ${MAX_STEPS} steps`)
  }

  nested<T>(run: () => T): T {
    this.enter()
    const value = run()
    this.leave()
    return value
  }

  enter(): void {
    if (++this.#depth > MAX_DEPTH) throw this.error(`the model's code nests more than ${MAX_DEPTH} levels of calls`)
  }
  leave(): void {
    this.#depth--
  }
  get depth(): number {
    return this.#depth
  }
  /** After an error that was caught. */
  set depth(depth: number) {
    this.#depth = depth
  }

  /**
   * Runs code that may not come to an end that is supported.
   * @returns whether it did; where not, all that it wrote is taken back
   */
  tried(run: () => void): boolean {
    const [outer, depth] = [this.journal, this.depth]
    const journal = new Journal()
    this.journal = journal
    try {
      run()
    } catch (error) {
      if (!(error instanceof DataExit)) throw error
      this.depth = depth
      for (const [object, state] of journal.objects) object.load(state)
      for (const [tensor, value] of journal.tensors) tensor.assign(value, this.t.graph)
      return false
    } finally {
      this.journal = outer
    }
    for (const [object, state] of journal.objects)
      if (outer && !outer.objects.has(object)) outer.objects.set(object, state)
    for (const [tensor, value] of journal.tensors)
      if (outer && !outer.tensors.has(tensor)) outer.tensors.set(tensor, value)
    return true
  }

  /** Before an object changes. */
  touch(object: Mutable): void {
    if (this.journal && !this.journal.objects.has(object)) this.journal.objects.set(object, object.save())
  }

  /** An error of the model; where it happened is added by who catches it. */
  error(what: string): InferError {
    return new InferError('bad_model', what)
  }
}
