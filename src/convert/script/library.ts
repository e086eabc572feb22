import { InferError } from '../../errors.ts'
import { builtinOf } from './builtin-names.ts'
import { Frame } from './frame.ts'
import type { Machine } from './machine.ts'
import { parsePython } from './parser.ts'
import type { Block, ClassDefinition, Expression, FunctionDefinition, Statement } from './syntax.ts'
import { type ClassMember, External, type Py, PyClass, PyFunction, type Scope } from './value.ts'

/** The text of a module by its dotted name: of `net.layers` that of `net/layers.py`. */
export type SourceFinder = (module: string) => string | undefined

/** Files of a class path: each is read once, and a name of it is looked up when it is first asked for. */
const MAX_FILES = 20_000

/** What torch has is converted here, also where a class path is Python's own and has torch's files too. */
const OWN = /^torch(\.|$)/

/** The code that a model's classes are defined in. */
export class Library {
  readonly #find: SourceFinder
  readonly #files = new Map<string, FileScope | undefined>()

  constructor(find: SourceFinder) {
    this.#find = find
  }

  /** A class or function by its whole name: `__torch__.sk2torch.svc.TorchSVC`, `net.layers.Block`. */
  definition(qualified: string, m: Machine): Py | undefined {
    const dot = qualified.lastIndexOf('.')
    if (dot < 0) return undefined
    return this.file(qualified.slice(0, dot))?.own(qualified.slice(dot + 1), m)
  }

  file(module: string): FileScope | undefined {
    if (this.#files.has(module)) return this.#files.get(module)
    if (this.#files.size >= MAX_FILES) throw new InferError('bad_model', `more than ${MAX_FILES} files are imported`)
    const text = OWN.test(module) ? undefined : this.#find(module)
    const file = text === undefined ? undefined : new FileScope(module, text)
    this.#files.set(module, file)
    return file
  }

  /** What has been read. */
  get files(): readonly FileScope[] {
    return [...this.#files.values()].filter((file) => file !== undefined)
  }
}

/** The names of a file. */
export class FileScope implements Scope {
  readonly module: string
  readonly path: string
  readonly statements: Block
  readonly #bindings = new Map<string, Statement>()
  readonly #stars: string[] = []
  readonly #values = new Map<string, Py>()
  readonly #open = new Set<string>()

  constructor(module: string, text: string) {
    this.module = module
    this.path = `${module.replaceAll('.', '/')}.py`
    this.statements = parsePython(text, this.path)
    this.#bind(this.statements)
  }

  #bind(block: Block): void {
    for (const statement of block) {
      if (statement.kind === 'if') {
        this.#bind(statement.no)
        this.#bind(statement.yes)
      } else if (statement.kind === 'try') this.#bind([...statement.body, ...statement.otherwise])
      else {
        if (statement.kind === 'from' && statement.names[0]?.name === '*') this.#stars.push(this.#moduleOf(statement))
        for (const name of boundBy(statement)) this.#bindings.set(name, statement)
      }
    }
  }

  /** A name that the file itself binds, or imports. */
  own(name: string, m: Machine): Py | undefined {
    const known = this.#values.get(name)
    if (known !== undefined) return known
    const statement = this.#bindings.get(name)
    const value = statement ? this.#evaluate(name, statement, m) : this.#starred(name, m)
    if (value !== undefined) this.#values.set(name, value)
    return value
  }

  lookup(name: string, m: Machine): Py | undefined {
    const own = this.own(name, m)
    if (own !== undefined) return own
    return name === '__name__' ? this.module : builtinOf(name)
  }

  #evaluate(name: string, statement: Statement, m: Machine): Py | undefined {
    if (this.#open.has(name)) throw m.error(`${this.path}:${statement.line} ${name} is defined by itself`)
    this.#open.add(name)
    try {
      return this.#valueOf(name, statement, m)
    } finally {
      this.#open.delete(name)
    }
  }

  #valueOf(name: string, statement: Statement, m: Machine): Py | undefined {
    if (statement.kind === 'import')
      return new External(statement.as === undefined ? (statement.module.split('.')[0] as string) : statement.module)
    if (statement.kind === 'from') {
      const imported = statement.names.find(({ as }) => as === name)?.name as string
      return resolve(`${this.#moduleOf(statement)}.${imported}`, m)
    }
    const { path, line } = m
    const frame = new Frame(this)
    m.execute(statement, frame)
    m.path = path
    m.line = line
    return frame.local(name)
  }

  /** `from ..a import b` counts from this file's folder. */
  #moduleOf({ level, module }: { readonly level: number; readonly module: string }): string {
    if (level === 0) return module
    const parts = this.module.split('.').slice(0, -level)
    return [...parts, ...(module === '' ? [] : [module])].join('.')
  }

  #starred(name: string, m: Machine): Py | undefined {
    for (const module of this.#stars) {
      const file = m.library.file(module)
      const value = file
        ? file.own(name, m)
        : module.startsWith('torch')
          ? new External(`${module}.${name}`)
          : undefined
      if (value !== undefined && !builtinOf(name)) return value
    }
    return undefined
  }
}

function boundBy(statement: Statement): string[] {
  if (statement.kind === 'function' || statement.kind === 'class') return [statement.name]
  if (statement.kind === 'import') return [statement.as ?? (statement.module.split('.')[0] as string)]
  if (statement.kind === 'from') return statement.names.map(({ as }) => as)
  if (statement.kind === 'assign') return statement.targets.flatMap(namesIn)
  if (statement.kind === 'declare' && statement.value) return namesIn(statement.target)
  return []
}
function namesIn(target: Expression): string[] {
  if (target.kind === 'name') return [target.name]
  return target.kind === 'tuple' || target.kind === 'list' ? target.items.flatMap(namesIn) : []
}

/** What a whole name stands for: of the library's files, else a name of some other library. */
export function resolve(path: string, m: Machine): Py {
  const defined = m.library.definition(path, m)
  return defined === undefined ? new External(path) : defined
}

const TRANSPARENT =
  /^(torch\.(no_grad|inference_mode|enable_grad|jit\.\w+|autocast|compile|compiler\.disable)|torch\.amp\.autocast|torch\.cuda\.amp\.\w+|typing\.\w+|abc\.abstractmethod|abstractmethod|override|overload|final|no_type_check|no_grad|functools\.(lru_)?cache)$/

const dotted = (e: Expression): string => {
  if (e.kind === 'call') return dotted(e.callee)
  if (e.kind === 'attribute') return `${dotted(e.of)}.${e.name}`
  return e.kind === 'name' ? e.name : '?'
}

/** A function as it was written; of one that is decorated by what is not known, one that is refused when called. */
function undecorated(definition: FunctionDefinition): FunctionDefinition {
  const unknown = definition.decorators.map(dotted).find((name) => !TRANSPARENT.test(name) && !KINDS.has(name))
  if (unknown === undefined) return definition
  const { line } = definition
  const value: Expression = { kind: 'unsupported', line, what: `the decorator @${unknown}` }
  return { ...definition, body: [{ kind: 'expression', line, value }] }
}
const KINDS: ReadonlyMap<string, 'static' | 'class' | 'property'> = new Map([
  ['classmethod', 'class'],
  ['property', 'property'],
  ['functools.cached_property', 'property'],
  ['cached_property', 'property'],
  ['staticmethod', 'static'],
])

export const functionOf = (definition: FunctionDefinition, scope: Scope, owner?: PyClass): PyFunction =>
  new PyFunction(undecorated(definition), scope, owner)

/** A class by what its body defines. */
export function classOf(definition: ClassDefinition, qualified: string, scope: Scope): PyClass {
  const members = new Map<string, ClassMember>()
  const fields: { name: string; byDefault: Expression | undefined }[] = []
  for (const statement of definition.body) {
    if (statement.kind === 'function') {
      if (members.has(statement.name) && statement.decorators.some((e) => /\.(setter|deleter)$/.test(dotted(e))))
        continue
      const kind = statement.decorators.map((e) => KINDS.get(dotted(e))).find((found) => found) ?? 'method'
      members.set(statement.name, { kind, definition: statement })
    } else if (statement.kind === 'class') members.set(statement.name, { kind: 'nested', definition: statement })
    else if (statement.kind === 'declare' && statement.target.kind === 'name') {
      fields.push({ name: statement.target.name, byDefault: statement.value })
      if (statement.value) members.set(statement.target.name, { kind: 'value', value: statement.value })
    } else if (statement.kind === 'assign') {
      for (const target of statement.targets)
        if (target.kind === 'name') members.set(target.name, { kind: 'value', value: statement.value })
    }
  }
  return new PyClass(definition, qualified, scope, members, fields)
}
