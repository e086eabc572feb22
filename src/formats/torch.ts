import { broken } from './cursor.ts'
import { mistakeOf } from './mistaken.ts'
import { type Pickle, readPickle } from './pickle.ts'
import { isLegacyTorch, readLegacyTorch } from './torch-legacy.ts'
import type { TorchSave } from './torch-save.ts'
import { storageOf, torchTable } from './torch-storage.ts'
import { checkWindow } from './torch-tensor.ts'
import { isTuple, type TorchStorage, type TorchTensor, typeName, type Value } from './values.ts'
import { readZip, type ZipEntry } from './zip.ts'

/**
 * `torch.save` and TorchScript archives (torch/serialization.py, torch/csrc/jit/serialization): a zip with a pickle
 * whose persistent ids are storages beside it. Classes are names; code is text. The limits are those of the zip, the
 * pickle and the windows on storages; text of code has one of its own.
 */
const MAX_CODE_BYTES = 64 * 1024 * 1024
const ZIP_HEAD = [0x50, 0x4b]

export interface TorchScript {
  readonly format: 'torchscript'
  /** The module: an object of a class of `code`. */
  readonly value: Value
  /** What `CONSTANTS.cN` are. */
  readonly constants: readonly Value[]
  readonly globals: readonly string[]
  /** Python-like text by path: `__torch__.py`, `__torch__/torch/nn/modules/linear.py`. */
  readonly code: ReadonlyMap<string, string>
  readonly version: string
}

const fail = (what: string): never => {
  throw broken('torch', what)
}

/**
 * A file of `torch.save` or `torch.jit.save`.
 * @throws InferError bad_model naming what is wrong and where
 */
export function readTorch(bytes: Uint8Array): TorchSave | TorchScript {
  if (isLegacyTorch(bytes)) return readLegacyTorch(bytes)
  if (bytes[0] !== ZIP_HEAD[0] || bytes[1] !== ZIP_HEAD[1]) fail(mistakeOf(bytes) ?? 'it is no file of torch.save')
  return readTorchZip(readZip(bytes))
}

/** The same of an archive that has been opened. */
export function readTorchZip(entries: ReadonlyMap<string, ZipEntry>): TorchSave | TorchScript {
  const root = rootOf(entries)
  const text = (name: string): string =>
    Buffer.from(entries.get(root + name)?.read() ?? [])
      .toString()
      .trim()
  if (text('byteorder') === 'big') fail('it was written by a big-endian machine')
  const data = readStored(entries, root, 'data')
  if (!entries.has(`${root}constants.pkl`)) {
    return { format: 'torch', container: 'zip', ...data, sources: new Map() }
  }
  const constants = readStored(entries, root, 'constants')
  if (!isTuple(constants.value)) return fail(`its constants are ${typeName(constants.value)}`)
  return {
    format: 'torchscript',
    value: data.value,
    constants: constants.value.items,
    globals: [...new Set([...data.globals, ...constants.globals])],
    code: readCode(entries, `${root}code/`),
    version: text('version'),
  }
}

/** The folder that everything lies in; its name is the file's own when it was saved. */
function rootOf(entries: ReadonlyMap<string, ZipEntry>): string {
  const roots = [...entries.keys()].filter((name) => /^(?:[^/]+\/)?data\.pkl$/.test(name))
  if (roots.length === 1) return (roots[0] as string).slice(0, -'data.pkl'.length)
  return fail(roots.length === 0 ? 'the zip has no data.pkl' : 'the zip has several data.pkl')
}

/** `NAME.pkl`, whose storages are in `NAME/`. */
function readStored(entries: ReadonlyMap<string, ZipEntry>, root: string, name: string): Pickle {
  const pickle = entries.get(`${root}${name}.pkl`) as ZipEntry
  const tensors: TorchTensor[] = []
  const storages = new Map<string, TorchStorage>()
  const table = torchTable(tensors, (id) =>
    storageOf(id, storages, ({ key, count, width }) => {
      const entry = entries.get(`${root}${name}/${key}`) ?? fail(`storage ${key} is missing`)
      if (entry.size !== count * width) fail(`storage ${key} has ${entry.size} bytes, not ${count * width}`)
      return entry.read()
    }),
  )
  const read = readPickle(pickle.read(), table)
  tensors.forEach(checkWindow)
  return read
}

function readCode(entries: ReadonlyMap<string, ZipEntry>, folder: string): ReadonlyMap<string, string> {
  const code = new Map<string, string>()
  let total = 0
  for (const { name, size, read } of entries.values()) {
    if (!name.startsWith(folder) || !name.endsWith('.py')) continue
    total += size
    if (total > MAX_CODE_BYTES) fail(`its code is longer than ${MAX_CODE_BYTES} bytes`)
    code.set(name.slice(folder.length), Buffer.from(read()).toString())
  }
  return code
}
