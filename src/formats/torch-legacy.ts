import { broken, Cursor } from './cursor.ts'
import { PYTHON_TABLE, readPickleAt } from './pickle.ts'
import { storedBytes } from './raw-tensor.ts'
import type { TorchSave } from './torch-save.ts'
import { storageOf, torchTable } from './torch-storage.ts'
import { checkWindow } from './torch-tensor.ts'
import {
  countOf,
  isGlobal,
  isTuple,
  itemsOf,
  type TorchStorage,
  type TorchTensor,
  typeName,
  type Value,
} from './values.ts'

/**
 * Files of `torch.save` before 1.6 (`_legacy_save` in torch/serialization.py): five pickles in a row, then the
 * storages. Classes of the user's may carry their text.
 */
const MAGIC = 0x1950a86a20f9469cfc6cn
/** Protocol 2 of that number as ten bytes. */
const HEAD = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
const PROTOCOL = 1001n

const fail = (what: string, at?: number): never => {
  throw broken('torch', what, at)
}

export const isLegacyTorch = (bytes: Uint8Array): boolean => HEAD.every((byte, i) => bytes[i] === byte)

/** A part of another storage, which old versions saved as such. */
interface View {
  readonly storage: TorchStorage
  readonly root: TorchStorage
  readonly offset: number
  readonly count: number
}

interface Parts {
  readonly storages: Map<string, TorchStorage>
  readonly counts: Map<string, number>
  readonly views: View[]
  readonly sources: Map<string, string>
}

export function readLegacyTorch(bytes: Uint8Array): TorchSave {
  const file = new Cursor(bytes, 'torch')
  if (readPickleAt(file, PYTHON_TABLE).value !== MAGIC) fail('its magic number is another')
  const protocol = readPickleAt(file, PYTHON_TABLE).value
  if (protocol !== PROTOCOL) fail(`its protocol is ${String(protocol)}, not ${PROTOCOL}`)
  checkMachine(readPickleAt(file, PYTHON_TABLE).value)
  const tensors: TorchTensor[] = []
  const parts: Parts = { storages: new Map(), counts: new Map(), views: [], sources: new Map() }
  const { value, globals } = readPickleAt(
    file,
    torchTable(tensors, (id) => persistent(id, parts)),
  )
  const keys = itemsOf(readPickleAt(file, PYTHON_TABLE).value) ?? fail('its list of storages is none')
  const byKey = new Map<string, TorchStorage[]>()
  for (const storage of parts.storages.values()) byKey.set(storage.key, [...(byKey.get(storage.key) ?? []), storage])
  for (const key of keys) readStorage(file, byKey.get(String(key)) ?? [], parts.counts)
  for (const { key } of parts.storages.values()) if (parts.counts.has(key)) fail(`storage ${key} is missing`)
  for (const { storage, root, offset, count } of parts.views) {
    const width = storedBytes(root.dtype ?? 'uint8')
    storage.bytes = root.bytes.subarray(offset * width, (offset + count) * width)
  }
  tensors.forEach(checkWindow)
  return { format: 'torch', container: 'legacy', value, globals, sources: parts.sources }
}

function checkMachine(info: Value): void {
  const little = info instanceof Map ? info.get('little_endian') : undefined
  if (little === false) fail('it was written by a big-endian machine')
}

/** `('storage', class, key, location, count, view)` or `('module', class, file, source)`. */
function persistent(id: Value, parts: Parts): Value {
  const items = isTuple(id) ? id.items : []
  if (items[0] === 'module') return moduleOf(items, parts)
  const root = storageOf(id, parts.storages, ({ key, count }) => {
    parts.counts.set(key, count)
    return new Uint8Array(0)
  })
  const view = itemsOf(items[5])
  if (view === undefined) return root
  const [key, offset, count] = view
  const storage: TorchStorage = { ...root, key: `${root.key}/${String(key)}` }
  parts.views.push({
    storage,
    root,
    offset: countOf(offset, 'torch', 'the offset of a view'),
    count: countOf(count, 'torch', 'the size of a view'),
  })
  return storage
}

function moduleOf([, type, , source]: readonly Value[], { sources }: Parts): Value {
  if (!isGlobal(type)) return fail(`a module of ${typeName(type)}`)
  if (typeof source === 'string') sources.set(type.name, source)
  return type
}

/** A storage: how many elements, then they. All classes that share a key share its bytes. */
function readStorage(file: Cursor, sharing: readonly TorchStorage[], counts: Map<string, number>): void {
  const at = file.at
  const count = file.u64()
  const first = sharing[0] ?? fail('a storage belongs to nothing', at)
  if (counts.get(first.key) !== count) fail(`storage ${first.key} has ${count} elements`, at)
  counts.delete(first.key)
  const bytes = file.bytes(count * storedBytes(first.dtype ?? 'uint8'))
  for (const storage of sharing) storage.bytes = bytes
}
