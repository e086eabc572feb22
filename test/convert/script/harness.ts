/** Runs programs of TorchScript and Python, and compares with what torch recorded. */
import { convertScript } from '../../../src/convert/script/convert.ts'
import type { Program } from '../../../src/convert/script/program.ts'
import type { ConvertOptions, TorchConversion } from '../../../src/convert/torch/convert.ts'
import { checkRefusal, modelOfConversion } from '../../../src/convert/torch/refusal.ts'
import { openSession } from '../../../src/runtime/session.ts'
import type { Tensor } from '../../../src/tensor/tensor.ts'

export interface Made {
  readonly outputs: readonly Tensor[]
  readonly names: readonly string[]
  readonly symbolic: boolean
}

type Chosen = Partial<Pick<ConvertOptions, 'method' | 'names'>>

/** The signature of a request: the first dimension of the inputs is the batch. */
export function optionsFor(inputs: readonly Tensor[], chosen: Chosen = {}): ConvertOptions {
  const batch = inputs[0]?.dims[0] ?? 1
  const signature = inputs.map(({ dtype, dims }) => ({
    dtype,
    dims: dims.map((dim, i) => (i === 0 && dim === batch ? null : dim)),
  }))
  return { inputs: signature, batch, ...chosen }
}

export const run = (program: Program, inputs: readonly Tensor[], chosen: Chosen = {}): Promise<Made> =>
  runConverted(convertScript(program, optionsFor(inputs, chosen)), inputs)

export async function runConverted(conversion: TorchConversion, inputs: readonly Tensor[]): Promise<Made> {
  const { graph, outputs, symbolic, refusal } = conversion
  const dtypes = [...inputs.map(({ dtype }) => dtype), ...[...graph.constants.values()].map(({ dtype }) => dtype)]
  const session = await openSession(modelOfConversion(conversion), {
    optimization: dtypes.includes('float64') ? 'basic' : 'all',
  })
  const made = await session.run(
    graph.inputs.map(({ name }) => name),
    inputs,
  )
  await session.close()
  checkRefusal(refusal?.sentences ?? [], made)
  return { outputs: made.slice(0, outputs.length), names: outputs.map(({ name }) => name), symbolic }
}
