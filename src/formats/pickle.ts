import { Cursor } from './cursor.ts'
import { checkDepth } from './depth.ts'
import { Machine } from './pickle-machine.ts'
import type { PickleTable } from './pickle-table.ts'
import { PYTHON_CALLS } from './python-builtins.ts'
import type { Global, Value } from './values.ts'

/** The records of what a file names, by name. */
export type Globals = Map<string, Global>

/** A pickle, read. */
export interface Pickle {
  readonly value: Value
  /** Every class and function that the file names, needed or not. */
  readonly globals: readonly string[]
  /** Bytes behind its end. */
  readonly rest: number
}

/** Nothing but Python itself. */
export const PYTHON_TABLE: PickleTable = { calls: PYTHON_CALLS, builds: new Map() }

/** A table of several; later ones win. */
export const withPython = (...tables: readonly Partial<PickleTable>[]): PickleTable => ({
  calls: new Map([...PYTHON_CALLS, ...tables.flatMap(({ calls }) => [...(calls ?? [])])]),
  builds: new Map(tables.flatMap(({ builds }) => [...(builds ?? [])])),
})

/**
 * The object that a pickle of protocol 0 to 5 holds. Nothing of the file is run or looked up: see `Machine`. Bytes
 * behind its end are ignored, as `pickle.load` does.
 * @throws InferError bad_model naming what is wrong and at which byte
 */
export const readPickle = (bytes: Uint8Array, table: PickleTable, globals: Globals = new Map()): Pickle =>
  readPickleAt(new Cursor(bytes, 'pickle'), table, globals)

/** The pickle at the cursor, which is left behind its STOP: files may hold several, or other things. */
export function readPickleAt(file: Cursor, table: PickleTable, globals: Globals = new Map()): Pickle {
  const value = new Machine(file, table, globals).run()
  checkDepth(value)
  return { value, globals: [...globals.keys()], rest: file.left }
}
