import { kernelsFor, modelOf } from '../convert/plan.ts'
import { InferError } from '../errors.ts'
import { detect } from '../formats/detect.ts'
import { columnsOf } from './outputs.ts'
import { isTableFormat, readTableSource } from './table-source.ts'

/** What the graph of a table model gives, where the model has it. */
const METHODS = ['predict', 'predict_proba', 'transform', 'score_samples'] as const

export interface Exported {
  readonly model: Uint8Array
  /** By method that the model has and ONNX cannot say: why. */
  readonly leftOut: Readonly<Record<string, string>>
}

/**
 * A table model as one ONNX model, whose input is `X` and whose outputs have the names of the methods.
 * @throws InferError bad_model where ONNX cannot say its first method, naming the stages; or what the file is instead
 */
export function exportFile(bytes: Uint8Array): Exported {
  const { format, reason } = detect(bytes)
  if (format === undefined || !isTableFormat(format)) throw new InferError('bad_model', `it is ${reason}`)
  const { signature, convert, type } = readTableSource(bytes, format)
  const { form, width = 1, names } = signature
  const { graph, made } = convert({ form, width, names, target: 'export' })
  const methods = METHODS.filter((method) => made[method] !== undefined)
  if (methods.length === 0) throw new InferError('bad_model', `${type} neither predicts nor transforms`)
  const leftOut: Record<string, string> = {}
  const outputs = methods.flatMap((method, i) => {
    const { list, isList } = columnsOf(made, method)
    const kernels = kernelsFor(graph, list)
    if (kernels.length > 0) leftOut[method] = `ONNX cannot say ${kernels.join(', ')}`
    if (i === 0 && kernels.length > 0) throw new InferError('bad_model', `${method}: ${leftOut[method]}`)
    return kernels.length > 0 ? [] : list.map((value, at) => ({ name: isList ? `${method}_${at}` : method, value }))
  })
  return { model: modelOf(graph, outputs), leftOut }
}
