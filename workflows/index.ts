export { ONNXInferenceWorkflow } from './onnx.ts'
export { SklearnInferenceWorkflow } from './sklearn.ts'
export { TorchInferenceWorkflow } from './torch.ts'
