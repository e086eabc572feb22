/** What a workflow may import. */
export { InferError } from './errors.ts'
export { ModelWorkflow } from './model-workflow.ts'
export type { Model } from './models/model.ts'
export type { DType } from './tensor/dtype.ts'
export { createTensor, type NamedTensor, type Tensor } from './tensor/tensor.ts'
export { type InferenceInput, type InferenceOutput, Workflow, type WorkflowContext } from './workflow.ts'
