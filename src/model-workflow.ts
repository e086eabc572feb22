import { InferError } from './errors.ts'
import type { Model } from './models/model.ts'
import type { NamedTensor } from './tensor/tensor.ts'
import { type InferenceInput, type InferenceOutput, Workflow } from './workflow.ts'

/** A workflow around one model, which its keyword arguments name. The built-in workflows extend it. */
export abstract class ModelWorkflow extends Workflow {
  override readonly takes = 'tensors'
  #model: Model | undefined

  /** The configured model, open. */
  get model(): Model {
    if (!this.#model) throw new InferError('internal', 'setup not called before inference')
    return this.#model
  }

  override async doSetup(): Promise<void> {
    this.#model = await this.openModel(this.kwargs)
  }

  override async doRunModel(input: InferenceInput): Promise<InferenceOutput> {
    const { outputs, ...rest } = await this.runModel(input)
    return { ...rest, outputs: this.select(outputs) }
  }

  /** The model alone, without the hooks: what golden samples are compared with. */
  async runModel(input: InferenceInput): Promise<InferenceOutput> {
    const model = await this.modelFor(input)
    const method = typeof input.method === 'string' ? { method: input.method } : {}
    const outputs = await model.run(input.inputs, { cast: input.cast, ...method })
    const classes = outputs.map(({ name }) => model.classes.get(name)).find((names) => names !== undefined)
    return classes ? { outputs, classes } : { outputs }
  }

  /** The model that a request names, or the configured one. */
  protected async modelFor({ modelPath }: InferenceInput): Promise<Model> {
    return modelPath === undefined ? this.model : this.openModel(modelPath)
  }

  /** Which of the model's outputs are answered; all, in its own order, unless a workflow says otherwise. */
  protected select(outputs: readonly NamedTensor[]): readonly NamedTensor[] {
    return outputs
  }
}
