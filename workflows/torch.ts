import { InferError, type InferenceInput, type InferenceOutput, ModelWorkflow } from '../src/index.ts'

/**
 * Serves a Torch model: `{dtype, values}` in, its `forward` out.
 *
 * Keywords: what names the model (see the README), and `use_jit`, which is accepted and not needed: what a file is, is
 * read off the file. So far the file must be ONNX; others are refused by name.
 */
export class TorchInferenceWorkflow extends ModelWorkflow {
  static readonly message = 'Torch ML Inference Service'
  static readonly service = 'Torch Inference Service'
  static readonly dialect = 'torch'

  override async runModel(input: InferenceInput): Promise<InferenceOutput> {
    const method = input.method ?? 'forward'
    if (method !== 'forward')
      throw new InferError('bad_request', `data.method is ${JSON.stringify(method)}; this model has only forward`)
    return super.runModel(input)
  }
}
