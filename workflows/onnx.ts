import { InferError, ModelWorkflow, type NamedTensor } from '../src/index.ts'

/**
 * Serves an ONNX model: any number of inputs and outputs, any names, numbers, booleans and strings.
 *
 * Keywords: what names the model (see the README), and `output_names`, a list, to answer some outputs only.
 */
export class ONNXInferenceWorkflow extends ModelWorkflow {
  static readonly message = 'ONNX Inference Service!'
  static readonly service = 'ONNX Inference'
  static readonly dialect = 'onnx'

  protected override select(outputs: readonly NamedTensor[]): readonly NamedTensor[] {
    const names = this.kwargs.output_names
    if (!Array.isArray(names)) return outputs
    return names.map((name) => {
      const output = outputs.find((tensor) => tensor.name === name)
      if (output) return output
      const known = outputs.map((tensor) => tensor.name).join(', ')
      throw new InferError('bad_model', `output_names has '${name}'; the model's outputs are ${known}`)
    })
  }
}
