import { InferError } from '../errors.ts'
import { detect as formatOf } from '../formats/detect.ts'
import { readOnnxModel } from '../onnx/model.ts'

export type ModelKind = 'onnx' | 'estimator'

/**
 * What a model file is, by its bytes; the name only helps to say it.
 * @throws InferError bad_model, naming the format, for everything that is not served
 */
export function detect(bytes: Uint8Array, path: string): ModelKind {
  const { format, reason } = formatOf(bytes)
  if (format === 'pickle' || format === 'joblib') return 'estimator'
  if (format !== undefined && format !== 'onnx')
    throw new InferError('bad_model', `${path} is a file of ${format} (${reason}), which is not served`)
  try {
    readOnnxModel(bytes)
  } catch (error) {
    if (!(error instanceof InferError)) throw error
    throw new InferError('bad_model', `${path} is no model that is served: ${format ? error.message : reason}`)
  }
  return 'onnx'
}
