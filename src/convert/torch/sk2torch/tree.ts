import { InferError } from '../../../errors.ts'
import { createTensor } from '../../../tensor/tensor.ts'
import type { Datum } from '../../aten/args.ts'
import type { Aten } from '../../aten/aten.ts'
import type { SymTensor } from '../../aten/symbolic.ts'
import { type Converter, type Methods, tensorAt } from '../converter.ts'
import type { TorchModule } from '../module.ts'

/** Decision trees (sk2torch/tree.py). x is compared as it comes, without scikit-learn's cast to float32. */

/**
 * The leaf whose path's conditions all hold. A leaf's misses are Σ mask·|c - cond| over the branches c = x > threshold,
 * which is c·(mask - 2·cond)ᵀ + Σ cond: 0 for one leaf.
 */
function leafOf(m: TorchModule, t: Aten, x: SymTensor): SymTensor {
  const [cond, mask] = [m.array('cond'), m.array('cond_mask')]
  const [leaves, branches] = cond.dims as readonly [number, number]
  if (mask.dims.join() !== cond.dims.join())
    throw new InferError('bad_model', `${m.title} has conditions that do not fit`)
  const weights = new Float32Array(leaves * branches)
  const wanted = new Float32Array(leaves)
  for (let leaf = 0; leaf < leaves; leaf++) {
    for (let branch = 0; branch < branches; branch++) {
      const at = leaf * branches + branch
      const isTrue = Number(cond.data[at])
      weights[branch * leaves + leaf] = Number(mask.data[at]) - 2 * isTrue
      wanted[leaf] = (wanted[leaf] as number) + isTrue
    }
  }
  const picked = t.op('index', [x, [null, m.tensor('feature')]])
  const passed = t.in(t.op('gt', [picked, m.tensor('threshold')]), 'float32')
  const matrix = t.graph.constant(t.makeup(createTensor('float32', [branches, leaves], weights)))
  const misses = t.node('Add', [t.node('MatMul', [passed, matrix]), createTensor('float32', [leaves], wanted)])
  const dims = x.dims.slice(0, 1)
  return t.moved(t.node('ArgMin', [misses], { axis: 1, keepdims: 0 }), 'int64', dims)
}

/** The rows of a table for each leaf; a tree of one leaf has no branches. */
function atLeaf(m: TorchModule, t: Aten, x: SymTensor, table: string): SymTensor {
  const rows = m.tensor(table)
  if (rows.dims[0] !== 1) return t.op('index', [rows, [leafOf(m, t, x)]])
  return t.expand(rows, [...x.dims.slice(0, 1), ...rows.dims.slice(1)])
}

const rawValues: Converter = (m, t, inputs) => atLeaf(m, t, tensorAt(m, inputs), 'value')
const decisionPath: Converter = (m, t, inputs) => atLeaf(m, t, tensorAt(m, inputs), 'decision_paths')

const regress: Converter = (m, t, inputs) => {
  const values = atLeaf(m, t, tensorAt(m, inputs), 'value')
  const flat = t.op('flatten', [values, 1n])
  return flat.dims[1] === 1 ? t.op('view', [flat, [-1n]]) : flat
}

/** What each output says, of its row of the values: [batch, classes of the largest output]. */
function eachOutput(
  m: TorchModule,
  t: Aten,
  inputs: readonly Datum[],
  f: (counts: SymTensor, classes: SymTensor) => SymTensor,
): SymTensor[] {
  const values = atLeaf(m, t, tensorAt(m, inputs), 'value')
  return m
    .child('outputs')
    .children()
    .map(([, output], i) => {
      const counts = t.op('slice', [t.op('select', [values, 1n, BigInt(i)]), 1n, 0n, BigInt(output.int('n_classes'))])
      return f(counts, output.tensor('classes'))
    })
}

const classify: Converter = (m, t, inputs) => {
  const outputs = eachOutput(m, t, inputs, (counts, classes) =>
    t.op('index', [classes, [t.op('argmax', [counts, 1n])]]),
  )
  return m.int('n_outputs') === 1 ? (outputs[0] as SymTensor) : t.op('stack', [outputs, -1n])
}

const shares = (t: Aten, counts: SymTensor): SymTensor => {
  const total = t.op('sum', [counts, 1n, true])
  const divisor = t.op('where', [t.op('eq', [total, 0n]), t.scalar(1, total.dtype), total])
  return t.op('div', [counts, divisor])
}

const collapse = (m: TorchModule, outputs: readonly SymTensor[]): Datum =>
  m.int('n_outputs') === 1 ? (outputs[0] as SymTensor) : outputs
const proba: Converter = (m, t, inputs) =>
  collapse(
    m,
    eachOutput(m, t, inputs, (counts) => shares(t, counts)),
  )
const logProba: Converter = (m, t, inputs) =>
  collapse(
    m,
    eachOutput(m, t, inputs, (counts) => t.op('log', [shares(t, counts)])),
  )

export const TREES = {
  'sk2torch.TorchDecisionTreeClassifier': {
    forward: classify,
    predict: classify,
    predict_proba: proba,
    predict_log_proba: logProba,
    raw_values: rawValues,
    decision_path: decisionPath,
  },
  'sk2torch.TorchDecisionTreeRegressor': {
    forward: regress,
    predict: regress,
    raw_values: rawValues,
    decision_path: decisionPath,
  },
} as const satisfies Record<string, Methods>
