import { InferError } from '../../errors.ts'
import { bytesOf, isObject } from '../../formats/values.ts'
import { readXgboost } from '../../formats/xgboost.ts'
import type { Forest } from '../../kernels/forest-layout.ts'
import { linearBooster } from '../../kernels/linear-booster.ts'
import { each, flat, labelsFrom, largest, pairs, single, softmax } from '../../kernels/links.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { HostValue } from '../../tensor/host-value.ts'
import { createTensor, type Tensor } from '../../tensor/tensor.ts'
import { treeLeaves, treeSums } from '../forest.ts'
import type { Converted, Converter } from '../sklearn/converter.ts'
import { Estimator, type Labels } from '../sklearn/estimator.ts'
import type { Features } from '../sklearn/features.ts'
import { categoryNumbers } from './categories.ts'
import { contributions, linearContributions } from './contributions.ts'
import { isSince, readLearner, type XgboostLearner } from './xgboost-model.ts'
import { ascending, BINARY, PLAIN, TRANSFORMS } from './xgboost-objectives.ts'

const isMulticlass = (objective: string): boolean => objective.startsWith('multi:')

/** A learner as a file of XGBoost holds it: `Booster.predict` with all trees. */
export function convertLearner(learner: XgboostLearner, features: Features): Converted {
  const x = categoryNumbers(features, learner.categories, 'refused')
  const margin = marginOf(learner, x, allTrees(learner))
  const { objective } = learner
  const linked = linkedBy(learner, margin)
  const probabilities = probabilitiesOf(learner, margin)
  return {
    predict:
      objective === 'multi:softmax'
        ? kernel('largest', margin, 'float32', (sums) => places(largest(sums)))
        : predicted(linked),
    ...(probabilities && {
      predict_proba: predicted(probabilities),
      classes: numbered(isMulticlass(objective) ? learner.classes : 2),
    }),
    decision_function: predicted(margin),
    ...explained(learner, x, allTrees(learner)),
  }
}

/** XGBClassifier, XGBRegressor, XGBRanker, their random forests, and a pickled Booster. */
export const xgboost: Converter = (model, x) => {
  const learner = learnerOf(model)
  if (model.name === 'Booster') return convertLearner(learner, x)
  const features = withoutMissing(model, categoryNumbers(x, learner.categories, 'refused'))
  const trees = treesOfEstimator(model, learner)
  const margin = marginOf(learner, features, trees)
  const shared = { decision_function: predicted(margin), ...explained(learner, features, trees) }
  const linked = linkedBy(learner, margin)
  if (!model.name.endsWith('Classifier')) return { predict: predicted(linked), ...shared }
  const classes = labelsOf(model, learner)
  const probabilities = probabilitiesOf(learner, margin) ?? pairsOf(linked)
  return {
    predict: chosen(learner, classes, learner.objective === 'multi:softmax' ? margin : linked),
    predict_proba: predicted(probabilities),
    ...shared,
    classes,
  }
}

/** By Booster: it is asked for its columns, and for every conversion. */
const learners = new WeakMap<object, XgboostLearner>()

/** The learner of a pickled estimator or Booster, read once. @throws InferError bad_model */
export function learnerOf(model: Estimator): XgboostLearner {
  const booster = model.name === 'Booster' ? model : new Estimator(model.raw('_Booster'), `${model.type}._Booster`)
  const known = learners.get(booster.object)
  if (known) return known
  const bytes = bytesOf(booster.raw('handle'))
  if (!bytes) throw booster.broken(['handle'], 'is not there: the booster was not fitted')
  const learner = readLearner(readXgboost(bytes).model)
  learners.set(booster.object, learner)
  return learner
}

/**
 * float32 sums as float64 [rows, groups]. Since 1.3 they start from the base score; before, it is added to their sum
 * (src/predictor/cpu_predictor.cc, `PredictBatchKernel`, before that `PredLoopSpecalize`).
 */
function marginOf(learner: XgboostLearner, x: Expr, forest: Forest | undefined): Expr {
  const { base, weights } = learner
  const start = createTensor('float64', [base.length], base)
  if (forest && isSince(learner, 1, 3)) return treeSums(x, forest, x.graph.constant(start))
  if (forest) return kernel('base score', treeSums(x, forest), 'float64', (sums) => addBase(sums, base))
  return kernel('linear booster', x, 'float64', (rows) => linearBooster(rows, weights as Float64Array, base))
}

const addBase = ({ dims, data }: Tensor, base: Float64Array): Tensor =>
  createTensor(
    'float64',
    dims,
    (data as Float64Array).map((sum, i) => Math.fround(sum + (base[i % base.length] as number))),
  )

const allTrees = ({ trees }: XgboostLearner): Forest | undefined => trees?.forest

/** An estimator stops at its best iteration (`XGBModel._get_iteration_range`). */
function treesOfEstimator(model: Estimator, learner: XgboostLearner): Forest | undefined {
  const { trees, rounds, bestIteration, bestTrees, knowsRounds, groups } = learner
  if (!trees) return undefined
  const forest = isInplace(learner) ? withInplaceDropout(learner, trees.forest) : trees.forest
  const limit = knowsRounds
    ? rounds[(bestIteration ?? Number.POSITIVE_INFINITY) + 1]
    : groups * (bestTrees ?? model.number('best_ntree_limit', 0))
  if (!limit || limit >= forest.roots.length) return forest
  return { ...forest, roots: forest.roots.slice(0, limit), target: forest.target.slice(0, limit) }
}

/** From 1.4 to 3.2, where estimators predict without a DMatrix, and dart in its own way. */
const isInplace = (learner: XgboostLearner): boolean =>
  learner.dropout !== undefined && isSince(learner, 1, 4) && !isSince(learner, 3, 3)

/**
 * What `Dart::InplacePredict` adds for a leaf, in float32: it predicts with the base score, and takes that off again
 * before it weighs the tree (https://github.com/dmlc/xgboost/blob/v2.1.4/src/gbm/gbtree.cc#L881).
 */
function withInplaceDropout({ base, dropout, trees }: XgboostLearner, forest: Forest): Forest {
  const values = forest.values.slice()
  forest.roots.forEach((root, tree) => {
    const weight = Math.fround(dropout?.[tree] ?? 1)
    const score = base[forest.target[tree] as number] as number
    const end = forest.roots[tree + 1] ?? values.length
    for (let node = root; node < end; node++) {
      const leaf = trees?.leaves[node] as number
      values[node] = Math.fround(Math.fround(Math.fround(leaf + score) - score) * weight)
    }
  })
  return { ...forest, values }
}

function linkedBy(learner: XgboostLearner, margin: Expr): Expr {
  const { objective, groups } = learner
  if (objective === 'reg:quantileerror' && groups > 1 && isSince(learner, 3, 4))
    return kernel(objective, margin, 'float64', ascending)
  const link = TRANSFORMS.get(objective)
  if (link) return kernel(objective, margin, 'float64', link)
  if (PLAIN.test(objective)) return margin
  throw new InferError('bad_model', `XGBoost: the objective ${objective} is not supported`)
}

/** [rows, classes]; of several labels [rows, labels]. */
function probabilitiesOf(learner: XgboostLearner, margin: Expr): Expr | undefined {
  const { objective, groups } = learner
  if (isMulticlass(objective)) return kernel('softmax', margin, 'float64', (sums) => softmax(sums, Math.fround))
  if (!BINARY.test(objective)) return undefined
  const linked = linkedBy(learner, margin)
  return groups > 1 ? linked : pairsOf(linked)
}

/** Also of what is no probability: `XGBClassifier.predict_proba` subtracts it from one all the same. */
const pairsOf = (linked: Expr): Expr =>
  kernel('probabilities', linked, 'float64', (second) => pairs(second, Math.fround))

/** The labels that `XGBClassifier.predict` chooses of predictions [rows, groups]. */
function chosen({ groups, objective }: XgboostLearner, classes: Labels, linked: Expr): Expr {
  if (groups > 1 && !isMulticlass(objective))
    return kernel('labels', linked, 'int64', ({ dims, data }) =>
      createTensor(
        'int64',
        dims,
        BigInt64Array.from(data as Float64Array, (p) => (p > 0.5 ? 1n : 0n)),
      ),
    )
  const pick =
    groups > 1 ? largest : ({ data }: Tensor) => Int32Array.from(data as Float64Array, (p) => Number(p > 0.5))
  return kernel('labels', linked, classes.dtype, (rows) => labelsFrom(classes, pick(rows)))
}

function labelsOf(model: Estimator, { classes }: XgboostLearner): Labels {
  if (model.has('classes_')) return model.labels('classes_')
  const encoder = model.raw('_le')
  if (isObject(encoder)) return model.estimator('_le').labels('classes_')
  return numbered(model.number('n_classes_', Math.max(classes, 2)))
}

const numbered = (count: number): Labels =>
  createTensor(
    'int64',
    [count],
    BigInt64Array.from({ length: count }, (_, i) => BigInt(i)),
  )

/** The estimator's own word for a missing value, where it is not NaN. */
function withoutMissing(model: Estimator, x: Expr): Expr {
  const missing = model.number('missing', Number.NaN)
  if (Number.isNaN(missing)) return x
  return kernel('missing values', x, 'float64', (rows) =>
    each(rows, (cell) => (Math.fround(cell) === Math.fround(missing) ? Number.NaN : cell)),
  )
}

/** Leaves and contributions; of vector leaves XGBoost has no contributions. */
function explained(learner: XgboostLearner, x: Expr, forest: Forest | undefined): Converted {
  const { trees, weights, base, columns } = learner
  if (trees && forest) {
    const settings = { cover: trees.cover, features: columns, base, what: 'XGBoost' }
    const contributed = forest.width > 1 ? {} : contributions(x, forest, settings)
    return { apply: treeLeaves(x, forest), ...contributed }
  }
  if (!weights) return {}
  return { pred_contribs: kernel('contributions', x, 'float64', (rows) => linearContributions(rows, weights, base)) }
}

const kernel = (name: string, input: Expr, dtype: Tensor['dtype'], run: (value: Tensor) => Tensor): Expr =>
  input.graph.host(name, [input], [dtype], (value: HostValue) => [run(value as Tensor)])[0] as Expr

/** As Python gives it: float32, [rows] of a single output. */
const predicted = (matrix: Expr): Expr => kernel('float32', matrix, 'float32', (value) => flat(single(value)))

const places = (positions: Int32Array): Tensor =>
  createTensor('float32', [positions.length], Float32Array.from(positions))
