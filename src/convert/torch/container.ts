import type { Datum } from '../aten/args.ts'
import type { Converter } from './converter.ts'

/** Containers (torch/nn/modules/container.py). A ModuleList has no forward, and stands only within other modules. */

/** The output of one is the input of the next; a tuple is passed on as one argument. */
const sequential: Converter = (m, _t, inputs, forward) => {
  let value: Datum = inputs[0] ?? null
  for (const [, module] of m.children()) value = forward(module, value)
  return value
}

const parallel: Converter = (m, _t, inputs, forward) => forward(m.child('module'), ...inputs)

// biome-ignore format: one row per module
export const CONTAINERS = {
  'torch.nn.Sequential': sequential,
  'torch.nn.parallel.data_parallel.DataParallel': parallel,
  'torch.nn.parallel.distributed.DistributedDataParallel': parallel,
} as const satisfies Record<string, Converter>
