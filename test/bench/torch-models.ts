/** Torch's modules and TorchScript. An answer is torch's within 1e-5 of its largest value (float64: within 1e-9). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sizeOf, type Tensor } from '../../src/tensor/tensor.ts'
import { firstDifference } from './answers.ts'
import type { Made, Suite } from './models.ts'

interface Saved extends Made {
  readonly dtype: 'float32' | 'float64'
  /** The size of a row. */
  readonly row: readonly number[]
}

export const TORCH_MODELS: Suite<Saved, Tensor> = {
  title: 'torch models',
  script: fileURLToPath(new URL('./torch_models.py', import.meta.url)),
  needs: 'torch',
  timedRows: [1, 64],
  rows: 64,
  aims: { small: 1.5, other: 1, slow: 1 },
  inputOf: ({ name, dtype, row }, folder) => {
    const { buffer } = Uint8Array.from(readFileSync(join(folder, `${name}.rows`)))
    const data = dtype === 'float32' ? new Float32Array(buffer) : new Float64Array(buffer)
    return (rows) => ({ dtype, dims: [rows, ...row], data: data.slice(0, rows * sizeOf(row)) })
  },
  ask: (model, input) => model.run([{ ...input, name: '' }]),
  difference: (_, [output], answer) =>
    firstDifference(output, answer, (values) => {
      const scale = Math.max(...values.map((value) => Math.abs(Number(value))))
      return { relative: 0, absolute: (output?.dtype === 'float64' ? 1e-9 : 1e-5) * scale }
    }),
}
