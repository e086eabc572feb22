import { InferError } from '../../errors.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { modelOf } from '../plan.ts'
import type { TorchConversion } from './convert.ts'

/** A conversion as an ONNX model: where the code may raise, what it raises is one output more, the last. */
export function modelOfConversion({ graph, outputs, refusal }: TorchConversion): Uint8Array {
  if (!refusal) return modelOf(graph, outputs)
  let name = 'refusal'
  while (outputs.some((output) => output.name === name)) name = `_${name}`
  return modelOf(graph, [...outputs, { name, value: refusal.code }])
}

/**
 * Refuses a request for which the model's code raises.
 * @param sentences what it may raise; nothing where it raises nothing
 * @param made what the model gave, the refusal last
 * @throws InferError bad_request
 */
export function checkRefusal(sentences: readonly string[], made: readonly Tensor[]): void {
  if (sentences.length === 0) return
  const code = Number(made.at(-1)?.data[0] ?? 0)
  if (code > 0) throw new InferError('bad_request', sentences[code - 1] ?? 'the model raises an error')
}
