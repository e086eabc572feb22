/**
 * Source to model: a file's bytes, what it is, and the one place that opens its kind.
 *
 * Limits on untrusted files: a file has at most MAX_FILE_BYTES, which is protobuf's own bound and more than Node reads
 * at once; the readers of each format have theirs.
 */
import { readFileSync, statSync } from 'node:fs'
import { InferError, messageOf } from '../errors.ts'
import type { Format } from '../formats/detect.ts'
import { readOnnxModel } from '../onnx/model.ts'
import type { Model } from './model.ts'
import { openOnnx } from './onnx-model.ts'
import type { TorchOptions } from './open-torch.ts'
import type { TorchFormat } from './torch-source.ts'

const TORCH: ReadonlySet<Format> = new Set<TorchFormat>(['torch', 'torchscript', 'pt2'])

const MAX_FILE_BYTES = 2 ** 31 - 1

/** @throws InferError bad_model with a sentence that names the file */
export async function openModel(path: string, options: TorchOptions = {}): Promise<Model> {
  const bytes = readModelFile(path)
  // What detects and converts is loaded when it is first needed: a service of ONNX models starts without it.
  const format = isOnnx(bytes) ? 'onnx' : (await import('./detect.ts')).detect(bytes, path)
  if (format === 'onnx') return openOnnx(path, bytes)
  try {
    if (TORCH.has(format))
      return (await import('./open-torch.ts')).openTorch(path, bytes, options, format as TorchFormat)
    const [{ openTable }, { readTableSource }] = await Promise.all([
      import('./table-model.ts'),
      import('./table-source.ts'),
    ])
    return await openTable(path, bytes, readTableSource(bytes, format))
  } catch (error) {
    if (!(error instanceof InferError) || error.code !== 'bad_model' || error.message.startsWith(path)) throw error
    throw new InferError('bad_model', `${path}: ${error.message}`)
  }
}

/** The tag of ModelProto.ir_version, which no other format begins with. */
const IR_VERSION = 0x08

function isOnnx(bytes: Uint8Array): boolean {
  if (bytes[0] !== IR_VERSION) return false
  try {
    readOnnxModel(bytes)
    return true
  } catch (error) {
    if (error instanceof InferError) return false
    throw error
  }
}

function readModelFile(path: string): Uint8Array {
  try {
    const { size } = statSync(path)
    if (size > MAX_FILE_BYTES) throw new InferError('bad_model', `${path} has ${size} bytes; a model has at most 2 GiB`)
    return readFileSync(path)
  } catch (error) {
    if (error instanceof InferError) throw error
    throw new InferError('bad_model', `the model file ${path} cannot be read: ${messageOf(error).split(',')[0]}`)
  }
}
