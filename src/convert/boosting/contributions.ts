import type { Forest } from '../../kernels/forest-layout.ts'
import { type ShapForest, TreeShap } from '../../kernels/tree-shap.ts'
import type { Expr } from '../../onnx/expr.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'

export interface ContributionSettings {
  readonly cover: Float64Array
  /** By column of the forest: the features that share what it contributes; by default its own. */
  readonly origins?: readonly (readonly number[])[]
  readonly features: number
  /** By output: what scores start from. */
  readonly base: Float64Array
  readonly what: string
}

/**
 * Contributions of the features to the score, the expected value last: float64 [rows, features + 1], of several outputs
 * [rows, outputs, features + 1]. Absent where the file does not tell how much data reached each node.
 */
export function contributions(
  x: Expr,
  forest: Forest,
  { cover, features, base, what, ...rest }: ContributionSettings,
): { readonly pred_contribs?: Expr } {
  const inner = forest.feature.findIndex((column) => column >= 0)
  if (inner >= 0 && forest.roots.every((root) => !((cover[root] as number) > 0))) return {}
  const used = forest.feature.reduce((most, column) => Math.max(most, column + 1), 0)
  const origins = rest.origins ?? Array.from({ length: used }, (_, column) => [column])
  const model: ShapForest = { forest, cover, ...grouped(origins), features, base }
  // Made when first asked for: most requests are not.
  let shap: TreeShap | undefined
  const run = (rows: Tensor): Tensor => {
    shap ??= new TreeShap(model, what)
    return squeezed(shap.run(rows))
  }
  return { pred_contribs: x.graph.host('contributions', [x], ['float64'], (rows) => [run(rows as Tensor)])[0] as Expr }
}

/** Columns of the same features count as one. */
function grouped(origins: readonly (readonly number[])[]): Pick<ShapForest, 'groups' | 'origins'> {
  const known = new Map<string, number>()
  const lists: (readonly number[])[] = []
  const groups = Int32Array.from(origins, (origin) => {
    const key = origin.join()
    const group = known.get(key) ?? lists.push(origin) - 1
    known.set(key, group)
    return group
  })
  return { groups, origins: lists }
}

const squeezed = (value: Tensor): Tensor => {
  const [rows = 0, outputs = 1, step = 0] = value.dims
  return outputs === 1 ? { ...value, dims: [rows, step] } : value
}

/**
 * Of a linear booster: each weight times its value, the bias and the base last
 * (XGBoost's src/gbm/gblinear.cc, `PredictContribution`); what is missing contributes nothing.
 * @param weights a row of `groups` for each column, then the biases
 */
export function linearContributions(x: Tensor, weights: Float64Array, base: Float64Array): Tensor {
  const [rows = 0, columns = 0] = x.dims
  const groups = base.length
  const cells = Float32Array.from(x.data as Float64Array)
  const made = new Float64Array(rows * groups * (columns + 1))
  for (let row = 0; row < rows; row++) {
    for (let group = 0; group < groups; group++) {
      const at = (row * groups + group) * (columns + 1)
      for (let column = 0; column < columns; column++) {
        const value = cells[row * columns + column] as number
        made[at + column] = Number.isNaN(value) ? 0 : Math.fround(value * (weights[column * groups + group] as number))
      }
      made[at + columns] = Math.fround((weights[columns * groups + group] as number) + (base[group] as number))
    }
  }
  return squeezed(createTensor('float64', [rows, groups, columns + 1], made))
}
