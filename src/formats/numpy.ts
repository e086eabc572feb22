import { broken } from './cursor.ts'
import { emptyArray, fillFromBytes, fillFromValues, holdsObjects, type Order } from './ndarray.ts'
import { dtypeBuild, dtypeCall, isDType } from './numpy-dtype.ts'
import type { Build, Call } from './pickle-table.ts'
import { gatherBytes, positions, rowMajor } from './strided.ts'
import {
  bytesOf,
  countOf,
  countsOf,
  isGlobal,
  isTuple,
  itemsOf,
  type NdArray,
  type NumpyDType,
  typeName,
  type Value,
} from './values.ts'

/**
 * numpy within pickles: arrays, scalars and dtypes (numpy's multiarray.c and `numpy/_core/numeric.py`). Masked arrays,
 * random states and ufuncs stay records.
 */

const fail = (what: string): never => {
  throw broken('numpy', what)
}

/** `_reconstruct(class, (0,), b'b')`: an array to be filled by BUILD. */
const reconstruct: Call = (args) => (isGlobal(args[0]) ? emptyArray() : fail(`_reconstruct of ${typeName(args[0])}`))

/** The state of an array: ([version,] shape, dtype, Fortran order, memory or list of objects). */
const arrayBuild: Build = (self, state) => {
  const items = isTuple(state) ? state.items : []
  const [shape, dtype, fortran, content] = items.length === 5 ? items.slice(1) : items
  if (!isDType(dtype)) return fail(`an array of dtype ${typeName(dtype)}`)
  const dims = countsOf(shape, 'numpy', 'a shape')
  const order: Order = fortran === true || fortran === 1n ? 'F' : 'C'
  if (Array.isArray(content)) {
    if (!holdsObjects(dtype)) fail('an array of numbers is given as a list')
    return fillFromValues(self as NdArray, content, dims)
  }
  return fillFromBytes(self as NdArray, memoryOf(content), dtype, dims, order)
}

const memoryOf = (value: Value | undefined): Uint8Array =>
  bytesOf(value) ?? fail(`the memory of an array is ${typeName(value)}`)

/** `_frombuffer(memory, dtype, shape, 'C'|'F'|'K'[, axes])`: protocol 5. */
const fromBuffer: Call = ([memory, dtype, shape, order, axes]) => {
  if (!isDType(dtype)) return fail(`an array of dtype ${typeName(dtype)}`)
  const dims = countsOf(shape, 'numpy', 'a shape')
  const bytes = memoryOf(memory)
  if (order === 'K' && axes !== undefined && axes !== null) return transposed(bytes, dtype, dims, axes)
  if (order !== 'C' && order !== 'F') return fail(`an array in the order ${String(order)}`)
  return fillFromBytes(emptyArray(), bytes, dtype, dims, order)
}

/** Memory in the row-major order of `shape`, whose axes are then put into another order. */
function transposed(bytes: Uint8Array, dtype: NumpyDType, shape: readonly number[], axes: Value): NdArray {
  const order = (itemsOf(axes) ?? []).map((axis) => countOf(axis, 'numpy', 'an axis'))
  if ([...order].sort((a, b) => a - b).join() !== shape.map((_, axis) => axis).join()) fail('axes are no permutation')
  const whole = fillFromBytes(emptyArray(), bytes, dtype, shape, 'C')
  const strides = rowMajor(shape)
  const dims = order.map((axis) => shape[axis] as number)
  const at = positions(
    dims,
    order.map((axis) => strides[axis] as number),
  )
  if (whole.dtype === 'void' && dtype.itemBytes === 0) return { ...whole, shape: dims }
  return fillFromBytes(emptyArray(), gatherBytes(bytes, dtype.itemBytes, at), dtype, dims, 'C')
}

/** `scalar(dtype, memory)`; an object scalar is the object. */
const scalar: Call = ([dtype, content]) => {
  if (!isDType(dtype)) return fail(`a scalar of dtype ${typeName(dtype)}`)
  if (dtype.letter === 'O') return content ?? null
  return fillFromBytes(emptyArray(), memoryOf(content), dtype, [], 'C')
}

export const NUMPY_CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['numpy.dtype', dtypeCall],
  ['numpy._core.multiarray._reconstruct', reconstruct],
  ['numpy._core.multiarray.scalar', scalar],
  ['numpy._core.numeric._frombuffer', fromBuffer],
])

export const NUMPY_BUILDS: ReadonlyMap<string, Build> = new Map<string, Build>([
  ['dtype', dtypeBuild],
  ['ndarray', arrayBuild],
])

export const NUMPY_TABLE = { calls: NUMPY_CALLS, builds: NUMPY_BUILDS }
