import { InferError } from '../errors.ts'
import { detect as detectFormat, type Format } from '../formats/detect.ts'
import { readOnnxModel } from '../onnx/model.ts'
import { servedAs } from './served.ts'

/**
 * What a model file is, by its bytes; the name only helps to say it.
 * @throws InferError bad_model, saying what it is instead, for everything that is not served
 */
export function detect(bytes: Uint8Array, path: string): Format {
  const { format, reason } = detectFormat(bytes)
  if (format !== undefined && servedAs(format) === undefined)
    throw new InferError('bad_model', `${path} is ${reason}; no such models are served so far`)
  if (format !== undefined && format !== 'onnx') return format
  // ONNX has no signature: what nothing else claims may be it.
  try {
    readOnnxModel(bytes)
  } catch (error) {
    if (!(error instanceof InferError)) throw error
    const known = format === undefined && !/^its first bytes/.test(reason)
    throw new InferError(
      'bad_model',
      known ? `${path} is no model: ${reason}` : `${path} is no ONNX model: ${error.message}`,
    )
  }
  return 'onnx'
}
