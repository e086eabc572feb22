import { broken, Cursor } from './cursor.ts'
import { checkDepth } from './depth.ts'
import { Machine } from './pickle-machine.ts'
import type { PickleTable } from './pickle-table.ts'
import { PYTHON_CALLS } from './python-builtins.ts'
import type { Global, Value } from './values.ts'

/** A pickle, read. */
export interface Pickle {
  readonly value: Value
  /** Every class and function that the file names, needed or not. */
  readonly globals: readonly string[]
}

/** Nothing but Python itself. */
export const PYTHON_TABLE: PickleTable = { calls: PYTHON_CALLS, builds: new Map() }

/** A table of several; later ones win. */
export const withPython = (...tables: readonly Partial<PickleTable>[]): PickleTable => ({
  calls: new Map([...PYTHON_CALLS, ...tables.flatMap(({ calls }) => [...(calls ?? [])])]),
  builds: new Map(tables.flatMap(({ builds }) => [...(builds ?? [])])),
})

/**
 * The one object that a pickle of protocol 0 to 5 holds. Nothing of the file is run or looked up: see `Machine`.
 * @throws InferError bad_model naming what is wrong and at which byte
 */
export function readPickle(bytes: Uint8Array, table: PickleTable): Pickle {
  const file = new Cursor(bytes, 'pickle')
  const pickle = readPickleAt(file, table)
  if (file.left > 0) throw broken('pickle', `${file.left} bytes follow its end`, file.at)
  return pickle
}

/** The pickle at the cursor, which is left behind its STOP: files may hold several, or other things. */
export function readPickleAt(file: Cursor, table: PickleTable): Pickle {
  const globals = new Map<string, Global>()
  const value = new Machine(file, table, globals).run()
  checkDepth(value)
  return { value, globals: [...globals.keys()] }
}
