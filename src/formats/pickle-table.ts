import type { Cursor } from './cursor.ts'
import type { Dict, Value } from './values.ts'

/** What a call of a global gives, from its arguments. Throws an InferError where they make no sense. */
export type Call = (args: readonly Value[], kwargs: Dict | undefined) => Value
/**
 * What an instance is once it has its state: itself, filled, or another in its place. The file stands right behind the
 * BUILD: joblib's arrays lie there.
 */
export type Build = (self: Value, state: Value, file: Cursor) => Value

/** All that a pickle can do, by today's `module.Name`. */
export interface PickleTable {
  readonly calls: ReadonlyMap<string, Call>
  /** By the type of a record, or by the kind of another value. */
  readonly builds: ReadonlyMap<string, Build>
  /** What a persistent id stands for; without it, one is refused. */
  readonly persistent?: (id: Value) => Value
}
