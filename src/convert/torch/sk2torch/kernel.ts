import type { Aten } from '../../aten/aten.ts'
import { matmulOf } from '../../aten/linear.ts'
import { knownSize } from '../../aten/size.ts'
import type { SymTensor } from '../../aten/symbolic.ts'
import { type Converter, type Methods, tensorAt } from '../converter.ts'
import type { TorchModule } from '../module.ts'

/** Kernels, and what is linear in them (sk2torch/kernel.py, svr.py, nystroem.py). */

const METRICS = ['linear', 'poly', 'polynomial', 'rbf', 'sigmoid'] as const

/** [rows of x, rows of y] */
export function kernelOf(m: TorchModule, t: Aten, x: SymTensor, y: SymTensor): SymTensor {
  const metric = m.oneOf('metric', METRICS)
  const number = (name: string, byDefault: number): number => (m.flag(`has_${name}`) ? m.number(name) : byDefault)
  const turned = t.op('t', [y])
  if (metric === 'linear') return matmulOf(t, x, turned)
  const gamma = number('gamma', 1 / knownSize(x.dims[1], 'a kernel'))
  if (metric === 'rbf') {
    const square = (v: SymTensor): SymTensor => t.op('sum', [t.op('square', [v]), [-1n]])
    const both = t.op('add', [t.op('unsqueeze', [square(x), 1n]), t.op('unsqueeze', [square(y), 0n])])
    const gap = t.op('sub', [both, t.op('mul', [matmulOf(t, x, turned), 2n])])
    return t.op('exp', [t.op('mul', [t.op('clamp_min', [gap, 0n]), -gamma])])
  }
  const dots = t.op('add', [matmulOf(t, t.op('mul', [x, gamma]), turned), number('coef0', 1)])
  return metric === 'sigmoid' ? t.op('tanh', [dots]) : t.op('pow', [dots, number('degree', 3)])
}

const kernel: Converter = (m, t, inputs) => kernelOf(m, t, tensorAt(m, inputs), tensorAt(m, inputs, 1))

const svr: Converter = (m, t, inputs) => {
  const similar = kernelOf(m.child('kernel'), t, tensorAt(m, inputs), m.tensor('support_vectors'))
  const weights = t.op('t', [m.tensor('dual_coef')])
  return t.op('add', [t.op('squeeze', [matmulOf(t, similar, weights), 1n]), m.tensor('intercept')])
}

const nystroem: Converter = (m, t, inputs) => {
  const similar = kernelOf(m.child('kernel'), t, tensorAt(m, inputs), m.tensor('components'))
  return matmulOf(t, similar, t.op('t', [m.tensor('normalization')]))
}

export const KERNELS = {
  'sk2torch.Kernel': { forward: kernel },
  'sk2torch.TorchNystroem': { forward: nystroem, transform: nystroem },
  'sk2torch.TorchSVR': { forward: svr, predict: svr },
} as const satisfies Record<string, Methods>
