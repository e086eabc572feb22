import { InferError } from '../../errors.ts'
import type { CatboostModel } from '../../formats/catboost.ts'
import type { Forest } from '../../kernels/forest-layout.ts'
import type { SymmetricTrees } from '../../kernels/symmetric-trees.ts'
import { checkForest } from '../forest.ts'
import { type CatboostColumns, columnsOf } from './catboost-features.ts'
import { forestOf, symmetricOf } from './catboost-trees.ts'
import { MAX_OUTPUTS } from './fields.ts'

/** A CatBoost model in terms of the kernels. */
export interface CatboostBooster extends CatboostColumns {
  /** Columns of the score. */
  readonly dimension: number
  readonly symmetric: SymmetricTrees | undefined
  readonly forest: Forest | undefined
  /** Of the forest, by tree and node: the number that CatBoost gives the leaf. */
  readonly leafNumbers: Int32Array
  /** Training data by leaf of the symmetric trees, or by node of the forest; `undefined` where the file has none. */
  readonly cover: Float64Array | undefined
  readonly scale: number
  readonly bias: Float64Array
  readonly info: ReadonlyMap<string, string>
}

const broken = (what: string): InferError => new InferError('bad_model', `CatBoost: ${what}`)

/** @throws InferError bad_model that names what of the model is broken, or is not converted */
export function readBooster(model: CatboostModel): CatboostBooster {
  const [other] = model.others
  if (other) throw broken(`it has features of ${other}s, which are not supported`)
  const { dimension, trees } = model
  if (!(dimension >= 1 && dimension <= MAX_OUTPUTS) || !Number.isInteger(dimension))
    throw broken(`its scores have ${dimension} columns`)
  if (model.bias.length !== dimension) throw broken(`it has ${model.bias.length} biases for ${dimension} columns`)
  const { bins, ...columns } = columnsOf(model)
  const isSymmetric = trees.steps.length === 0
  const shared = { ...columns, dimension, scale: model.scale, bias: model.bias, info: model.info }
  if (isSymmetric) {
    const symmetric = symmetricOf(trees, dimension, bins)
    const leaves = symmetric.values.length / dimension
    const cover = trees.weights.length === leaves && leaves > 0 ? trees.weights : undefined
    return { ...shared, symmetric, forest: undefined, leafNumbers: new Int32Array(0), cover }
  }
  const { forest, leafNumbers, cover } = forestOf(trees, dimension, bins)
  checkForest(forest, columns.columns.length, 'CatBoost')
  return { ...shared, symmetric: undefined, forest, leafNumbers, cover }
}
