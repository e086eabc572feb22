import { broken, Cursor } from './cursor.ts'
import { bytesNeeded, emptyArray, fillFromBytes, holdsObjects, type Order } from './ndarray.ts'
import { NUMPY_TABLE } from './numpy.ts'
import { dtypeOfDescription } from './numpy-dtype.ts'
import { type Globals, readPickleAt, withPython } from './pickle.ts'
import { parseLiteral } from './python-literal.ts'
import { countsOf, isArray, type NdArray, typeName } from './values.ts'
import { readZip } from './zip.ts'

/**
 * `.npy` and `.npz` (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a head that is a Python
 * dict, then the memory of the array, or a pickle where it holds objects; a zip of those.
 *
 * Limit on a file from a stranger: the head, which is 128 bytes but for structures of many fields.
 */
const MAX_HEAD_BYTES = 65_536
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

export const isNpy = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte)

/** The array of a `.npy` file; what its pickle names, if it holds one, is added to `globals`. */
export function readNpy(bytes: Uint8Array, globals: Globals = new Map()): NdArray {
  const file = new Cursor(bytes, 'npy')
  if (!isNpy(bytes)) file.fail('it does not begin with NUMPY')
  file.skip(MAGIC.length)
  const version = file.u8()
  file.skip(1)
  if (version < 1 || version > 3) file.fail(`version ${version} is not known`)
  const size = version === 1 ? file.u16() : file.u32()
  if (size > MAX_HEAD_BYTES) file.fail(`a head of ${size} bytes, more than ${MAX_HEAD_BYTES}`)
  const head = parseLiteral(Buffer.from(file.bytes(size)).toString(version === 3 ? 'utf8' : 'latin1'), 'npy')
  if (!(head instanceof Map)) return file.fail(`its head is ${typeName(head)}`)
  const dtype = dtypeOfDescription(head.get('descr'))
  const shape = countsOf(head.get('shape'), 'npy', 'a shape')
  const order: Order = head.get('fortran_order') === true ? 'F' : 'C'
  // numpy.load reads one array, too, and leaves what follows: numpy.save may append.
  return holdsObjects(dtype)
    ? readObjects(file, globals)
    : fillFromBytes(emptyArray(), file.bytes(bytesNeeded(dtype, shape)), dtype, shape, order)
}

function readObjects(file: Cursor, globals: Globals): NdArray {
  const { value } = readPickleAt(file, withPython(NUMPY_TABLE), globals)
  return isArray(value) ? value : file.fail(`its objects are ${typeName(value)}`)
}

/** The arrays of a `.npz` file by name; for `globals` see `readNpy`. */
export function readNpz(bytes: Uint8Array, globals: Globals = new Map()): ReadonlyMap<string, NdArray> {
  const arrays = new Map<string, NdArray>()
  for (const { name, read } of readZip(bytes).values()) {
    if (!name.endsWith('.npy')) throw broken('npz', `${name} is no .npy`)
    arrays.set(name.slice(0, -'.npy'.length), readNpy(read(), globals))
  }
  return arrays
}
