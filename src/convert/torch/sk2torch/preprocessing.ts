import { isTensor } from '../../../formats/values.ts'
import type { Aten } from '../../aten/aten.ts'
import { matmulOf } from '../../aten/linear.ts'
import type { SymTensor } from '../../aten/symbolic.ts'
import { type Converter, type Methods, tensorAt } from '../converter.ts'
import type { TorchModule } from '../module.ts'

/** Scalers, PCA and the binarizer of labels (sk2torch/{standard_scaler,min_max_scaler,pca,label_binarizer}.py). */

const standardize: Converter = (m, t, inputs) =>
  t.op('div', [t.op('sub', [tensorAt(m, inputs), m.tensor('mean')]), m.tensor('scale')])
const unstandardize: Converter = (m, t, inputs) =>
  t.op('add', [t.op('mul', [tensorAt(m, inputs), m.tensor('scale')]), m.tensor('mean')])

const toRange: Converter = (m, t, inputs) => {
  const scaled = t.op('add', [t.op('mul', [tensorAt(m, inputs), m.tensor('scale')]), m.tensor('min')])
  if (!m.flag('clip')) return scaled
  const range = m.tensor('feature_range')
  const bound = (i: bigint): SymTensor => t.op('select', [range, 0n, i])
  return t.op('minimum', [t.op('maximum', [scaled, bound(0n)]), bound(1n)])
}
const fromRange: Converter = (m, t, inputs) =>
  t.op('div', [t.op('sub', [tensorAt(m, inputs), m.tensor('min')]), m.tensor('scale')])

/** 1.0, or a number for each component. */
const pcaScale = (m: TorchModule): SymTensor | number =>
  isTensor(m.raw('scale')) ? m.tensor('scale') : m.number('scale', 1)

const project: Converter = (m, t, inputs) => {
  const off = t.op('sub', [tensorAt(m, inputs), m.tensor('mean')])
  return t.op('mul', [matmulOf(t, off, t.op('t', [m.tensor('components')])), pcaScale(m)])
}
const reproject: Converter = (m, t, inputs) => {
  const unscaled = t.op('div', [tensorAt(m, inputs), pcaScale(m)])
  return t.op('add', [matmulOf(t, unscaled, m.tensor('components')), m.tensor('mean')])
}

/** One column for each class; the second's only where there are two. */
const binarize: Converter = (m, t, inputs) => {
  const x = tensorAt(m, inputs)
  const kind = m.oneOf('y_type', ['multiclass', 'binary', 'multilabel-indicator'])
  const [negative, positive] = [BigInt(m.int('neg_label')), BigInt(m.int('pos_label'))]
  if (kind === 'multilabel-indicator') return binarizeIndicator(t, x, negative, positive)
  const classes = m.tensor('classes')
  const columns = kind === 'binary' ? t.op('slice', [classes, 0n, 1n]) : classes
  const isClass = t.op('eq', [t.op('unsqueeze', [x, -1n]), columns])
  return t.op('long', [t.op('where', [isClass, positive, negative])])
}

/** scikit-learn's own rules, in which a positive label of 0 changes places with the negative one. */
function binarizeIndicator(t: Aten, given: SymTensor, negative: bigint, positive: bigint): SymTensor {
  const isSwitched = positive === 0n
  const label = isSwitched ? -negative : positive
  const marked = label === 1n ? given : t.op('where', [t.op('ne', [given, 0n]), t.scalar(label, given.dtype), given])
  let x = t.op('long', [marked])
  if (negative !== 0n) x = t.op('where', [t.op('eq', [x, 0n]), negative, x])
  return isSwitched ? t.op('where', [t.op('eq', [x, label]), 0n, x]) : x
}

export const unbinarize: Converter = (m, t, inputs) => {
  const x = tensorAt(m, inputs)
  const classes = m.tensor('classes')
  if (m.raw('y_type') === 'multiclass') return t.op('index', [classes, [t.op('argmax', [x, -1n])]])
  const threshold = (m.int('pos_label') + m.int('neg_label')) / 2
  const labels = t.op('index', [classes, [t.op('long', [t.op('gt', [x, threshold])])]])
  return m.raw('y_type') === 'binary' ? t.op('view', [labels, [-1n]]) : labels
}

export const PREPROCESSING = {
  'sk2torch.TorchLabelBinarizer': { forward: binarize, transform: binarize, inverse_transform: unbinarize },
  'sk2torch.TorchMinMaxScaler': { forward: toRange, transform: toRange, inverse_transform: fromRange },
  'sk2torch.TorchPCA': { forward: project, transform: project, inverse_transform: reproject },
  'sk2torch.TorchStandardScaler': { forward: standardize, transform: standardize, inverse_transform: unstandardize },
} as const satisfies Record<string, Methods>
