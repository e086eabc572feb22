import type { DType } from '../tensor/dtype.ts'
import { broken } from './cursor.ts'
import { type Json, readJson } from './json.ts'
import { storedBytes } from './raw-tensor.ts'
import { readTorchZip } from './torch.ts'
import { checkWindow } from './torch-tensor.ts'
import { isTensor, type TorchTensor, type Value } from './values.ts'
import { readZip, type ZipEntry } from './zip.ts'

/**
 * `torch.export.save` (torch/_export/serde/schema.py): a zip of a graph as JSON and of tensors, which up to torch 2.7
 * lie beside it as files of torch.save, in 2.8 as one in a folder, later as raw memory with a list of where.
 */
export interface TorchExport {
  readonly format: 'pt2'
  /** The exported program: `graph_module` and what is said of it. */
  readonly program: ReadonlyMap<string, Json>
  /** Parameters and buffers by their names. */
  readonly weights: ReadonlyMap<string, TorchTensor>
  /** Lifted constants, and buffers that are not saved with the weights. */
  readonly constants: ReadonlyMap<string, TorchTensor>
}

const fail = (what: string): never => {
  throw broken('pt2', what)
}

/** How schema.py numbers dtypes. */
const DTYPES: ReadonlyMap<Json | undefined, DType> = new Map<Json | undefined, DType>([
  [1, 'uint8'],
  [2, 'int8'],
  [3, 'int16'],
  [4, 'int32'],
  [5, 'int64'],
  [6, 'float16'],
  [7, 'float32'],
  [8, 'float64'],
  [10, 'complex64'],
  [11, 'complex128'],
  [12, 'bool'],
  [13, 'bfloat16'],
])

export const dtypeOfExport = (number: Json | undefined): DType => DTYPES.get(number) ?? fail(`dtype ${String(number)}`)

/** @throws InferError bad_model naming what is wrong */
export function readTorchExport(bytes: Uint8Array): TorchExport {
  const entries = readZip(bytes)
  const names = [...entries.keys()]
  if (names.some((name) => name.includes('data/aotinductor/')))
    fail('it is a package of AOTInductor, which is native code: save it with torch.export.save')
  const flat = entries.get('serialized_exported_program.json')
  const [model, second] = flat
    ? ['serialized_exported_program.json']
    : names.filter((name) => /(^|\/)models\/[^/]+\.json$/.test(name))
  if (model === undefined) return fail('it has no program')
  if (second !== undefined) fail('it has several programs')
  const program = objectOf(jsonIn(entries, model), 'its program')
  if (flat)
    return {
      format: 'pt2',
      program,
      weights: savedIn(entries, 'serialized_state_dict.pt'),
      constants: savedIn(entries, 'serialized_constants.pt'),
    }
  const root = model.slice(0, model.length - (/models\/[^/]+$/.exec(model)?.[0].length ?? 0))
  return {
    format: 'pt2',
    program,
    weights: packed(entries, `${root}data/weights/`),
    constants: packed(entries, `${root}data/constants/`),
  }
}

const jsonIn = (entries: ReadonlyMap<string, ZipEntry>, name: string): Json =>
  readJson((entries.get(name) as ZipEntry).read(), { format: 'pt2', nonFinite: true })

export function objectOf(value: Json | undefined, what: string): ReadonlyMap<string, Json> {
  return value instanceof Map ? value : fail(`${what} is no object`)
}

export function listOf(value: Json | undefined, what: string): readonly Json[] {
  return Array.isArray(value) ? value : fail(`${what} is no list`)
}

/** The tensors of a file of torch.save, which is a dict. */
function savedIn(entries: ReadonlyMap<string, ZipEntry>, name: string): ReadonlyMap<string, TorchTensor> {
  const entry = entries.get(name)
  const saved = entry && entry.size > 0 ? readTorchZip(readZip(entry.read())).value : new Map<Value, Value>()
  if (!(saved instanceof Map)) return fail(`${name} is no dict`)
  return new Map([...saved].filter((pair): pair is [string, TorchTensor] => isTensor(pair[1])))
}

function packed(entries: ReadonlyMap<string, ZipEntry>, folder: string): ReadonlyMap<string, TorchTensor> {
  const inside = [...entries.keys()].filter((name) => name.startsWith(folder))
  const config = inside.find((name) => name.endsWith('_config.json'))
  if (config === undefined) {
    const saved = inside.find((name) => name.endsWith('.pt'))
    return saved === undefined ? new Map() : savedIn(entries, saved)
  }
  const listed = objectOf(objectOf(jsonIn(entries, config), config).get('config'), config)
  const found = new Map<string, TorchTensor>()
  for (const [name, row] of listed) {
    const entry = entries.get(folder + String(objectOf(row, name).get('path_name')))
    const tensor = tensorOf(name, objectOf(row, name), entry ?? fail(`${name} is missing`))
    if (tensor) found.set(name, tensor)
  }
  return found
}

/** Raw memory, or a tensor in a file of torch.save; what is neither is no tensor. */
function tensorOf(name: string, row: ReadonlyMap<string, Json>, entry: ZipEntry): TorchTensor | undefined {
  if (row.get('use_pickle') === true) {
    const { value } = readTorchZip(readZip(entry.read()))
    return isTensor(value) ? value : undefined
  }
  if (!(row.get('tensor_meta') instanceof Map)) return undefined
  const meta = objectOf(row.get('tensor_meta'), name)
  const dtype = dtypeOfExport(meta.get('dtype'))
  const bytes = entry.read()
  if (bytes.length % storedBytes(dtype) !== 0) fail(`${name} has ${bytes.length} bytes`)
  const counts = (key: string): number[] => listOf(meta.get(key), `${name}.${key}`).map((item) => countOf(item, name))
  const tensor: TorchTensor = {
    kind: 'tensor',
    dtype,
    shape: counts('sizes'),
    strides: counts('strides'),
    offset: countOf(meta.get('storage_offset'), name),
    storage: { kind: 'storage', key: entry.name, dtype, location: 'cpu', bytes },
    requiresGrad: false,
    parameter: false,
  }
  if (tensor.shape.length !== tensor.strides.length) fail(`${name} has other strides than sizes`)
  checkWindow(tensor)
  return tensor
}

function countOf(value: Json | undefined, name: string): number {
  const count = value instanceof Map ? value.get('as_int') : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0
    ? count
    : fail(`a size of ${name} is no count`)
}
