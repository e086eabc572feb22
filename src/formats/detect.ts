import { codecOf } from './decompress.ts'
import { isNpy } from './npy.ts'
import { isLegacyTorch } from './torch-legacy.ts'
import { isXgboostBinary } from './xgboost-binary.ts'
import { readZip, type ZipEntry } from './zip.ts'

/** What a file is, by its bytes; names of files lie. `undefined` comes with the reason. */
export interface Detection {
  readonly format: Format | undefined
  /** Why it cannot be read, or what it may be. */
  readonly reason: string
}

export type Format =
  | 'joblib'
  | 'json'
  | 'lightgbm'
  | 'npy'
  | 'npz'
  | 'onnx'
  | 'pickle'
  | 'pt2'
  | 'safetensors'
  | 'skops'
  | 'torch'
  | 'torchscript'
  | 'ubjson'
  | 'xgboost'

interface Signature {
  readonly head: readonly number[] | string
  readonly format?: Format
  readonly reason: string
}

/** Heads that are no other format's. */
// biome-ignore format: one row per format
const SIGNATURES: readonly Signature[] = [
  { head: 'tree\n', format: 'lightgbm', reason: 'the text of a LightGBM booster' },
  { head: 'tree\r\n', format: 'lightgbm', reason: 'the text of a LightGBM booster' },
  { head: 'CBM1', reason: 'CatBoost wrote it in its own format: save the model as .json or .onnx' },
  { head: '\x89HDF\r\n', reason: 'an HDF5 file, such as Keras writes: no such models are served' },
  { head: '7z\xbc\xaf\x27\x1c', reason: 'a 7z archive: unpack it' },
  { head: '\x7fELF', reason: 'a program, not a model' },
  { head: 'MZ', reason: 'a program, not a model' },
  { head: '#!', reason: 'a script, not a model' },
  { head: '<', reason: 'a web page or XML, perhaps of a failed download' },
  { head: 'version https://git-lfs', reason: 'a pointer of Git LFS, not the file that it points to' },
]

const startsWith = (bytes: Uint8Array, head: readonly number[] | string): boolean => {
  for (let i = 0; i < head.length; i++) {
    if (bytes[i] !== (typeof head === 'string' ? head.charCodeAt(i) : head[i])) return false
  }
  return true
}

/** Looks at the first bytes, and into a zip's directory. Never throws. */
export function detect(bytes: Uint8Array): Detection {
  if (bytes.length === 0) return { format: undefined, reason: 'the file is empty' }
  if (startsWith(bytes, 'PK')) return detectZip(bytes)
  const known = SIGNATURES.find(({ head }) => startsWith(bytes, head))
  if (known !== undefined) return { format: known.format, reason: known.reason }
  if (isLegacyTorch(bytes)) return { format: 'torch', reason: 'torch.save before 1.6' }
  if (isNpy(bytes)) return { format: 'npy', reason: 'a numpy array' }
  if (isTar(bytes))
    return { format: undefined, reason: 'a tar archive, as torch.save wrote before 0.1.10: unpack or save it anew' }
  if (isXgboostBinary(bytes)) return { format: 'xgboost', reason: 'the binary form of an XGBoost model' }
  const codec = codecOf(bytes)
  if (codec !== undefined) return { format: 'joblib', reason: `compressed by ${codec}` }
  return detectPlain(bytes)
}

const isTar = (bytes: Uint8Array): boolean => startsWith(bytes.subarray(257), 'ustar')

function detectZip(bytes: Uint8Array): Detection {
  try {
    return detectEntries(readZip(bytes))
  } catch (error) {
    return { format: undefined, reason: (error as Error).message }
  }
}

function detectEntries(entries: ReadonlyMap<string, ZipEntry>): Detection {
  const has = (pattern: RegExp): boolean => [...entries.keys()].some((name) => pattern.test(name))
  if (has(/^([^/]*\/)?constants\.pkl$/)) return { format: 'torchscript', reason: 'torch.jit.save' }
  if (has(/^([^/]*\/)?data\.pkl$/)) return { format: 'torch', reason: 'torch.save' }
  if (has(/^serialized_exported_program\.json$|^([^/]*\/)?archive_format$/))
    return { format: 'pt2', reason: 'torch.export' }
  if (entries.has('schema.json')) return { format: 'skops', reason: 'skops' }
  if (entries.size > 0 && [...entries.keys()].every((name) => name.endsWith('.npy')))
    return { format: 'npz', reason: 'numpy arrays' }
  if (has(/^([^/]*\/)?version$/))
    return { format: undefined, reason: 'a zip that torch.save began and did not finish: it has no data.pkl' }
  return { format: undefined, reason: 'a zip of what no model consists of' }
}

/** Formats without a signature. */
function detectPlain(bytes: Uint8Array): Detection {
  const [first = 0, second = 0] = bytes
  const length = bytes.length >= 9 ? new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) : 0n
  if (bytes[8] === 0x7b && length > 1n && length <= BigInt(bytes.length - 8))
    return { format: 'safetensors', reason: 'a head of JSON' }
  if (first === 0x80 && second >= 2 && second <= 5) return { format: 'pickle', reason: `protocol ${second}` }
  if (first === 0x7b && 'iUIlL$#'.includes(String.fromCharCode(second)))
    return { format: 'ubjson', reason: 'an object of UBJSON' }
  if (first === 0x08 && second < 0x20) return { format: 'onnx', reason: 'a protobuf message' }
  const text = Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart()
  if (text.startsWith('{') || text.startsWith('[')) return { format: 'json', reason: 'JSON' }
  if (bytes.at(-1) === 0x2e && PICKLE_STARTS.includes(String.fromCharCode(first)))
    return { format: 'pickle', reason: 'protocol 0 or 1' }
  return { format: undefined, reason: 'its first bytes are those of no format that is read' }
}

/** Opcodes that a pickle without a PROTO begins with. */
const PICKLE_STARTS = '()]}cINFVSKLMGUXT'
