import { ACTIVATIONS } from './activation.ts'
import { ADAPTIVE_POOLS } from './adaptive-pool.ts'
import { ARITHMETIC } from './arithmetic.ts'
import type { AtenOperator } from './aten.ts'
import { ATTENTION } from './attention.ts'
import { CELLS } from './cell.ts'
import { COMPARISONS } from './comparison.ts'
import { COMPOSITES } from './composite.ts'
import { CONVOLUTIONS } from './conv.ts'
import { CREATORS } from './create.ts'
import { ELEMENTWISE } from './elementwise.ts'
import { EMBEDDINGS } from './embedding.ts'
import { FOLDS } from './fold.ts'
import { GRIDS } from './grid.ts'
import { INDEXING } from './indexing.ts'
import { JOINS } from './join.ts'
import { PRODUCTS } from './linear.ts'
import { MATRICES } from './matrix.ts'
import { NORMS } from './norm.ts'
import { POOLS } from './pool.ts'
import { RECURRENTS } from './recurrent.ts'
import { REDUCTIONS } from './reduce.ts'
import { RESIZES } from './resize.ts'
import { SLICES } from './slice.ts'
import { VIEWS } from './view.ts'

/** Every operator of torch that is converted, by its name without overload. Families are in files of their own. */
const OPERATORS = {
  ...ACTIVATIONS,
  ...ARITHMETIC,
  ...ATTENTION,
  ...CELLS,
  ...COMPARISONS,
  ...COMPOSITES,
  ...CONVOLUTIONS,
  ...CREATORS,
  ...ELEMENTWISE,
  ...FOLDS,
  ...GRIDS,
  ...EMBEDDINGS,
  ...INDEXING,
  ...JOINS,
  ...MATRICES,
  ...NORMS,
  ...ADAPTIVE_POOLS,
  ...POOLS,
  ...PRODUCTS,
  ...RECURRENTS,
  ...REDUCTIONS,
  ...RESIZES,
  ...SLICES,
  ...VIEWS,
} as const satisfies Record<string, AtenOperator>

/** Other names of the same: of numpy's, of older releases, of `torch.special`. */
// biome-ignore format: a list of names
const ALIASES = {
  _cdist_forward: 'cdist', _embedding_bag: 'embedding_bag', _embedding_bag_forward_only: 'embedding_bag',
  _local_scalar_dense: 'item', _reshape_alias: 'reshape', _to_copy: 'to', _unsafe_view: 'view', absolute: 'abs', arccos: 'acos',
  arcsin: 'asin', arctan: 'atan', arctan2: 'atan2', broadcast_to: 'expand', clip: 'clamp', concatenate: 'concat', divide: 'div', greater: 'gt',
  ger: 'outer', greater_equal: 'ge', less: 'lt', less_equal: 'le',
  moveaxis: 'movedim', multiply: 'mul', negative: 'neg', not_equal: 'ne', special_erf: 'erf', special_expit: 'sigmoid',
  lift: 'detach', lift_fresh: 'detach', lift_fresh_copy: 'clone',
  special_expm1: 'expm1', special_log1p: 'log1p', special_logit: 'logit',
  special_logsumexp: 'logsumexp', special_xlogy: 'xlogy', subtract: 'sub', swapaxes: 'transpose', swapdims: 'transpose',
  true_divide: 'div', unsafe_chunk: 'chunk', unsafe_split: 'split', unsafe_split_with_sizes: 'split_with_sizes',
} as const

export type OperatorName = keyof typeof OPERATORS

/** A Map: names come out of files. */
export const operatorOf: ReadonlyMap<string, AtenOperator> = new Map<string, AtenOperator>([
  ...Object.entries(OPERATORS),
  ...Object.entries(ALIASES).flatMap(([alias, name]): [string, AtenOperator][] => {
    const operator = (OPERATORS as Readonly<Record<string, AtenOperator>>)[name]
    return operator ? [[alias, operator]] : []
  }),
])

/** The names of the table, which fixtures cover. */
export const OPERATOR_NAMES = Object.keys(OPERATORS) as readonly OperatorName[]
