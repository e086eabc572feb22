import { isArray, typeName } from '../../formats/values.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Graph } from '../../onnx/graph.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { labelsAt, pairOf } from './classifiers.ts'
import type { Converter } from './converter.ts'
import { type Estimator, toFloats } from './estimator.ts'
import type { Features } from './features.ts'

const ACTIVATIONS = {
  exp: (value: Expr) => value.exp(),
  identity: (value: Expr) => value,
  logistic: (value: Expr) => value.sigmoid(),
  relu: (value: Expr) => value.relu(),
  softmax: (value: Expr) => value.softmax(1),
  tanh: (value: Expr) => value.tanh(),
} as const

/**
 * What the last layer gives: [rows, outputs], each layer `f(x · W + b)`.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/neural_network/_multilayer_perceptron.py
 */
function forward(model: Estimator, { numbers, width }: Features): { value: Expr; outputs: number } {
  const weights = arrays(model, 'coefs_')
  const biases = arrays(model, 'intercepts_')
  const hidden = ACTIVATIONS[model.oneOf('activation', ['identity', 'logistic', 'relu', 'tanh'], 'relu')]
  const last = ACTIVATIONS[model.oneOf('out_activation_', ['exp', 'identity', 'logistic', 'softmax'])]
  let [value, columns] = [numbers, width]
  weights.forEach((matrix, i) => {
    const [rows, outputs = 0] = matrix.dims
    const bias = biases[i]
    if (matrix.dims.length !== 2 || rows !== columns)
      throw model.broken(['coefs_'], `holds a layer of shape [${matrix.dims.join(', ')}] for ${columns} values`)
    if (bias?.dims.join() !== `${outputs}`) throw model.broken(['intercepts_'], `do not fit coefs_ in layer ${i}`)
    const sums = value.matmul(matrix).add(bias)
    value = i === weights.length - 1 ? last(sums) : hidden(sums)
    columns = outputs
  })
  return { value, outputs: columns }
}

const arrays = (model: Estimator, name: string): Tensor[] =>
  model.list(name).map((item, i) => {
    if (!isArray(item)) throw model.broken([name], `holds ${typeName(item)} for layer ${i}, not an array`)
    return createTensor('float64', item.shape, toFloats(item))
  })

export const mlpRegressor: Converter = (model, x) => {
  const { value, outputs } = forward(model, x)
  return { predict: outputs === 1 ? value.squeeze(1) : value }
}

/** Several classes: the largest; two, or several labels: those above one half. */
export const mlpClassifier: Converter = (model, x, g) => {
  const { value, outputs } = forward(model, x)
  const binarizer = model.estimator('_label_binarizer')
  const classes = binarizer.labels('classes_')
  const kind = binarizer.oneOf('y_type_', ['binary', 'multiclass', 'multilabel-indicator'])
  const probabilities = outputs === 1 ? pairOf(g, value.squeeze(1)) : value
  return {
    predict: predicted(g, kind, value, classes),
    predict_proba: probabilities,
    predict_log_proba: probabilities.log(),
    classes,
  }
}

function predicted(g: Graph, kind: string, value: Expr, classes: Tensor): Expr {
  if (kind === 'multilabel-indicator') return value.gt(0.5).cast('int64')
  if (kind === 'multiclass') return labelsAt(g, classes, value.argmax(1))
  const isSecond = value.squeeze(1).gt(0.5).cast('int64')
  return labelsAt(g, classes, classes.data.length === 1 ? isSecond.mul(0) : isSecond)
}
