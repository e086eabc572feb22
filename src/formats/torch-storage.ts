import type { DType } from '../tensor/dtype.ts'
import { broken } from './cursor.ts'
import { NUMPY_TABLE } from './numpy.ts'
import { withPython } from './pickle.ts'
import type { PickleTable } from './pickle-table.ts'
import { storedBytes } from './raw-tensor.ts'
import { storageDType, tensorCalls } from './torch-tensor.ts'
import { countOf, isGlobal, isTuple, type TorchStorage, type TorchTensor, type Value } from './values.ts'

/** The storages that pickles of torch name by persistent ids. */

const fail = (what: string): never => {
  throw broken('torch', what)
}

/** Python, numpy and torch; the tensors that come up are put to `tensors`. */
export const torchTable = (tensors: TorchTensor[], persistent: (id: Value) => Value): PickleTable => ({
  ...withPython(NUMPY_TABLE, { calls: tensorCalls(tensors) }),
  persistent,
})

interface StorageId {
  readonly key: string
  readonly dtype: DType | undefined
  readonly count: number
  /** Bytes of one of `count`. */
  readonly width: number
}

/** The storage of `('storage', class, key, location, count)`: one object for each key and class. */
export function storageOf(
  id: Value,
  storages: Map<string, TorchStorage>,
  load: (id: StorageId) => Uint8Array,
): TorchStorage {
  const [tag, type, key, location, count] = isTuple(id) ? id.items : []
  if (tag !== 'storage' || !isGlobal(type) || typeof key !== 'string') return fail('a persistent id is no storage')
  const dtype = storageDType(type)
  const name = `${key} ${dtype}`
  const known = storages.get(name)
  if (known !== undefined) return known
  const width = dtype === undefined ? 1 : storedBytes(dtype)
  const bytes = load({ key, dtype, count: countOf(count, 'torch', 'the size of a storage'), width })
  const storage: TorchStorage = { kind: 'storage', key, dtype, location: String(location), bytes }
  storages.set(name, storage)
  return storage
}
