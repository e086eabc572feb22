/** Whether a model file can be served, as far as the front knows: by what an ONNX file holds, else by its name. */
import { lstatSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { checkExternalNames } from '../onnx/external.ts'
import { readOnnxModel } from '../onnx/model.ts'
import { findUnserved } from '../onnx/operators.ts'
import { withoutZipMap } from '../onnx/zip-map.ts'

/** What `GET /service-resources?model_id=` answers. */
export interface Support {
  readonly supported: boolean
  /** Why not; where it is supported, nothing. */
  readonly reason?: string
}

/** What model files are called, before one is here to be looked at. */
const SUFFIXES = [
  '.onnx',
  '.torch',
  '.pt',
  '.pth',
  '.pt2',
  '.cbm',
  '.pkl',
  '.pickle',
  '.joblib',
  '.json',
  '.ubj',
  '.bin',
  '.model',
  '.txt',
]

/** By its name, where the file is not here. */
export const judgeName = (file: string): Support =>
  SUFFIXES.includes(extname(file))
    ? { supported: true }
    : refused(file, `does not look like a model that is served; their names end in ${SUFFIXES.join(', ')}`)

/** By the content of an ONNX file. @throws InferError bad_model where it is none */
export function judgeOnnx(path: string, bytes: Uint8Array): Support {
  const refusal = refusalOf(bytes, path)
  return refusal === undefined ? { supported: true } : refused(path, `cannot be served: ${refusal}`)
}

/** Without the folder: whoever asks need not know where our files lie. */
export const refused = (path: string, why: string): Support => ({
  supported: false,
  reason: `${path.split('/').at(-1)} ${why}`,
})

function refusalOf(bytes: Uint8Array, path: string): string | undefined {
  const model = readOnnxModel(bytes)
  const absent = checkExternalNames(model).find(
    (name) => !lstatSync(join(dirname(path), name), { throwIfNoEntry: false })?.isFile(),
  )
  if (absent !== undefined) return `its external data ${absent} is not there`
  withoutZipMap(bytes)
  return findUnserved(model)
}
