import { InferError, type InferenceInput, type InferenceOutput, type Model, ModelWorkflow } from '../src/index.ts'

/**
 * Serves a fitted estimator: rows of numbers, named columns with text and missing values, or texts; by the methods
 * that the estimator has.
 *
 * Keywords: what names the model (see the README), and `method`, a name or a list of names, for requests that name none.
 */
export class SklearnInferenceWorkflow extends ModelWorkflow {
  static readonly message = 'Scikit-learn Inference Service!'
  static readonly service = 'Scikit-learn Inference'
  static readonly dialect = 'table'

  override async doSetup(): Promise<void> {
    await super.doSetup()
    const missing = this.#default().find((method) => !this.model.methods.includes(method))
    if (missing !== undefined)
      throw new InferError('bad_model', `method is ${missing}; the model has ${this.model.methods.join(', ')}`)
  }

  override async runModel(input: InferenceInput): Promise<InferenceOutput> {
    const model = await this.modelFor(input)
    if (!model.table) throw noEstimator(model)
    const rows = input.table ?? input.inputs[0]
    if (!rows || input.inputs.length > 1)
      throw new InferError('bad_request', `the model takes one table; the request gives ${input.inputs.length} inputs`)
    const asked = input.method ?? this.#default(model)
    const answers = await model.table.run(rows, typeof asked === 'string' ? [asked] : asked)
    const classes = answers.find((answer) => answer.classes)
    return {
      outputs: answers.flatMap(({ method, outputs }) => outputs.map((tensor) => ({ ...tensor, name: method }))),
      methods: answers.map(({ method, outputs, isList }) => ({ name: method, count: isList ? outputs.length : null })),
      ...(classes?.classes && { classes: classes.isList ? classes.classes : (classes.classes[0] ?? []) }),
    }
  }

  #default(model: Model = this.model): readonly string[] {
    const { method } = this.kwargs
    if (typeof method === 'string') return [method]
    if (Array.isArray(method) && method.length > 0) return method.map(String)
    if (!model.table) throw noEstimator(model)
    return model.methods.slice(0, 1)
  }
}

const noEstimator = ({ path }: Model): InferError =>
  new InferError('bad_model', `${path} is no fitted estimator; serve it with another workflow`)
