import { InferError } from '../errors.ts'
import { readOnnxModel } from '../onnx/model.ts'

/**
 * What a model file is, by its first bytes; the name only helps to say it.
 * @throws InferError bad_model, naming the format, for everything that is not served
 */
export function detect(bytes: Uint8Array, path: string): 'onnx' {
  const found = SIGNATURES.find(({ bytes: signature }) => signature.every((byte, i) => bytes[i] === byte))
  if (found) throw new InferError('bad_model', `${path} is ${found.what}; only ONNX models are served so far`)
  try {
    readOnnxModel(bytes)
  } catch (error) {
    if (!(error instanceof InferError)) throw error
    throw new InferError('bad_model', `${path} is no ONNX model: ${error.message}`)
  }
  return 'onnx'
}

const SIGNATURES = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: 'a zip archive, as torch.save, TorchScript and torch.export write' },
  { bytes: [0x80, 0x02], what: 'a pickle (protocol 2), as torch.save and older libraries write' },
  { bytes: [0x80, 0x03], what: 'a pickle (protocol 3)' },
  { bytes: [0x80, 0x04], what: 'a pickle (protocol 4), as scikit-learn models are saved' },
  { bytes: [0x80, 0x05], what: 'a pickle (protocol 5), as scikit-learn models are saved' },
  { bytes: [0x7b], what: 'a JSON document, as XGBoost and CatBoost write' },
  { bytes: [0x1f, 0x8b], what: 'a gzip file' },
  { bytes: [0x78, 0x9c], what: 'a zlib file, as joblib writes' },
  { bytes: [0x3c], what: 'a text of markup (an error page saved as a model?)' },
] as const
