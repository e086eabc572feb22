/** Programs of a few operators, as test/fixtures/make/torch_aten.py writes them, run through the ATen layer. */
import type { Datum } from '../../../src/convert/aten/args.ts'
import { isScalar } from '../../../src/convert/aten/args.ts'
import { Aten } from '../../../src/convert/aten/aten.ts'
import { SymSize } from '../../../src/convert/aten/size.ts'
import { SymTensor } from '../../../src/convert/aten/symbolic.ts'
import { operatorOf } from '../../../src/convert/aten/table.ts'
import { modelOf } from '../../../src/convert/plan.ts'
import { openSession } from '../../../src/runtime/session.ts'
import type { Tensor } from '../../../src/tensor/tensor.ts'
import { decode, type Recorded } from '../torch/harness.ts'

type Argument = null | boolean | number | string | { readonly v: string } | { readonly f: string } | readonly Argument[]

export interface Program {
  readonly inputs: Readonly<Record<string, Recorded>>
  readonly steps: readonly (readonly [string, string, readonly Argument[], Readonly<Record<string, Argument>>])[]
  readonly results: readonly string[]
  readonly outputs: readonly (readonly Recorded[])[]
}

const NUMBERS: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
}

function live(argument: Argument, scope: ReadonlyMap<string, Datum>): Datum {
  if (Array.isArray(argument)) return argument.map((item: Argument) => live(item, scope))
  if (typeof argument === 'number') return BigInt(argument)
  if (argument === null || typeof argument !== 'object') return argument as Datum
  if ('v' in argument) return scope.get(argument.v) as Datum
  const { f } = argument as { readonly f: string }
  return NUMBERS[f] ?? Number(f)
}

/** What the results of a program are. @param open whether the first length of the first input is the batch */
export async function runProgram({ inputs, steps, results }: Program, open: boolean): Promise<Tensor[]> {
  const t = new Aten(operatorOf)
  const scope = new Map<string, Datum>()
  const feeds: Tensor[] = []
  const batch = Object.values(inputs)[0]?.shape[0]
  for (const [name, recorded] of Object.entries(inputs)) {
    const tensor = decode(recorded)
    const dims = tensor.dims.map((dim, i) => (open && i === 0 && dim === batch ? new SymSize(1, 0) : dim))
    scope.set(name, t.input(name, tensor.dtype, dims))
    feeds.push(tensor.dtype === 'bfloat16' ? { ...tensor, dtype: 'float32' } : tensor)
  }
  for (const [target, name, args, kwargs] of steps) {
    const keywords = new Map(Object.entries(kwargs).map(([key, value]) => [key, live(value, scope)]))
    scope.set(
      target,
      t.call(
        name,
        args.map((argument) => live(argument, scope)),
        keywords,
      ),
    )
  }
  const flat = (value: Datum): SymTensor[] => {
    if (value instanceof SymTensor) return [value]
    if (isScalar(value)) return [t.scalar(value)]
    return (value as readonly Datum[]).flatMap(flat)
  }
  const found = results.flatMap((result) => {
    const [name, index] = result.split('.') as [string, string?]
    const value = scope.get(name) as Datum
    return flat(index === undefined ? value : ((value as readonly Datum[])[Number(index)] as Datum))
  })
  const outputs = found.map((tensor, i) => ({ name: `y${i}`, value: t.output(tensor) }))
  const session = await openSession(modelOf(t.graph, outputs), { optimization: 'basic' })
  const used = new Set(t.graph.inputs.map(({ name }) => name))
  const made = await session.run([...used], feeds)
  await session.close()
  return made.map((tensor, i) => ({ ...tensor, dtype: (found[i] as SymTensor).dtype }))
}
