import type { Methods } from '../converter.ts'
import { BOOSTING } from './boosting.ts'
import { COMPOSED } from './compose.ts'
import { KERNELS } from './kernel.ts'
import { LINEAR_MODELS } from './linear.ts'
import { NEURAL } from './neural.ts'
import { PREPROCESSING } from './preprocessing.ts'
import { SVC } from './svc.ts'
import { TREES } from './tree.ts'

/** Every class of sk2torch 1.1 and 1.2, with the methods that it has; numbers are sk2torch's own, not scikit-learn's. */
export const SK2TORCH = {
  ...BOOSTING,
  ...COMPOSED,
  ...KERNELS,
  ...LINEAR_MODELS,
  ...NEURAL,
  ...PREPROCESSING,
  ...SVC,
  ...TREES,
} as const satisfies Record<string, Methods>

/** What stands in others and is not called by itself. */
export const SK2TORCH_PARTS = ['sk2torch._GradientBoostingStage', 'sk2torch._SingleClassOutput'] as const
