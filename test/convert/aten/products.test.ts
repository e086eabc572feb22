/** What products of matrices leave out: ONNX Runtime would fold it, once a layer, at the size of the batch. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Aten } from '../../../src/convert/aten/aten.ts'
import { SymSize } from '../../../src/convert/aten/size.ts'
import type { SymTensor } from '../../../src/convert/aten/symbolic.ts'
import { operatorOf } from '../../../src/convert/aten/table.ts'
import { createTensor } from '../../../src/tensor/tensor.ts'

const BATCH = new SymSize(1, 0)
/** Nodes that the value of `result` takes, in order. */
function operatorsFor(t: Aten, result: SymTensor): string[] {
  const wanted = new Set([t.value(result)])
  const found: string[] = []
  for (const node of [...t.graph.nodes].reverse()) {
    if (node.kind !== 'onnx' || !node.outputs.some((output) => wanted.has(output))) continue
    found.unshift(node.op)
    for (const input of node.inputs) if (input) wanted.add(input)
  }
  return found
}

test('a weight that is expanded to a batch is multiplied as it is', () => {
  const t = new Aten(operatorOf)
  const weight = t.constant(createTensor('float32', [4, 5]))
  const x = t.input('x', 'float32', [BATCH, 3, 4])
  const product = t.op('bmm', [x, t.op('expand', [weight, [BATCH, 4n, 5n]])])
  assert.deepEqual(product.dims, [BATCH, 3, 5])
  assert.deepEqual(operatorsFor(t, product), ['MatMul'])
})

test('of two that are expanded, one is', () => {
  const t = new Aten(operatorOf)
  const [a, b] = [t.constant(createTensor('float32', [3, 4])), t.constant(createTensor('float32', [4, 5]))]
  const product = t.op('bmm', [t.op('expand', [a, [2n, 3n, 4n]]), t.op('expand', [b, [2n, 4n, 5n]])])
  assert.deepEqual(operatorsFor(t, product), ['Expand', 'MatMul'])
})

test('the transposed weight of addmm is that of a linear layer', () => {
  const t = new Aten(operatorOf)
  const [weight, bias] = [t.constant(createTensor('float32', [5, 4])), t.constant(createTensor('float32', [5]))]
  const x = t.input('x', 'float32', [BATCH, 4])
  assert.deepEqual(operatorsFor(t, t.op('addmm', [bias, x, t.op('permute', [weight, [1n, 0n]])])), ['Gemm'])
})
