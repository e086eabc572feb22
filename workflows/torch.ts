import { InferError, type InferenceInput, type InferenceOutput, ModelWorkflow } from '../src/index.ts'

/**
 * Serves a Torch model: `{dtype, values}` in, its `forward` (or another method that `method` names) out.
 *
 * Keywords: what names the model (see the README), and `use_jit`, which is accepted and not needed: what a file is, is
 * read off the file.
 */
export class TorchInferenceWorkflow extends ModelWorkflow {
  static readonly message = 'Torch ML Inference Service'
  static readonly service = 'Torch Inference Service'
  static readonly dialect = 'torch'

  override async runModel(input: InferenceInput): Promise<InferenceOutput> {
    const { methods } = await this.modelFor(input)
    const { method = 'forward' } = input
    const known = methods.length > 0 ? methods : ['forward']
    if (typeof method !== 'string' || !known.includes(method))
      throw new InferError(
        'bad_request',
        `data.method is ${JSON.stringify(method)}; this model has ${methods.length > 1 ? methods.join(', ') : 'only forward'}`,
      )
    return super.runModel(input)
  }
}
