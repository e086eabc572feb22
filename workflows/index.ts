export { ONNXInferenceWorkflow } from './onnx.ts'
export { TorchInferenceWorkflow } from './torch.ts'
