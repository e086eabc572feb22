import { broken, type Cursor } from './cursor.ts'
import { decompress } from './decompress.ts'
import { bytesNeeded, emptyArray, fillFromBytes, holdsObjects, type Order } from './ndarray.ts'
import { NUMPY_TABLE } from './numpy.ts'
import { isDType } from './numpy-dtype.ts'
import { type Globals, type Pickle, readPickle, readPickleAt, withPython } from './pickle.ts'
import type { Build, PickleTable } from './pickle-table.ts'
import { countsOf, isArray, isObject, type NumpyDType, typeName, type Value } from './values.ts'

/**
 * joblib files (joblib/numpy_pickle.py): a pickle, perhaps compressed, in which an array is a wrapper whose memory
 * follows the opcode that completes it. Plain pickles are such files, too.
 *
 * Limits on a file from a stranger: those of `inflate`, the machine and the arrays; an array of objects is a pickle
 * within the pickle, and may hold another, so their depth is bounded.
 */
const MAX_NESTED = 16
const WRAPPER = 'joblib.numpy_pickle.NumpyArrayWrapper'
/** joblib 0.9 and older kept large arrays in files beside the pickle. */
const OLD_WRAPPERS = [
  'joblib.numpy_pickle.NDArrayWrapper',
  'joblib.numpy_pickle_compat.NDArrayWrapper',
  'joblib.numpy_pickle.ZNDArrayWrapper',
  'joblib.numpy_pickle_compat.ZNDArrayWrapper',
]

/**
 * The object in a pickle or joblib file of Python, numpy, scipy and scikit-learn, however compressed. Arrays are
 * arrays; everything else that is not Python's own is a record.
 */
export function readJoblib(bytes: Uint8Array): Pickle {
  const globals: Globals = new Map()
  return readPickle(decompress(bytes), tableAt(0, globals), globals)
}

/** `globals` is one for all pickles within the pickle, so that none can hide what it names. */
const tableAt = (depth: number, globals: Globals): PickleTable =>
  withPython(NUMPY_TABLE, {
    builds: new Map<string, Build>([
      [WRAPPER, (_self, state, file) => readWrapped(attributes(state), file, { depth, globals })],
      ...OLD_WRAPPERS.map((name): [string, Build] => [name, refuseOld]),
    ]),
  })

const fail = (what: string, at?: number): never => {
  throw broken('joblib', what, at)
}

const refuseOld: Build = (_self, state) => {
  const file = attributes(state).get('filename')
  const named = typeof file === 'string' ? `the file ${JSON.stringify(file)}` : 'another file'
  return fail(`an array is in ${named}, as joblib 0.9 and older wrote them: load it and dump it with a newer one`)
}

const attributes = (state: Value): ReadonlyMap<Value, Value> =>
  state instanceof Map ? state : fail(`the state of an array is ${typeName(state)}`)

interface Place {
  readonly depth: number
  readonly globals: Globals
}

function readWrapped(state: ReadonlyMap<Value, Value>, file: Cursor, place: Place): Value {
  const dtype = dtypeOf(state.get('dtype'))
  const shape = countsOf(state.get('shape'), 'joblib', 'a shape')
  const order: Order = state.get('order') === 'F' ? 'F' : 'C'
  if (holdsObjects(dtype)) return readNested(file, place)
  const alignment = state.get('numpy_array_alignment_bytes')
  if (alignment !== undefined && alignment !== null) file.skip(file.u8())
  const size = bytesNeeded(dtype, shape)
  return fillFromBytes(emptyArray(), file.bytes(size), dtype, shape, order)
}

const dtypeOf = (value: Value | undefined): NumpyDType =>
  isDType(value) ? value : fail(`an array of dtype ${typeName(value)}`)

/** An array of objects: pickled whole, with a memo of its own. */
function readNested(file: Cursor, { depth, globals }: Place): Value {
  if (depth === MAX_NESTED) fail(`pickles are nested deeper than ${MAX_NESTED}`, file.at)
  const { value } = readPickleAt(file, tableAt(depth + 1, globals), globals)
  return isArray(value) || isObject(value) ? value : fail(`an array of objects is ${typeName(value)}`, file.at)
}
