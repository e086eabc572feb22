import { constants, gunzipSync, inflateSync } from 'node:zlib'
import type { ZipEntry } from './zip.ts'

/**
 * What is no model, but what people point at: a sentence a kind, by its first bytes. Looks at a few hundred bytes of
 * the file and, where it is compressed, at what the first of them unpack to.
 */
const LOOKED_AT = 512
const ONNX_INSTEAD = 'export it to ONNX'

/** Files of bytes, by their heads, as Latin-1. */
// biome-ignore format: one row per kind of file
const BINARY: readonly (readonly [head: string, sentence: string, at?: number])[] = [
  ['\x89HDF\r\n', `HDF5, as Keras .h5 files are, and no such model is read: ${ONNX_INSTEAD}`],
  ['TFL3', `a TensorFlow Lite model, and no such model is read: ${ONNX_INSTEAD} (tf2onnx)`, 4],
  ['ORTM', "ONNX Runtime's own format (.ort): use the .onnx that it was made of", 4],
  ['GGUF', 'GGUF, of llama.cpp: a language model, of which none is served here'],
  ['tjgg', 'GGML, of llama.cpp: a language model, of which none is served here'],
  ['PAR1', 'a table of data (Parquet), not a model'],
  ['ARROW1', 'a table of data (Arrow), not a model'],
  ['SQLite format 3', 'a SQLite database, not a model'],
  ['MATLAB ', 'a MATLAB file, not a model'],
  ['RDX2\n', "R's own format (.RData): no R object is read"],
  ['RDX3\n', "R's own format (.RData): no R object is read"],
  ['X\n\0\0\0', "R's own format (.rds): no R object is read"],
  ['A\n2\n', "R's own format (.rds): no R object is read"],
  ['A\n3\n', "R's own format (.rds): no R object is read"],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive: unpack it'],
  ['Rar!\x1a\x07', 'a RAR archive: unpack it'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard file: unpack it'],
  ['ustar', 'a tar archive: unpack it', 257],
  ['\x7fELF', 'a program, not a model'],
  ['MZ', 'a program, not a model'],
  ['\xcf\xfa\xed\xfe', 'a program, not a model'],
  ['\xca\xfe\xba\xbe', 'a program, not a model'],
  ['\0asm', 'a program, not a model'],
  ['!<arch>', 'a program, not a model'],
  ['\r\r\n', 'compiled Python, not a model', 1],
  ['\x89PNG', 'a picture, not a model'],
  ['\xff\xd8\xff', 'a picture, not a model'],
  ['GIF8', 'a picture, not a model'],
  ['%PDF', 'a PDF, not a model'],
  ['\0'.repeat(64), 'only zeros: a download or a copy that was not finished'],
]

/** A SavedModel is `schema_version` 1, then a message that begins with its first field; an ONNX model of that version a name. */
function isSavedModel(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x08 || bytes[1] !== 1 || bytes[2] !== 0x12) return false
  let at = 3
  while ((bytes[at] ?? 0) >= 0x80) at++
  return bytes[at + 1] === 0x0a
}

/** A GraphDef is nodes, each a message of a name and an operator. */
const isTensorFlowGraph = (bytes: Uint8Array, head: string): boolean =>
  bytes[0] === 0x0a &&
  head.startsWith('\n', 2) &&
  /(?:Placeholder|Const|NoOp|VarHandleOp|VariableV2)/.test(head.slice(0, 128))

interface Mistake {
  readonly head: RegExp
  readonly sentence: string
}

const of = (head: RegExp, sentence: string): Mistake => ({ head, sentence })

/** Texts, by how they begin. */
// biome-ignore format: one row per kind of file
const TEXT: readonly Mistake[] = [
  of(/^version https:\/\/git-lfs/, 'a pointer of Git LFS, not the file that it points to: run git lfs pull'),
  of(/^<(?:!doctype html|html|head|body)/i, 'a web page, perhaps of a log-in or an error'),
  of(/^<[\s\S]*<PMML/, `PMML: no such model is read: ${ONNX_INSTEAD}`),
  of(/^</, 'XML: no model of XML is read'),
  of(/^\{\s*"(?:architectures|_name_or_path|model_type|auto_map)"/, 'a configuration of a model, not its weights'),
  of(/^\{[\s\S]*"weight_map"/, 'an index of the files of a model: name one of those'),
  of(/^\{[\s\S]*"(?:nbformat|cells)"/, 'a Jupyter notebook, not a model'),
  of(/^(?:booster\[\d|\[\s*\{\s*"nodeid")/, "a dump of XGBoost's trees, which lacks the rest of the model: use save_model"),
  of(/^#!/, 'a script, not a model'),
  of(/^(?:#[^\n]*\n|"""[\s\S]*?"""|\s)*(?:import|from|def|class|async def|@)\s*[\w.]+[^\n,;]*(?:\n|$)/, 'Python source, not a model'),
  of(/^(?![[{])[^\n,]+(?:,[^\n,]*)+\r?\n[^\n,]*,/, 'a table of data (CSV), not a model'),
  of(/^(?![[{])[^\n\t]+(?:\t[^\n\t]*)+\r?\n[^\n\t]*\t/, 'a table of data (CSV), not a model'),
  of(/^(?![[{])[^\n;]+(?:;[^\n;]*)+\r?\n[^\n;]*;/, 'a table of data (CSV), not a model'),
]

/** What servers answer in a file's stead. */
const ANSWER =
  /^(?:\{\s*"(?:error|message|detail|code)"|(?:Entry|Repository|File|Not|404|403|401|Invalid|Access|Unauthorized|Forbidden|Internal)\b[\w ,:.-]*$)/i

/** Why bytes that no reader takes are none of a model; `undefined` for what nobody has thought of. */
export function mistakeOf(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, LOOKED_AT)).toString('latin1')
  if (isTar(head) && head.startsWith('sys_info\0')) {
    return 'a tar of torch.save before 0.1.10: load it with a torch of that time and save it again'
  }
  const binary = BINARY.find(([mark, , at = 0]) => head.startsWith(mark, at))
  if (binary !== undefined) return binary[1]
  const tensorFlow = isSavedModel(bytes) ? 'SavedModel' : isTensorFlowGraph(bytes, head) ? 'graph' : undefined
  if (tensorFlow !== undefined)
    return `a ${tensorFlow} of TensorFlow, and no such model is read: ${ONNX_INSTEAD} (tf2onnx)`
  if (!isText(bytes)) return undefined
  const text = head.trimStart()
  if (ANSWER.test(text.trimEnd())) return `a server's answer instead of the file: ${JSON.stringify(shown(text))}`
  return TEXT.find((mistake) => mistake.head.test(text))?.sentence ?? (/^[[{]/.test(text) ? undefined : 'a text')
}

const isTar = (head: string): boolean => head.startsWith('ustar', 257)
const shown = (text: string): string => text.trim().replace(/\s+/g, ' ').slice(0, 60)

/** UTF-8 without control characters but white space. */
function isText(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, LOOKED_AT)
  const isControl = (byte: number): boolean => (byte < 0x20 && !(byte >= 9 && byte <= 13)) || byte === 0x7f
  // The last character may be cut.
  return head.length > 1 && !head.some(isControl) && !/\ufffd(?!$)/.test(Buffer.from(head).toString())
}

/** Why what is compressed is no model; `undefined` when it may be one. */
export function compressedMistake(bytes: Uint8Array, codec: string): string | undefined {
  const unpack = { gzip: gunzipSync, zlib: inflateSync }[codec]
  if (unpack === undefined) return undefined
  try {
    const packed = bytes.subarray(0, 4096)
    const head = unpack(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 8 * 1024 * 1024 })
    // A pickle of old protocols is text, too, and begins with an opcode.
    const mistake = head[0] === 0x80 || /^[(\]}c]/.test(head.toString('latin1', 0, 1)) ? undefined : mistakeOf(head)
    if (mistake === undefined || /^R's/.test(mistake)) return mistake
    const [what, ...rest] = mistake.split(/(?=[,:] )/)
    return `${what}, compressed${rest.join('')}`
  } catch {
    return undefined
  }
}

/** Why a zip is none of a model, by the names in it. */
export function zipMistake(entries: ReadonlyMap<string, ZipEntry>): string {
  const names = [...entries.keys()]
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name))
  if (names.length === 0) return 'an empty zip'
  if (has(/(^|\/)model\.weights\.h5$/)) return `a Keras 3 model, and no such model is read: ${ONNX_INSTEAD}`
  if (has(/(^|\/)saved_model\.pb$/))
    return `a SavedModel of TensorFlow, and no such model is read: ${ONNX_INSTEAD} (tf2onnx)`
  if (has(/\.dist-info\//)) return 'a Python wheel, not a model'
  if (has(/^\[Content_Types\]\.xml$/)) return 'an Office document, not a model'
  if (has(/^META-INF\/MANIFEST\.MF$/)) return 'a Java archive, not a model'
  if (has(/^([^/]*\/)?version$/)) return 'a zip that torch.save began and did not finish: it has no data.pkl'
  const models = names.filter((name) =>
    /\.(onnx|pkl|pickle|joblib|pt|pth|torch|safetensors|npz|json|ubj|bin|txt|h5)$/.test(name),
  )
  const likely = models.filter((name) => !/\.(json|txt|bin)$/.test(name))
  if (likely.length > 0) return `a zip of ${shownNames(likely)}: unpack it and name the model`
  return `a zip of ${names.length} files, none of them a model`
}

const shownNames = (names: readonly string[]): string => {
  const short = names.slice(0, 2).map((name) => name.replace(/\p{C}/gu, '?').slice(0, 40))
  return names.length > 2 ? `${short.join(', ')} and ${names.length - 2} more` : short.join(', ')
}
