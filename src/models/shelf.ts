import { InferError } from '../errors.ts'
import type { Model } from './model.ts'

/**
 * The open models of one process, most recently used last. At `limit` the one unused for longest is closed, which its
 * session does only when its last run has ended.
 */
export class ModelShelf {
  readonly #open: (path: string) => Promise<Model>
  readonly #limit: number
  readonly #models = new Map<string, Promise<Model>>()

  constructor(open: (path: string) => Promise<Model>, limit: number) {
    if (limit < 1) throw new InferError('internal', `a shelf of ${limit} models holds none`)
    this.#open = open
    this.#limit = limit
  }

  /** The open model of a file; a failed opening is forgotten, so that the next request tries again. */
  get(path: string): Promise<Model> {
    const known = this.#models.get(path)
    const model = known ?? this.#open(path)
    this.#models.delete(path)
    this.#models.set(path, model)
    if (!known) {
      model.catch(() => this.#models.delete(path))
      this.#evict()
    }
    return model
  }

  #evict(): void {
    for (const [path, model] of this.#models) {
      if (this.#models.size <= this.#limit) return
      this.#models.delete(path)
      model.then((open) => open.close()).catch(() => {})
    }
  }
}
