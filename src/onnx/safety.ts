import { CONDITIONAL } from './fragile.ts'
import type { OnnxModel } from './model.ts'

/**
 * Operators of ONNX's own domain that a zero-length dimension does not upset: with any of the dimensions of any input
 * at zero, they answered a tensor of the right shape, or refused with an ordinary error, in every version of the
 * operator and every element type; and with zero rows they answered. Measured in ONNX Runtime 1.30.0, CPU, in Python
 * and Node (`test/fixtures/make/onnx_empty.py`, and a sweep over the node tests that onnx brings along).
 *
 * Not here, because the process dies: Attention, ConvTranspose, DFT, Einsum, GRU, LSTM, STFT, TopK, Unique; because the
 * answer holds what earlier runs left in memory: Concat (of a tensor with rows and one without), MatMulInteger,
 * QLinearMatMul; because the mean of nothing is 0: ReduceMean; because of what other versions do:
 * InstanceNormalization; because a subgraph decides: If, Loop, Scan.
 */
// biome-ignore format: by family
const SAFE = new Set([
  // of each element
  'Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'BitwiseNot', 'Cast', 'CastLike', 'Ceil', 'Celu', 'Clip',
  'Cos', 'Cosh', 'Dropout', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'Identity', 'IsInf',
  'IsNaN', 'LeakyRelu', 'Log', 'Mish', 'Neg', 'Not', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Shrink', 'Sigmoid', 'Sign',
  'Sin', 'Sinh', 'Softplus', 'Softsign', 'Sqrt', 'Swish', 'Tan', 'Tanh', 'ThresholdedRelu',
  // of elements in pairs
  'Add', 'And', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'Div', 'Equal', 'Greater', 'GreaterOrEqual', 'Less',
  'LessOrEqual', 'Max', 'Mean', 'Min', 'Mod', 'Mul', 'Or', 'PRelu', 'Pow', 'Sub', 'Sum', 'Where', 'Xor',
  // along axes
  'BatchNormalization', 'CumSum', 'Hardmax', 'LayerNormalization', 'LogSoftmax', 'LpNormalization', 'RMSNormalization',
  'Softmax',
  // of images
  'AveragePool', 'DepthToSpace', 'GlobalAveragePool', 'GlobalMaxPool', 'MaxPool', 'SpaceToDepth',
  // of shapes and places
  'Constant', 'ConstantOfShape', 'Expand', 'EyeLike', 'Flatten', 'Gather', 'GatherElements', 'GatherND', 'NonZero',
  'OneHot', 'Pad', 'Reshape', 'ScatterElements', 'Shape', 'Size', 'Slice', 'Split', 'Squeeze', 'Tile', 'Transpose',
  'Trilu', 'Unsqueeze',
  // of texts
  'RegexFullMatch', 'StringConcat', 'StringSplit',
].map((name) => `:${name}`))

/** The same of ai.onnx.ml. Not here, because the process dies: FeatureVectorizer. */
// biome-ignore format: as above
const SAFE_ML = new Set([
  'ArrayFeatureExtractor', 'Binarizer', 'CategoryMapper', 'Imputer', 'LabelEncoder', 'LinearClassifier',
  'LinearRegressor', 'Normalizer', 'OneHotEncoder', 'SVMClassifier', 'SVMRegressor', 'Scaler', 'TreeEnsemble',
  'TreeEnsembleClassifier', 'TreeEnsembleRegressor', 'ZipMap',
].map((name) => `ai.onnx.ml:${name}`))

/** Every operator that `canHoldEmpty` allows, some of them only in the forms that `fragile.ts` tells. */
export const EMPTY_SAFE_OPS: ReadonlySet<string> = new Set([...SAFE, ...SAFE_ML, ...CONDITIONAL])

/**
 * Whether a model may be run on tensors with a zero-length dimension: whether each of its nodes is known to stand it.
 * A local function may hide one that does not.
 */
export const canHoldEmpty = (model: OnnxModel): boolean =>
  model.functions.size === 0 && model.fragile.size === 0 && [...model.ops].every((op) => EMPTY_SAFE_OPS.has(op))
