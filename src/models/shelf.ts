import { InferError } from '../errors.ts'
import type { Model, TableModel } from './model.ts'

export interface ShelfLimits {
  readonly models: number
  /** What the files of open models may take together; a single larger one is opened all the same. */
  readonly bytes: number
}

interface Place {
  readonly path: string
  readonly model: Promise<Model>
  running: number
  /** Undefined while it is being opened. */
  bytes: number | undefined
}

/**
 * The open models of one process, most recently used last. Beyond a limit the one unused for longest is closed, never
 * one that runs; whoever holds a model that was closed has it opened again by its next run.
 */
export class ModelShelf {
  readonly #open: (path: string) => Promise<Model>
  readonly #limits: ShelfLimits
  readonly #onChange: (paths: readonly string[]) => void
  readonly #places = new Map<string, Place>()

  /** `onChange` is told which files are open whenever that has changed. */
  constructor(
    open: (path: string) => Promise<Model>,
    limits: ShelfLimits,
    onChange: (paths: readonly string[]) => void = () => {},
  ) {
    if (limits.models < 1) throw new InferError('internal', `a shelf of ${limits.models} models holds none`)
    this.#open = open
    this.#limits = limits
    this.#onChange = onChange
  }

  /** The open model of a file; a failed opening is forgotten, so that the next request tries again. */
  async get(path: string): Promise<Model> {
    const model = await this.#take(path).model
    return {
      ...model,
      run: (inputs, options) => this.#use(path, (open) => open.run(inputs, options)),
      ...(model.table && {
        table: { run: (input, methods) => this.#use(path, (open) => tableOf(open).run(input, methods)) },
      }),
      close: async () => this.#close(path),
    }
  }

  async #use<T>(path: string, use: (model: Model) => Promise<T>): Promise<T> {
    const place = this.#take(path)
    place.running++
    try {
      return await use(await place.model)
    } finally {
      place.running--
      if (this.#isOver()) this.#evict()
    }
  }

  /** The place of a model, which is now the most recently used. */
  #take(path: string): Place {
    const known = this.#places.get(path)
    if (known) {
      this.#places.delete(path)
      this.#places.set(path, known)
      return known
    }
    const place: Place = { path, model: this.#open(path), running: 0, bytes: undefined }
    this.#places.set(path, place)
    place.model.then(
      ({ bytes }) => {
        place.bytes = bytes
        this.#evict()
        this.#changed()
      },
      () => this.#places.delete(path),
    )
    return place
  }

  #isOver(): boolean {
    let bytes = 0
    for (const place of this.#places.values()) bytes += place.bytes ?? 0
    return this.#places.size > this.#limits.models || bytes > this.#limits.bytes
  }

  #evict(): void {
    const newest = [...this.#places.keys()].at(-1)
    for (const { path, running, bytes } of [...this.#places.values()]) {
      if (!this.#isOver()) return
      if (path === newest || running > 0 || bytes === undefined) continue
      this.#close(path)
    }
  }

  /** A session lets its last run end before it is gone. */
  #close(path: string): void {
    const place = this.#places.get(path)
    if (!place) return
    this.#places.delete(path)
    this.#changed()
    place.model.then((open) => open.close()).catch(() => {})
  }

  #changed(): void {
    this.#onChange([...this.#places.keys()])
  }
}

function tableOf({ path, table }: Model): TableModel {
  if (!table) throw new InferError('bad_model', `${path} holds another kind of model than before`)
  return table
}
