import { isCatboost } from './catboost.ts'
import { codecOf } from './decompress.ts'
import { compressedMistake, mistakeOf, zipMistake } from './mistaken.ts'
import { isNpy } from './npy.ts'
import { isLegacyTorch } from './torch-legacy.ts'
import { isXgboostBinary } from './xgboost-binary.ts'
import { readZip, type ZipEntry } from './zip.ts'

/** What a file is, by its bytes; names of files lie. `undefined` comes with the reason. */
export interface Detection {
  readonly format: Format | undefined
  /** What it is, as a noun: of a format, or why it is none. */
  readonly reason: string
}

export type Format =
  | 'catboost'
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

/** What a file is, by its first bytes and a zip's directory. Never throws. */
export function detect(bytes: Uint8Array): Detection {
  if (bytes.length === 0) return none('the file is empty')
  if (startsWith(bytes, 'PK')) return detectZip(bytes)
  if (isLightGbm(bytes)) return { format: 'lightgbm', reason: 'the text of a LightGBM booster' }
  if (isCatboost(bytes)) return { format: 'catboost', reason: 'the binary form of a CatBoost model' }
  if (isLegacyTorch(bytes)) return { format: 'torch', reason: 'a file of torch.save (before 1.6)' }
  if (isNpy(bytes)) return { format: 'npy', reason: 'a numpy array (.npy)' }
  if (isXgboostBinary(bytes)) return { format: 'xgboost', reason: 'the binary form of an XGBoost model' }
  const codec = codecOf(bytes)
  if (codec !== undefined) {
    const mistake = compressedMistake(bytes, codec)
    return mistake === undefined
      ? { format: 'joblib', reason: `a pickle that is compressed by ${codec}, as joblib writes` }
      : none(mistake)
  }
  return detectPlain(bytes)
}

const none = (reason: string): Detection => ({ format: undefined, reason })

function startsWith(bytes: Uint8Array, head: string): boolean {
  for (let i = 0; i < head.length; i++) if (bytes[i] !== head.charCodeAt(i)) return false
  return true
}

const isLightGbm = (bytes: Uint8Array): boolean => startsWith(bytes, 'tree\n') || startsWith(bytes, 'tree\r\n')

function detectZip(bytes: Uint8Array): Detection {
  try {
    return detectEntries(readZip(bytes))
  } catch (error) {
    const { message } = error as Error
    if (/is encrypted/.test(message)) return none('a zip with a password: unpack it')
    if (/no end record/.test(message)) return none('a zip that is cut short: copy or download it again')
    return none(message)
  }
}

function detectEntries(entries: ReadonlyMap<string, ZipEntry>): Detection {
  const has = (pattern: RegExp): boolean => [...entries.keys()].some((name) => pattern.test(name))
  if (has(/^([^/]*\/)?constants\.pkl$/))
    return { format: 'torchscript', reason: 'a TorchScript archive (torch.jit.save)' }
  if (has(/^([^/]*\/)?data\.pkl$/)) return { format: 'torch', reason: 'a file of torch.save' }
  if (has(/^serialized_exported_program\.json$|^([^/]*\/)?archive_format$/))
    return { format: 'pt2', reason: 'an exported program (torch.export)' }
  if (entries.has('schema.json')) return { format: 'skops', reason: 'a skops file' }
  if (entries.size > 0 && [...entries.keys()].every((name) => name.endsWith('.npy')))
    return { format: 'npz', reason: 'numpy arrays (.npz)' }
  return none(zipMistake(entries))
}

/** Formats without a signature; what looks like a common mistake is one, where a format's own marks are weak. */
function detectPlain(bytes: Uint8Array): Detection {
  const [first = 0, second = 0] = bytes
  const length = bytes.length >= 9 ? new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) : 0n
  if (bytes[8] === 0x7b && length > 1n && length <= BigInt(bytes.length - 8))
    return { format: 'safetensors', reason: 'safetensors' }
  if (first === 0x80 && second >= 2 && second <= 5) return { format: 'pickle', reason: `a pickle (protocol ${second})` }
  if (first === 0x7b && 'iUIlL$#'.includes(String.fromCharCode(second)))
    return { format: 'ubjson', reason: 'UBJSON, as XGBoost writes' }
  if (isOldPickle(bytes)) return { format: 'pickle', reason: 'a pickle (protocol 0 or 1)' }
  const mistake = mistakeOf(bytes)
  if (mistake !== undefined) return none(mistake)
  if (first === 0x08 && second < 0x20) return { format: 'onnx', reason: 'protobuf, as ONNX models are' }
  const text = Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart()
  if (text.startsWith('{') || text.startsWith('['))
    return { format: 'json', reason: 'JSON, as XGBoost and CatBoost write' }
  return none('its first bytes are those of no format that is read')
}

/** Opcodes that a pickle without a PROTO begins with, and the one that it ends with; a text may, too. */
const PICKLE_STARTS = '()]}cINFVSKLMGUXT'
const isOldPickle = (bytes: Uint8Array): boolean =>
  bytes.at(-1) === 0x2e &&
  PICKLE_STARTS.includes(String.fromCharCode(bytes[0] as number)) &&
  !/^[A-Z][a-z]+ /.test(Buffer.from(bytes.subarray(0, 32)).toString('latin1'))
