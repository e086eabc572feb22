/**
 * Whether a model file can be opened, by what is in it. The front answers `GET /service-resources?model_id=` with this,
 * so it loads nothing native; a format that is served gets one row.
 */
import { closeSync, lstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { messageOf } from '../errors.ts'
import { detect, type Format } from '../formats/detect.ts'
import { checkExternalNames } from '../onnx/external.ts'
import { readOnnxModel } from '../onnx/model.ts'
import { findUnserved } from '../onnx/operators.ts'
import { withoutZipMap } from '../onnx/zip-map.ts'

export interface Support {
  readonly supported: boolean
  /** Why not; where it is supported, nothing. */
  readonly reason?: string
}

interface Row {
  /** What files of this format are called, before one is here to be looked at. */
  readonly suffixes: readonly string[]
  /** Why the file cannot be opened; undefined, or an error thrown. */
  readonly refusal: (bytes: Uint8Array, path: string) => string | undefined
}

const SERVED: Partial<Record<Format, Row>> = {
  onnx: { suffixes: ['.onnx'], refusal: onnxRefusal },
}

/** Reading a larger file would take its size in memory; such a one is judged by its head. */
const MAX_EXAMINED_BYTES = 512 << 20
const HEAD_BYTES = 4096

/** By the file itself. `bytes`: what is in it, where that has been read already. */
export function judgeFile(path: string, bytes?: Uint8Array): Support {
  try {
    const whole = bytes !== undefined || statSync(path).size <= MAX_EXAMINED_BYTES
    const content = bytes ?? (whole ? readFileSync(path) : readHead(path))
    const { format, reason } = detect(content)
    const row = format && SERVED[format]
    if (!row) return no(path, `is ${format ?? 'no model'} (${reason}); ${formats()} are served`)
    const refusal = whole ? row.refusal(content, path) : undefined
    return refusal === undefined ? { supported: true } : no(path, `cannot be served: ${refusal}`)
  } catch (error) {
    return no(path, `cannot be opened: ${messageOf(error)}`)
  }
}

/** By its name, where the file is not here. */
export const judgeName = (file: string): Support =>
  Object.values(SERVED).some(({ suffixes }) => suffixes.includes(extname(file)))
    ? { supported: true }
    : no(file, `does not look like a model that is served; ${formats()} are`)

/** Without the folder: whoever asks need not know where our files lie. */
const no = (path: string, why: string): Support => ({ supported: false, reason: `${path.split('/').at(-1)} ${why}` })

const formats = (): string => `files of ${Object.keys(SERVED).join(', ')}`

function readHead(path: string): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES)
  const file = openSync(path, 'r')
  try {
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0))
  } finally {
    closeSync(file)
  }
}

function onnxRefusal(bytes: Uint8Array, path: string): string | undefined {
  const model = readOnnxModel(bytes)
  const absent = checkExternalNames(model).find(
    (name) => !lstatSync(join(dirname(path), name), { throwIfNoEntry: false })?.isFile(),
  )
  if (absent !== undefined) return `its external data ${absent} is not there`
  withoutZipMap(bytes)
  return findUnserved(model)
}
