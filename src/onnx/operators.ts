import type { OnnxModel } from './model.ts'

/**
 * What ONNX Runtime 1.30.0 for CPUs loads: the newest opset of each domain, and the operators that it has a kernel for
 * or expands into others (`test/fixtures/make/onnx_operators.py` prints them). Older versions of an operator that it
 * has dropped are not told apart.
 */
const NEWEST_IR = 13
const DOMAINS = new Map([
  domain(
    '',
    'ai.onnx',
    26,
    `
      Abs Acos Acosh Add Affine AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool
      BatchNormalization Bernoulli BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast
      CastLike CausalConvWithState Ceil Celu CenterCropPad Clip Col2Im Compress Concat ConcatFromSequence Constant
      ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh Crop CumProd CumSum DFT DeformConv DepthToSpace
      DequantizeLinear Det Div Dropout DynamicQuantizeLinear DynamicSlice Einsum Elu Equal Erf Exp Expand EyeLike
      Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool
      Greater GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax
      Identity If ImageScaler InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less
      LessOrEqual LinearAttention Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool
      MaxRoiPool MaxUnpool Mean MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Multinomial Neg
      NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Optional OptionalGetElement OptionalHasElement
      Or PRelu Pad ParametricSoftplus Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN RandomNormal
      RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum
      ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare RegexFullMatch Relu
      Reshape Resize ReverseSequence RoiAlign RotaryEmbedding Round STFT Scale ScaledTanh Scan Scatter
      ScatterElements ScatterND Selu SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert
      SequenceLength SequenceMap Shape Shrink Sigmoid Sign SimplifiedLayerNormalization Sin Sinh Size Slice Softmax
      SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze StringConcat
      StringNormalizer StringSplit Sub Sum Swish Tan Tanh TensorScatter TfIdfVectorizer ThresholdedRelu Tile TopK
      Transpose Trilu Unique Unsqueeze Upsample Where Xor
  `,
  ),
  domain(
    'ai.onnx.ml',
    'ai.onnx.ml',
    5,
    `
      ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer LabelEncoder
      LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble
      TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
  `,
  ),
  domain(
    'com.microsoft',
    'com.microsoft',
    1,
    `
      Attention AttnLSTM BeamSearch BiasGelu BifurcationDetector CDist CausalConvWithState
      ConvTransposeWithDynamicPads CropAndResize DecoderMaskedMultiHeadAttention DequantizeLinear
      DynamicQuantizeLSTM DynamicQuantizeMatMul DynamicTimeWarping EmbedLayerNormalization EngramGate ExpandDims
      FastGelu FusedConv FusedGemm FusedMatMul GatedAdd GatedRMSNorm GatherBlockQuantized GatherND Gelu GreedySearch
      GridSample GroupQueryAttention Inverse LinearAttention LinearAttentionGate MRotaryEmbedding MatMulBnb4
      MatMulFpQ4 MatMulInteger16 MatMulIntegerToFloat MatMulNBits MaxpoolWithMask MoE MultiHeadAttention MurmurHash3
      NGramHashMapping NGramRepeatBlock NhwcMaxPool Pad QAttention QEmbedLayerNormalization QGemm QLinearAdd
      QLinearAveragePool QLinearConcat QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul
      QLinearSigmoid QLinearSoftmax QLinearWhere QMoE QuantizeLinear QuickGelu Range RotaryEmbedding SampleOp
      Sampling SkipLayerNormalization SkipSimplifiedLayerNormalization SparseAttention SparseToDenseMatMul Tokenizer
      TransposeMatMul Trilu UnfoldTensor Unique WhisperBeamSearch WordConvEmbedding
  `,
  ),
])

function domain(name: string, shown: string, newest: number, operators: string) {
  return [name, { shown, newest, operators: new Set(operators.trim().split(/\s+/)) }] as const
}

/** Why ONNX Runtime would refuse the model; undefined when nothing speaks against it. */
export function findUnserved({ irVersion, opsets, ops, functions, inputs }: OnnxModel): string | undefined {
  if (irVersion > NEWEST_IR) return `it has IR version ${irVersion}; the newest that is served is ${NEWEST_IR}`
  for (const [name, version] of opsets) {
    const known = DOMAINS.get(name)
    if (known && version > known.newest)
      return `it has opset ${version} of ${known.shown}; the newest that is served is ${known.newest}`
  }
  for (const op of ops) {
    if (functions.has(op)) continue
    const [, name = '', operator = ''] = /^(.*):([^:]*)$/.exec(op) ?? []
    if (!DOMAINS.get(name)?.operators.has(operator))
      return `it has the operator ${operator}${name && ` of ${name}`}, which is not served`
  }
  const strange = inputs.find(({ dtype }) => dtype === null)
  return strange && `its input '${strange.name}' is no tensor that is served`
}
